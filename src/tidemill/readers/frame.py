"""A file of rows as a Polars frame, for commands that need no project: numbers are numbers where nothing is lost by it."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.contracts import DataError
from tidemill.readers.cell_text import as_string
from tidemill.readers.number_spellings import have_names_for_numbers
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.read import read_file
from tidemill.readers.table import Table

_WHOLE: Final = re.compile(r"-?(0|[1-9]\d{0,17})")
"""Whole numbers that are written as they would be printed: 007 is a name."""
_FRACTION: Final = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15}([eE][+-]?\d{1,3})?|e[+-]?\d{1,3}|E[+-]\d{1,3})?|NaN|nan")
"""As programs print them: 1E5 is a code."""
_TRUTH: Final = {"true": True, "false": False}
_TYPES: Final = ((_WHOLE, pl.Int64), (_FRACTION, pl.Float64))

_EXACT: Final = 2**53
"""Whole numbers up to here are themselves as fractions; names of rows beyond it would become equal."""


def read_frame(
    path: Path, options: ReadOptions = DEFAULTS, *, as_text: Collection[str] = (), of_rows: bool = False
) -> tuple[pl.DataFrame, Table]:
    """Read a file as a frame.

    Parameters
    ----------
    path
        File in any format of ``SUFFIXES``.
    options
        Options of the file.
    as_text
        Columns that are text whatever they look like, such as names of rows.
    of_rows
        Whether these are columns that functions ask: text cells that all say true or false are booleans, and a blank one among
        these or among numbers is no value.

    Returns
    -------
    polars.DataFrame
        Types of Parquet and Arrow are kept. Of text, a column of which every value is a number as it would be printed is one of
        numbers; others, codes with leading zeros and versions (1.10 beside 1.9) among them, stay text.
    Table
        As it was read, with notes and rows set aside.

    Raises
    ------
    DataError
        The file cannot be read, or a column holds values of several kinds.
    """
    table = read_file(path, options)
    return to_frame(table, as_text=as_text, of_rows=of_rows), table


def to_frame(table: Table, *, as_text: Collection[str] = (), of_rows: bool = False) -> pl.DataFrame:
    """Turn a table into a frame; see ``read_frame``.

    Parameters
    ----------
    table
        As a file was read.
    as_text
        Columns that are text whatever they look like.
    of_rows
        Whether texts of truth values and blanks are read, too.

    Returns
    -------
    polars.DataFrame
        A column per column of the table, typed as ``read_frame`` describes.

    Raises
    ------
    DataError
        A column holds values of several kinds.
    """
    return pl.DataFrame(
        {
            name: _series(
                name, _of_rows(values) if of_rows and name not in as_text else values, table, parsed=name not in as_text
            )
            for name, values in table.columns.items()
        }
    )


def _of_rows(values: list[Any]) -> list[Any]:
    """Truth values for words of them, and no value for a blank among them or among numbers; other columns as they are."""
    if not all(value is None or isinstance(value, str) for value in values):
        return values
    cells = [value.strip() if value else value for value in values]
    known = [cell for cell in cells if cell]
    if known and all(cell.lower() in _TRUTH for cell in known):
        return [_TRUTH[cell.lower()] if cell else None for cell in cells]
    if known and any(all(map(pattern.fullmatch, known)) for pattern, _ in _TYPES):
        return [cell or None for cell in cells]
    return values


def _series(name: str, values: list[Any], table: Table, *, parsed: bool) -> pl.Series:
    values = _without_bytes(values)
    if all(value is None or isinstance(value, str) for value in values):
        return _parsed(name, values) if parsed else pl.Series(name, values, dtype=pl.String)
    kinds = {type(value) for value in values if value is not None}
    is_mixed = kinds == {int, float}
    if is_mixed and all(abs(value) <= _EXACT for value in values if isinstance(value, int)):
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if not is_mixed and (bool not in kinds or len(kinds) == 1):
        try:
            return pl.Series(name, values, strict=True)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    if kinds & {list, dict, bytes}:
        row = next(place for place, value in enumerate(values) if isinstance(value, (list, dict, bytes)))
        raise DataError(
            f"{table.where(row)}: column {name!r} is {str(values[row])[:60]}; others are of another kind: leave one kind"
        )
    return pl.Series(name, [None if value is None else as_string(value) for value in values], dtype=pl.String)


def _without_bytes(values: list[Any]) -> list[Any]:
    """Bytes as the text that they are, where all of a column are text in UTF-8."""
    if not any(isinstance(value, bytes) for value in values):
        return values
    try:
        return [value.decode("utf-8") if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError:
        return values


def _parsed(name: str, values: list[str | None]) -> pl.Series:
    known = [value for value in values if value is not None]
    for pattern, dtype in _TYPES:
        if known and all(map(pattern.fullmatch, known)) and not have_names_for_numbers(known):
            return pl.Series(name, values, dtype=pl.String).cast(dtype)
    return pl.Series(name, values, dtype=pl.String)

"""A file of rows as a Polars frame, for commands that need no project: numbers are numbers where nothing is lost by it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.contracts import DataError
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.read import read_file
from tidemill.readers.table import Table

_WHOLE: Final = re.compile(r"-?(0|[1-9]\d{0,17})")
"""Whole numbers that are written as they would be printed: 007 is a name."""
_FRACTION: Final = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?([eE][+-]?\d{1,3})?|NaN|nan")
_TYPES: Final = ((_WHOLE, pl.Int64), (_FRACTION, pl.Float64))


def read_frame(path: Path, options: ReadOptions = DEFAULTS) -> tuple[pl.DataFrame, Table]:
    """Read a file as a frame.

    Parameters
    ----------
    path
        File in any format of ``SUFFIXES``.
    options
        Options of the file.

    Returns
    -------
    polars.DataFrame
        Types of Parquet and Arrow are kept. Of text, a column of which every value is a number as it would be printed is one of
        numbers; others, codes with leading zeros among them, stay text.
    Table
        As it was read, with notes and rows set aside.

    Raises
    ------
    DataError
        The file cannot be read, or a column holds values of several kinds.
    """
    table = read_file(path, options)
    return to_frame(table), table


def to_frame(table: Table) -> pl.DataFrame:
    """Turn a table into a frame; see ``read_frame``.

    Parameters
    ----------
    table
        As a file was read.

    Returns
    -------
    polars.DataFrame
        A column per column of the table, typed as ``read_frame`` describes.

    Raises
    ------
    DataError
        A column holds values of several kinds.
    """
    return pl.DataFrame({name: _series(name, values, table) for name, values in table.columns.items()})


def _series(name: str, values: list[Any], table: Table) -> pl.Series:
    if all(value is None or isinstance(value, str) for value in values):
        return _parsed(name, values)
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        if all(value is None or isinstance(value, (int, float)) for value in values):
            return pl.Series(name, values, dtype=pl.Float64, strict=False)
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        if {"list", "dict"} & set(kinds):
            row = next(place for place, value in enumerate(values) if isinstance(value, (list, dict)))
            raise DataError(
                f"{table.where(row)}: column {name!r} is {values[row]!r}; others are of another kind: leave one kind"
            ) from None
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)


def _parsed(name: str, values: list[str | None]) -> pl.Series:
    known = [value for value in values if value is not None]
    for pattern, dtype in _TYPES:
        if known and all(map(pattern.fullmatch, known)):
            return pl.Series(name, values, dtype=pl.String).cast(dtype)
    return pl.Series(name, values, dtype=pl.String)

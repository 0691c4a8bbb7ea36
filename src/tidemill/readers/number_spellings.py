"""Numbers that are written otherwise than Python and Polars read or print them: 0,85, 85 %, $1,200, 1.234, 1.10."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from tidemill.common.spelling import counted
from tidemill.readers.table import Table

_PLAIN: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_NUMBER: Final = re.compile(
    r"[+-]?[$€£¥]?\s?(0|[1-9]\d*|[1-9]\d{0,2}([.,'\u00a0\u202f]\d{3})+)([.,]\d+)?\s?[%$€£¥]?", re.ASCII
)
_WITH_COMMA: Final = re.compile(r"[+-]?(0|[1-9]\d*|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?", re.ASCII)
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
_DECIMALS: Final = re.compile(r"[+-]?\d+\.(\d+)", re.ASCII)
_READ: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"0|-?[1-9]\d*", re.ASCII)
_CODE: Final = re.compile(r"-?\d+[eE]\d+", re.ASCII)


def have_names_for_numbers(cells: Sequence[str]) -> bool:
    """Decide whether numbers are names: versions, of which 1.10 is not 1.1, or codes such as 12e3.

    Parameters
    ----------
    cells
        Texts that are numbers.

    Returns
    -------
    bool
        Whether one ends in a zero that the number has not (``1.10``), and others have more or fewer digits after the point: programs
        print as many digits as are needed, or as many in every cell (prices). Or whether some have an E without a sign behind it and
        without a point before it, and no number has a point or such a sign.

    Examples
    --------
    >>> have_names_for_numbers(["1.10", "1.9"]), have_names_for_numbers(["12.50", "9.99", "13"]), have_names_for_numbers(["2.0", "1.75"])
    (True, False, False)
    >>> have_names_for_numbers(["12e3", "44"]), have_names_for_numbers(["1e16", "2.5"])
    (True, False)
    """
    digits = {match[1] for cell in cells if (match := _DECIMALS.fullmatch(cell))}
    are_versions = len(set(map(len, digits))) > 1 and any(len(end) > 1 and end[-1] == "0" for end in digits)
    return are_versions or (
        any(map(_CODE.fullmatch, cells))
        and all(_CODE.fullmatch(cell) or cell.lstrip("-").isdecimal() for cell in cells)
    )


def notes_on_numbers(table: Table, names: Collection[str]) -> list[str]:
    """Tell of columns of numbers that are read as text, or as other numbers than may be meant.

    Parameters
    ----------
    table
        As a file was read.
    names
        Columns that functions ask.

    Returns
    -------
    list of str
        A note per kind of column, with an example.
    """
    texts = {name: cells for name, column in table.columns.items() if (cells := _cells(column))}
    with_comma = [
        name for name, cells in texts.items() if _are(_WITH_COMMA, cells) and any("," in cell for cell in cells)
    ]
    notes, shortened = _notes_on_truth(table, names), {}
    for name in names:
        cells = texts.get(name, [])
        other = next((cell for cell in cells if not _PLAIN.fullmatch(cell)), None)
        if other is not None and _are(_NUMBER, cells):
            notes.append(
                f"{table.name}: column {name!r} holds numbers as {other!r}, which are read as text, and are compared as texts "
                "are: write them as 1234.5 in the file to compare them as numbers"
            )
        elif with_comma and cells and _are(_THOUSANDS, cells):
            notes.append(
                f"{table.name}: column {name!r} is read as fractions, such as {cells[0]!r}, though {with_comma[0]!r} has commas "
                "before fractions: where these are thousands, write them without points"
            )
        elif (
            _are(_READ, cells)
            and (changed := next(filter(_is_printed_otherwise, table.columns[name]), None)) is not None
        ):
            if have_names_for_numbers(cells):
                notes.append(
                    f"{table.name}: column {name!r} is read as text, for {changed!r} may be a name, such as a version or a code: to "
                    "compare numbers, write as many digits after the point in each, and no E"
                )
            else:
                shortened[name] = changed
    if shortened:
        name, cell = next(iter(shortened.items()))
        others = f", and so in {counted(len(shortened) - 1, 'other column')}" if len(shortened) > 1 else ""
        notes.append(
            f"{table.name}: {cell!r} of column {name!r} is read as the number {_printed(cell.strip())}{others}: functions find no other spelling"
        )
    return notes


def _printed(cell: str) -> str:
    return str(int(cell) if cell.lstrip("-").isdecimal() else float(cell))


def _is_printed_otherwise(cell: str | None) -> bool:
    return bool(cell and cell.strip()) and not _WHOLE.fullmatch(str(cell)) and _printed(str(cell).strip()) != cell


def _is_truth(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip().lower() in {"true", "false"}


def _notes_on_truth(table: Table, names: Collection[str]) -> list[str]:
    """A note about the first column whose words are read as truth values; how many others are so is told."""
    found = {}
    for name in names:
        cells = (cell for cell in table.columns.get(name, ()) if cell is not None and str(cell).strip())
        first = next(cells, None)
        if _is_truth(first) and all(map(_is_truth, cells)):
            found[name] = str(first).strip()
    if not found:
        return []
    name, cell = next(iter(found.items()))
    others = f", and so in {counted(len(found) - 1, 'other column')}" if len(found) > 1 else ""
    return [
        f"{table.name}: {cell!r} of column {name!r} is read as the truth value {cell.lower() == 'true'}{others}: functions find no text there"
    ]


def _cells(column: Sequence[Any]) -> list[str]:
    """Cells without blanks of a column of text; none where another kind is among them, or the first is no number."""
    first = next((value for value in column if value is not None and value != ""), None)
    if not isinstance(first, str) or not (_NUMBER.fullmatch(first.strip()) or _READ.fullmatch(first.strip())):
        return []
    if not all(value is None or isinstance(value, str) for value in column):
        return []
    return [value.strip() for value in column if value and value.strip()]


def _are(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return bool(cells) and all(map(pattern.fullmatch, cells))

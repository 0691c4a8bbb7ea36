"""Rows of CSV that a stray quote has joined into one cell: lines within a cell that look like rows of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Rows = Sequence[tuple[int, list[str]]]
_SAMPLE: Final = 1000
"""Rows from which it is learned what the cells of each column look like."""
_USUAL: Final = 0.8
"""Share of a column's cells that look alike, from which on this is how they look."""
_FEW: Final = 0.25
"""Different values, as a share of the rows, up to which a column holds kinds, such as labels."""
_DIGITS: Final = re.compile(r"[0-9]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class SwallowedRows:
    """A cell with lines that look like rows.

    Parameters
    ----------
    number
        Line at which its row begins.
    lines
        How many lines look like rows.
    first
        The first of them.
    """

    number: int
    lines: int
    first: str

    def __str__(self) -> str:
        said = (
            "a line that looks like a row of its own"
            if self.lines == 1
            else f"{self.lines} lines that look like rows of their own"
        )
        return (
            f"line {self.number}: a cell that a quote opens holds {said}, such as {self.first[:60]!r}, and they are read as part of the cell: where the quote "
            "is a slip, double it or take it out"
        )


def swallowed_rows(rows: Rows, delimiter: str) -> list[SwallowedRows]:
    """Find cells of several lines some of which look like rows.

    A line does that splits into as many cells as the header has, one of which looks as the cells of its column usually do: by its digits, as an
    id or a date does, or as one of few values, as a label does.

    Parameters
    ----------
    rows
        Lines and cells, the header first.
    delimiter
        What separates cells.

    Returns
    -------
    list of SwallowedRows
        One for each row with such a cell.
    """
    width, body = len(rows[0][1]) if rows else 0, rows[1:]
    joined = [(number, row) for number, row in body if any("\n" in cell or "\r" in cell for cell in row)]
    if width < 2 or not joined:  # noqa: PLR2004 - a single column shows nothing
        return []
    usual = _Usual([row for _, row in body if len(row) == width][:_SAMPLE], width)
    results = []
    for number, row in joined:
        lines = [line for cell in row for line in cell.splitlines()[1:] if usual.is_like(line.split(delimiter))]
        results += [SwallowedRows(number, len(lines), lines[0])] if lines else []
    return results


def names_stay_different(rows: Rows) -> bool:
    """Tell whether a column of digits, such as ids, has another value in each row: then each line is a row.

    Parameters
    ----------
    rows
        Lines and cells, the header first, all of the same width.

    Returns
    -------
    bool
    """
    columns = zip(*(row for _, row in rows[1:]), strict=True)
    return any(len(set(column)) == len(column) and all(map(_DIGITS.search, column)) for column in columns)


class _Usual:
    """What the cells of each column look like."""

    def __init__(self, rows: Sequence[Sequence[str]], width: int) -> None:
        self.width = width
        columns = [[row[place].strip() for row in rows if "\n" not in row[place]] for place in range(width)]
        self.shapes = [_usual_shape(column) for column in columns]
        self.kinds = [set(column) - {""} if len(set(column)) <= _FEW * len(column) else set() for column in columns]

    def is_like(self, cells: Sequence[str]) -> bool:
        """Whether a line's cells are as many, and one of them as it should be."""
        if len(cells) != self.width:
            return False
        plain = [cell.strip() for cell in cells]
        return any(
            _shape(cell) == shape or cell in kinds
            for cell, shape, kinds in zip(plain, self.shapes, self.kinds, strict=True)
        )


def _usual_shape(column: Sequence[str]) -> str | None:
    shapes = [_shape(cell) for cell in column]
    best = max(set(shapes), key=shapes.count, default="")
    return best if "9" in best and shapes.count(best) >= _USUAL * len(shapes) else None


def _shape(cell: str) -> str:
    """`r12` as `a9`, `2026-11-30` as `9-9-9`."""
    return _DIGITS.sub("9", _LETTERS.sub("a", cell)) if len(cell) < 40 else ""  # noqa: PLR2004 - no id is as long

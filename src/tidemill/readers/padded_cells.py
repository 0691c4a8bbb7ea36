"""Cells that are filled up with spaces to the width of their column: CHAR(n) of databases, tables that are aligned for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tidemill.common.spelling import listed
from tidemill.readers.table import Table

_LEAST: Final = 2
"""Cells of one length with spaces at an end; of one cell alone they may be its own."""


def without_padding(table: Table) -> Table:
    """Take away the spaces with which cells of a column are filled up to one width.

    Parameters
    ----------
    table
        As a file was read.

    Returns
    -------
    Table
        Cells of nothing but spaces are None; a note names the columns. Where a column is of one width, others in which each cell
        begins with a space lose it too, as the last of what ``psql`` prints.
    """
    found = [name for name, cells in table.columns.items() if _is_padded(cells)]
    if not found:
        return table
    found += [name for name, cells in table.columns.items() if name not in found and _begin_with_space(cells)]
    columns = {
        name: [_plain(cell) for cell in cells] if name in found else cells for name, cells in table.columns.items()
    }
    what = f"cells of {'column' if len(found) == 1 else 'columns'} {listed(found)} are filled up with spaces, which are left out"
    return replace(table, columns=columns, notes=(*table.notes, f"{table.name}: {what}"))


def _is_padded(cells: Sequence[Any]) -> bool:
    """Whether all cells have one length and half of them have spaces at an end."""
    texts = [cell for cell in cells if cell is not None]
    if len(texts) < _LEAST or not all(isinstance(cell, str) and len(cell) == len(texts[0]) for cell in texts):
        return False
    padded = sum(1 for cell in texts if cell != _stripped(cell))
    return padded >= max(_LEAST, len(texts) / 2)


def _begin_with_space(cells: Sequence[Any]) -> bool:
    texts = [cell for cell in cells if cell is not None]
    return bool(texts) and all(isinstance(cell, str) and cell.startswith(" ") for cell in texts)


def _stripped(cell: str) -> str:
    return cell.strip(" ")


def _plain(cell: str | None) -> str | None:
    return None if cell is None else _stripped(cell) or None

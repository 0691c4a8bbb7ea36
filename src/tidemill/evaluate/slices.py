"""Slices: the rows that share a value of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True)
class Slice:
    """Rows (a mask) whose ``column`` has ``value``."""

    column: str
    value: str
    rows: npt.NDArray[np.bool_]

    @property
    def name(self) -> str:
        """Such as ``group=hard-ham``."""
        return f"{self.column}={self.value}"


def slices_of_columns(table: pl.DataFrame, columns: Sequence[str], *, min_rows: int) -> list[Slice]:
    """Slice a table by its columns.

    Parameters
    ----------
    table
        Rows.
    columns
        Names of the columns to slice by.
    min_rows
        Smaller slices are left out.

    Returns
    -------
    list of Slice
        In sorted order.

    Examples
    --------
    >>> table = pl.DataFrame({"group": ["easy", "hard", "easy", None]})
    >>> [(one.name, one.rows.sum()) for one in slices_of_columns(table, ["group"], min_rows=1)]
    [('group=easy', np.int64(2)), ('group=hard', np.int64(1))]
    """
    results = []
    for column in columns:
        for value in _values(table[column]):
            one = slice_of_value(table, column, value)
            if one.rows.sum() >= min_rows:
                results.append(one)
    return results


def slice_of_value(table: pl.DataFrame, column: str, value: str) -> Slice:
    """Make the slice of one value; it has no rows where the table lacks the column.

    Parameters
    ----------
    table
        Rows.
    column, value
        Name of the column, and a value of it as text.

    Returns
    -------
    Slice
        Name and mask of the rows.
    """
    if column not in table.columns:
        return Slice(column, value, np.zeros(table.height, dtype=np.bool_))
    mask = (table[column].cast(pl.String) == value).fill_null(value=False)
    return Slice(column, value, mask.to_numpy())


def slice_columns(table: pl.DataFrame, wanted: Sequence[str] | None, *, max_values: int) -> list[str]:
    """Choose the columns to slice by.

    Parameters
    ----------
    table
        Descriptive columns.
    wanted
        None: all of two to ``max_values`` values.
    max_values
        Most values of a column that is chosen without being named.

    Returns
    -------
    list of str
        Those of ``wanted`` that the table has, in that order; or those of the table.

    Examples
    --------
    >>> table = pl.DataFrame({"batch": ["a", "b"], "subject": ["hello", "world"], "list": [True, True]})
    >>> slice_columns(table, None, max_values=2), slice_columns(table, ["list", "group"], max_values=2)
    (['batch', 'subject'], ['list'])
    """
    if wanted is not None:
        return [name for name in wanted if name in table.columns]
    return [name for name in table.columns if 1 < table[name].n_unique() <= max_values]


def values_of(table: pl.DataFrame, column: str) -> list[str]:
    """List the values of a column as text.

    Parameters
    ----------
    table
        Rows.
    column
        Name of the column.

    Returns
    -------
    list of str
        Distinct and sorted; empty where the table lacks the column.
    """
    return _values(table[column]) if column in table.columns else []


def _values(series: pl.Series) -> list[str]:
    return sorted(series.drop_nulls().cast(pl.String).unique().to_list())

"""DataFrames of pandas and Polars. pandas is never imported here: who gives a DataFrame of it has imported it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import polars as pl

from tidemill.contracts import InputError


def is_pandas(frame: object) -> bool:
    """Decide whether an object is a DataFrame of pandas.

    Parameters
    ----------
    frame
        Any object.

    Returns
    -------
    bool
        False also where pandas has not been imported.
    """
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def to_polars(frame: Any) -> pl.DataFrame:
    """Make a Polars DataFrame of one of pandas or Polars; a missing value of any kind becomes null.

    Parameters
    ----------
    frame
        DataFrame of pandas or Polars.

    Returns
    -------
    polars.DataFrame
        The index of pandas is left out.

    Raises
    ------
    InputError
        It is no DataFrame, or two columns have one name.
    """
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if not is_pandas(frame):
        raise InputError(f"a {type(frame).__name__} was given, a DataFrame of pandas or Polars is taken")
    names = [str(name) for name in frame.columns]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"two columns are named {twice[0]!r}; rename one")
    return pl.DataFrame([_column(name, frame.iloc[:, k]) for k, name in enumerate(names)])


def _column(name: str, series: Any) -> pl.Series:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufM":
        column = pl.Series(name, series.to_numpy())
        return column.fill_nan(None) if column.dtype.is_float() else column
    values = [None if gone else value for value, gone in zip(series.tolist(), series.isna().tolist(), strict=True)]
    return pl.Series(name, values, strict=False)


def like(table: pl.DataFrame, given: Any) -> Any:
    """Give a table as a DataFrame of the library that something else is of.

    Parameters
    ----------
    table
        What is given.
    given
        A DataFrame of pandas, whose index the result takes where both have as many rows; anything else leaves the
        table one of Polars.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        Of pandas where ``given`` is, else the table itself.
    """
    if not is_pandas(given):
        return table
    pandas = sys.modules["pandas"]
    nested = [name for name, dtype in table.schema.items() if dtype.is_nested() or dtype == pl.String]
    columns = {name: table[name].to_list() if name in nested else table[name].to_numpy() for name in table.columns}
    index = given.index if len(given) == table.height else None
    return pandas.DataFrame(columns, index=index)

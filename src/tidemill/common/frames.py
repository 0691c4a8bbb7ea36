"""DataFrames of pandas and Polars, and votes in all the forms that people have them in. pandas is never imported here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import ABSTAIN, InputError, Votes, not_class

NOT_VOTES: Final = ("row_id", "batch", "split")
"""Columns of a votes table that hold no votes."""
MAX_CLASSES: Final = 126
"""As many classes as an int8 vote can name and exclude."""


@dataclass(frozen=True)
class NamedVotes:
    """Votes of named functions.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        int8.
    names
        Names of the functions; None where the votes came without names.
    """

    votes: Votes
    names: tuple[str, ...] | None


def is_pandas(frame: object) -> bool:
    """Tell whether something is a DataFrame of pandas."""
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
    """
    if not is_pandas(given):
        return table
    pandas = sys.modules["pandas"]
    nested = [name for name, dtype in table.schema.items() if dtype.is_nested() or dtype == pl.String]
    columns = {name: table[name].to_list() if name in nested else table[name].to_numpy() for name in table.columns}
    index = given.index if len(given) == table.height else None
    return pandas.DataFrame(columns, index=index)


def named_votes(votes: Any, n_classes: int | None = None) -> NamedVotes:
    """Read votes from an array or a DataFrame.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        NumPy array or lists of whole numbers, or a DataFrame of pandas or Polars with a column per function; its
        columns ``row_id``, ``batch`` and ``split`` hold no votes.
    n_classes
        Number of classes; None: as many as a vote can name.

    Returns
    -------
    NamedVotes

    Raises
    ------
    InputError
        Something is no vote: row, function and value are named.

    Examples
    --------
    >>> named_votes(pl.DataFrame({"row_id": ["a", "b"], "shouts": [1, -1]})).names
    ('shouts',)
    """
    names = None
    if is_pandas(votes) or isinstance(votes, pl.DataFrame | pl.LazyFrame):
        frame = to_polars(votes)
        frame = frame.drop([name for name in NOT_VOTES if name in frame.columns])
        names = tuple(frame.columns)
        votes = _matrix(frame)
    array = _two_dimensional(votes)
    return NamedVotes(_whole_votes(array, MAX_CLASSES if n_classes is None else n_classes, names), names)


def _matrix(frame: pl.DataFrame) -> npt.NDArray[Any]:
    for name, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype == pl.Null):
            raise InputError(
                f"column {name!r} of votes is {dtype}: votes are whole numbers; drop the column or name it row_id"
            )
    if not frame.columns:
        return np.zeros((frame.height, 0), dtype=np.int8)
    missing = [name for name in frame.columns if frame[name].null_count()]
    if missing:
        row = frame[missing[0]].is_null().arg_max()
        raise InputError(
            f"row {row} of votes, function {missing[0]}: no value (NaN); where it says nothing it votes ABSTAIN (-1)"
        )
    return frame.to_numpy()


def _two_dimensional(votes: Any) -> npt.NDArray[Any]:
    if hasattr(votes, "toarray"):
        raise InputError("sparse votes are not supported: give votes.toarray()")
    array = np.asarray(votes)
    if array.dtype.kind == "c":
        raise InputError("Complex data not supported: votes are whole numbers")
    if array.ndim != 2:  # noqa: PLR2004 - rows and functions
        raise InputError(
            f"votes have {array.ndim} dimensions, promised 2: rows and functions. Reshape your data: votes.reshape(-1, 1) "
            "for one function, votes.reshape(1, -1) for one row"
        )
    return array


def _whole_votes(array: npt.NDArray[Any], n_classes: int, names: Sequence[str] | None) -> Votes:
    if n_classes > MAX_CLASSES:
        raise InputError(f"{n_classes} classes: {MAX_CLASSES} are the most that a vote can name")
    if array.dtype.kind not in "biu":
        array = array.astype(np.float64)
    lowest = not_class(n_classes - 1)
    bad = (array < lowest) | (array >= n_classes)
    if array.dtype.kind == "f":
        bad |= array != np.trunc(array)
        bad |= np.isnan(array)
    if bad.any():
        row, function = (int(i) for i in np.argwhere(bad)[0])
        value = "NaN" if array[row, function] != array[row, function] else array[row, function]
        name = function if names is None else names[function]
        count = int(bad.sum())
        raise InputError(
            f"row {row} of votes, function {name}: vote {value} is neither ABSTAIN ({ABSTAIN}), a class in "
            f'0..{n_classes - 1}, nor "not class k" in {lowest}..-2; {count} such vote{"s" if count > 1 else ""}'
        )
    return array.astype(np.int8)


def n_classes_of(votes: Votes) -> int:
    """Count the classes that votes name or exclude, at least two.

    Parameters
    ----------
    votes : (n_rows, n_functions)

    Examples
    --------
    >>> n_classes_of(np.array([[0, -1]], dtype=np.int8)), n_classes_of(np.array([[0, -5]], dtype=np.int8))
    (2, 4)
    """
    return max(2, int(votes.max(initial=ABSTAIN)) + 1, -int(votes.min(initial=ABSTAIN)) - 1)

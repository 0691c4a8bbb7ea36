"""Votes, features and probabilities in the forms that people have them in, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.frames import is_pandas, to_polars
from tidemill.contracts import ABSTAIN, Features, InputError, Probabilities, Votes, not_class

_SUM_TOLERANCE: Final = 1e-5
NOT_VOTES: Final = ("row_id", "batch", "split")
"""Columns of a votes table that hold no votes."""
MAX_CLASSES: Final = 1000
"""As many classes as a problem may have: label models keep a table of classes by classes for each function."""


@dataclass(frozen=True)
class NamedVotes:
    """Votes of named functions.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        int16.
    names
        Names of the functions; None where the votes came without names.
    """

    votes: Votes
    names: tuple[str, ...] | None


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
    array = _two_dimensional(votes, "votes")
    return NamedVotes(_whole_votes(array, MAX_CLASSES if n_classes is None else n_classes, names), names)


def _matrix(frame: pl.DataFrame) -> npt.NDArray[Any]:
    for name, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype == pl.Null):
            raise InputError(
                f"column {name!r} of votes is {dtype}: votes are whole numbers; drop the column or name it row_id"
            )
    if not frame.columns:
        return np.zeros((frame.height, 0), dtype=np.int16)
    missing = [name for name in frame.columns if frame[name].null_count()]
    if missing:
        row = frame[missing[0]].is_null().arg_max()
        raise InputError(
            f"row {row} of votes, function {missing[0]}: no value (NaN); where it says nothing it votes ABSTAIN (-1)"
        )
    return frame.to_numpy()


def _two_dimensional(values: Any, what: str) -> npt.NDArray[Any]:
    if hasattr(values, "toarray"):
        raise InputError(f"sparse {what} are not supported: give {what}.toarray()")
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise InputError(f"Complex data not supported: {what} are real numbers")
    if array.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise InputError(
            f"{what} have {array.ndim} dimensions, promised 2: rows and columns. Reshape your data: "
            f"{what}.reshape(-1, 1) for one column, {what}.reshape(1, -1) for one row"
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
    return array.astype(np.int16)


def n_classes_of(votes: Votes) -> int:
    """Count the classes that votes name or exclude, at least two.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.

    Returns
    -------
    int
        Largest class index that is named or excluded, plus 1.

    Examples
    --------
    >>> n_classes_of(np.array([[0, -1]], dtype=np.int16)), n_classes_of(np.array([[0, -5]], dtype=np.int16))
    (2, 4)
    """
    return max(2, int(votes.max(initial=ABSTAIN)) + 1, -int(votes.min(initial=ABSTAIN)) - 1)


def feature_array(features: Any, *, rows: int | None = None) -> Features:
    """Read features of rows.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        NumPy array or lists of numbers, or a DataFrame of pandas or Polars.
    rows
        As many rows are expected; None: any number but none.

    Returns
    -------
    (n_rows, n_dimensions)
        float32.

    Raises
    ------
    InputError
        They are no matrix of finite numbers, or of more or fewer rows.
    """
    array = _two_dimensional(features.to_numpy() if isinstance(features, pl.DataFrame) else features, "features")
    if array.dtype.kind not in "biuf":
        array = array.astype(np.float64)
    if rows is not None and len(array) != rows:
        raise InputError(f"features of {len(array)} rows for {rows} rows of votes")
    refuse_nothing(array, "features")
    with np.errstate(over="ignore"):
        result: Features = array.astype(np.float32)
    bad = ~np.isfinite(result).all(axis=1)
    if bad.any():
        raise InputError(f"row {int(bad.argmax())} of features holds NaN or infinity (inf); {int(bad.sum())} such rows")
    return result


def refuse_nothing(array: npt.NDArray[Any], what: str) -> None:
    """Refuse a matrix without rows or without columns.

    Parameters
    ----------
    array : (n_rows, n_columns)
    what
        What it is, for the error.

    Raises
    ------
    InputError
        It has none.
    """
    for count, unit in zip(array.shape, ("sample", "feature"), strict=True):
        if not count:
            raise InputError(f"{what} of 0 {unit}(s) (shape={array.shape}) while a minimum of 1 is required.")


def probability_array(probabilities: Any) -> Probabilities:
    """Read class probabilities of rows.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        As ``predict_proba`` gives them.

    Returns
    -------
    (n_rows, n_classes)
        float64.

    Raises
    ------
    InputError
        They are no matrix of at least two columns, or a row is not of shares that sum to 1.
    """
    array = np.asarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2:  # noqa: PLR2004 - rows and classes
        raise InputError(
            f"probabilities of shape {array.shape}: (rows, classes) are promised, as predict_proba gives them"
        )
    bad = ~(np.abs(array.sum(axis=1) - 1.0) <= _SUM_TOLERANCE) | (array < 0).any(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"row {row} of probabilities: {array[row].tolist()}; shares that sum to 1 are promised")
    return array

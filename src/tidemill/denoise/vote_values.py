"""Cells as votes: class numbers, names of classes, and words for an abstain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.class_names import ClassIndices, class_indices, fold, may_mean_no_class, means_no_class
from tidemill.common.spelling import counted
from tidemill.contracts import ABSTAIN, DataError

WHOLE: Final = re.compile(r"[+-]?\d+(\.0+)?")
"""A whole number, as a vote or the name of a class may be."""
_POWER: Final = re.compile(r"[+-]?\d\.\d+[eE][+-]\d{2}")
"""A number as C and NumPy's savetxt write it: 1.000000000000000000e+00."""
_ABSTAINS: Final = frozenset({"abstain", "nan"})
_SHOWN: Final = 5
_SIGNS: Final = (-1, 1)
"""The two classes where 0 abstains, as FlyingSquid numbers them."""


@dataclass(frozen=True)
class Cells:
    """A column of votes as a file has it: numbers as written, and classes or abstains that were named.

    Parameters
    ----------
    values : (n_rows,)
        A number as written; where ``named``, the class index, or ``ABSTAIN``.
    named : (n_rows,)
        Where a cell is the name of a class, a word for an abstain, or empty: no numbering applies to it.
    wrong
        Rows whose cell is none of these.
    unsure
        Words such as skip, which are a class in some data, read as an abstain: in how many cells each stands.
    """

    values: npt.NDArray[np.int64]
    named: npt.NDArray[np.bool_]
    wrong: npt.NDArray[np.int64]
    unsure: Mapping[str, int] = field(default_factory=dict)


def read_cells(column: pl.Series, classes: Sequence[str]) -> Cells:
    """Read the cells of a column as votes.

    Parameters
    ----------
    column
        Text or numbers; null and NaN abstain.
    classes
        Names of the classes.

    Returns
    -------
    Cells
        Of a column that is neither text nor numbers, every row is wrong.
    """
    if column.dtype == pl.String:
        return _of_text(column, classes)
    if not column.dtype.is_numeric():
        return _of_pieces(np.zeros(len(column)), np.zeros(len(column), bool), np.ones(len(column), bool))
    known = column.fill_nan(None) if column.dtype.is_float() else column
    silent = known.is_null().to_numpy()
    whole = known.cast(pl.Int64, strict=False)
    wrong = (whole.is_null() | (whole != known.fill_null(0))).to_numpy() & ~silent
    return _of_pieces(whole.fill_null(ABSTAIN).to_numpy(), silent, wrong)


def _of_text(column: pl.Series, classes: Sequence[str]) -> Cells:
    numbers = all(map(WHOLE.fullmatch, classes))
    find = class_indices(() if numbers else classes)
    read = {item: _word(item, find) for item in column.unique().to_list()}
    found = [read[item] for item in column.to_list()]
    wrong = np.array([item is None for item in found], dtype=bool)
    values, named = zip(*((0, True) if item is None else item for item in found), strict=True) if found else ((), ())
    words = {item for item, meant in read.items() if item is not None and meant == (ABSTAIN, True) and _is_unsure(item)}
    unsure = Counter(item.strip() for item in column.to_list() if item in words)
    return _of_pieces(np.array(values), np.array(named, dtype=bool), wrong, unsure)


def _of_pieces(values: Any, named: Any, wrong: Any, unsure: Mapping[str, int] | None = None) -> Cells:
    return Cells(np.asarray(values, dtype=np.int64), named, np.flatnonzero(wrong), unsure or {})


def _word(cell: str | None, find: ClassIndices) -> tuple[int, bool] | None:
    """Number as written or index of a class, and whether it was named; None where a cell is no vote."""
    if cell is None or not cell.strip():
        return ABSTAIN, True
    index = find(cell)
    if index is not None:
        return index, True
    if WHOLE.fullmatch(cell.strip()) or (_POWER.fullmatch(cell.strip()) and float(cell).is_integer()):
        return int(float(cell)), False
    return (ABSTAIN, True) if means_no_class(cell) or fold(cell) in _ABSTAINS or _is_unsure(cell) else None


def _is_unsure(cell: str) -> bool:
    return may_mean_no_class(cell) and fold(cell) not in _ABSTAINS and not WHOLE.fullmatch(cell.strip())


def words_for_no_vote(cells: Sequence[Cells], name: str) -> list[str]:
    """Word which words are read as an abstain, though they may be a class.

    Parameters
    ----------
    cells
        Columns of votes.
    name
        Name of the file.

    Returns
    -------
    list of str
        A note, or none where no column holds such a word.
    """
    words = sum((Counter(item.unsure) for item in cells), Counter[str]())
    if not words:
        return []
    verb = "is" if len(words) == 1 else "are"
    shown = ", ".join(map(repr, sorted(words)[:_SHOWN])) + (", …" if len(words) > _SHOWN else "")
    return [f"{name}: {shown} {verb} read as no vote ({counted(words.total(), 'cell')}); a class is named in --classes"]


def numbered_from_zero(
    votes: npt.NDArray[Any], abstain: int, n_classes: int, named: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[Any]:
    """Turn numbers as a file has them into class indices and ``ABSTAIN``.

    Parameters
    ----------
    votes
        Numbers of any shape.
    abstain
        The number that means that a function does not vote.
    n_classes
        Number of classes.
    named
        Where a value is an index already; None: nowhere.

    Returns
    -------
    array
        Of the same shape.

    Raises
    ------
    DataError
        A number is below those of the classes.

    Examples
    --------
    >>> numbered_from_zero(np.array([0, 1, 2]), 0, 2).tolist(), numbered_from_zero(np.array([-1, 0, 1]), 0, 2).tolist()
    ([-1, 0, 1], [0, -1, 1])
    """
    if abstain == ABSTAIN:
        return votes
    named = np.zeros(votes.shape, dtype=bool) if named is None else named
    silent = ~named & (votes == abstain)
    numbers = votes[~named & ~silent]
    if (
        abstain == 0
        and n_classes == len(_SIGNS)
        and numbers.min(initial=0) < 0
        and set(np.unique(numbers)) <= {*_SIGNS}
    ):
        result = (votes > 0).astype(np.int64)
    elif numbers.min(initial=0) < 0:
        raise DataError(
            f"with --abstain {abstain} a vote of {numbers.min()} is no class: classes are numbered from "
            f"{1 if abstain == 0 else 0}, or two are -1 and 1"
        )
    else:
        result = votes.astype(np.int64) - (1 if abstain == 0 else 0)
    return np.where(named, votes, np.where(silent, ABSTAIN, result))


def as_indices(
    cells: Sequence[Cells], classes: Sequence[str], abstain: int, *, by_name: bool = False
) -> tuple[npt.NDArray[np.int64], str | None, bool]:
    """Turn columns of cells into class indices: whether numbers are indices or names is decided by all of them together.

    Parameters
    ----------
    cells
        A column each, none of them wrong.
    classes
        Names of the classes; where all are numbers, such as 1 to 5, numbers may be names.
    abstain
        How an abstain is written as a number.
    by_name
        Whether numbers of the same origin are names.

    Returns
    -------
    (n_rows, n_columns)
        Indices, or ``ABSTAIN``.
    str or None
        How numbers were read, where there are two ways.
    bool
        Whether numbers are names.

    Raises
    ------
    DataError
        A number may be a class or an abstain, or is below those of the classes.
    """
    values = np.column_stack([item.values for item in cells])
    named = np.column_stack([item.named for item in cells])
    index = {int(float(name)): k for k, name in enumerate(classes) if WHOLE.fullmatch(name)}
    found = {int(number) for number in np.unique(values[~named])} - {abstain}
    if len(index) == len(classes) and min(index) < 0:
        if abstain in index and (values[~named] == abstain).any():
            raise DataError(
                f"{abstain} is a class and may be an abstain: say how an abstain is written, such as --abstain 0, "
                "or give classes and votes names that are no numbers"
            )
        by_name = True
    elif abstain != ABSTAIN:
        return numbered_from_zero(values, abstain, len(classes), named), None, False
    plain = list(index) == list(range(len(classes)))
    if len(index) < len(classes) or plain or not found or not found <= set(index):
        return values, None, False
    if not by_name and found <= set(range(len(classes))):
        one = min(found)
        told = (
            f"numbers are read as indices of classes: {one} is class {classes[one]!r}, not {classes[index[one]]!r}; "
            "where they are names, give classes and votes names that are no numbers, such as c1"
        )
        return values, told, False
    table = {abstain: ABSTAIN, **index}
    result = [
        value if known else table[value] for value, known in zip(values.ravel().tolist(), named.ravel(), strict=True)
    ]
    told = f"numbers are read as names of classes, {', '.join(classes[:5])}"
    return np.array(result, dtype=np.int64).reshape(values.shape), told, True


def numbered_classes(found: Collection[int], classes: Sequence[str], name: str) -> list[str]:
    """Word which class each number is, where the classes have names: those who wrote the file may have had them in another order.

    Parameters
    ----------
    found
        Numbers that stand in the file for classes, counted from 0, and for abstains.
    classes
        Names of the classes.
    name
        Name of the file.

    Returns
    -------
    list of str
        A note, or none where no number is a class or the classes are numbers themselves.

    Examples
    --------
    >>> numbered_classes({-1, 0, 1}, ("ham", "spam"), "votes.csv")
    ["votes.csv: 0 is 'ham', 1 is 'spam', in the order of --classes"]
    """
    voted = sorted(number for number in found if 0 <= number < len(classes))
    if not voted or all(map(str.isdecimal, classes)):
        return []
    shown = ", ".join(f"{number} is {classes[number]!r}" for number in voted[:_SHOWN])
    more = f" and {len(voted) - _SHOWN} more" if len(voted) > _SHOWN else ""
    return [f"{name}: {shown}{more}, in the order of --classes"]

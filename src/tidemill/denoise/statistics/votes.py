"""The sparse and counted forms in which label models see votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, DataError, Probabilities, Votes, not_class

Array = npt.NDArray[np.float64]
BLOCK: Final = 1 << 15
"""Rows that are looked at together; bounds the memory that wider copies of the votes take."""


def check_votes(
    votes: npt.NDArray[Any], n_classes: int, *, names: Sequence[str] | None = None, functions: int | None = None
) -> Votes:
    """Check that every value is a vote.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        Any array of integers.
    n_classes
        Number of classes.
    names
        Names of the functions, for the error.
    functions
        Number of functions that is promised.

    Returns
    -------
    (n_rows, n_functions)
        The same votes as int16.

    Raises
    ------
    DataError
        Names the first wrong row, its function, the vote and what was promised.

    Examples
    --------
    >>> check_votes(np.array([[0, 1], [7, -1]]), 2)
    Traceback (most recent call last):
    ...
    tidemill.errors.DataError: row 1 of votes, function 0: vote 7 is neither ABSTAIN (-1), nor a class in 0..1, nor "not class k" in -3..-2; 1 such vote
    """
    if votes.ndim != 2:  # noqa: PLR2004 - rows and functions
        raise DataError(f"votes have {votes.ndim} dimensions, promised 2: rows and functions")
    if functions is not None and votes.shape[1] != functions:
        raise DataError(f"votes of {votes.shape[1]} functions, the label model was fitted on {functions}: fit it again")
    lowest = not_class(n_classes - 1)
    if votes.size and (votes.min() < lowest or votes.max() >= n_classes or votes.dtype.kind not in "iu"):
        _refuse(votes, (votes < lowest) | (votes >= n_classes) | (votes != np.trunc(votes)), n_classes, names)
    return votes.astype(np.int16, copy=False)


def _refuse(votes: npt.NDArray[Any], bad: npt.NDArray[np.bool_], n_classes: int, names: Sequence[str] | None) -> None:
    bad = bad | (votes != votes)  # noqa: PLR0124 - not a number
    if not bad.any():
        return
    row, function = (int(i) for i in np.argwhere(bad)[0])
    name = function if names is None else names[function]
    count = int(bad.sum())
    raise DataError(
        f"row {row} of votes, function {name}: vote {votes[row, function]} is neither ABSTAIN ({ABSTAIN}), "
        f'nor a class in 0..{n_classes - 1}, nor "not class k" in {not_class(n_classes - 1)}..-2; '
        f"{count} such vote{'s' if count > 1 else ''}"
    )


def symbols(votes: Votes, n_classes: int) -> npt.NDArray[np.int32]:
    """Number what votes can be: a class is itself, "not class k" is ``n_classes + k``, an abstain is ``2 * n_classes``.

    Parameters
    ----------
    votes
        Of any shape.
    n_classes
        Number of classes.

    Returns
    -------
    array of int32
        Of the same shape.

    Examples
    --------
    >>> symbols(np.array([[0, 1, -1, -2, -3]], dtype=np.int16), 2)
    array([[0, 1, 4, 2, 3]], dtype=int32)
    """
    table = np.concatenate(
        [np.arange(2 * n_classes - 1, n_classes - 1, -1), [2 * n_classes], np.arange(n_classes)]
    ).astype(np.int32)
    return table[votes.astype(np.int32) + n_classes + 1]


def one_hot(votes: Votes, n_classes: int) -> Any:
    """Encode votes as zeros and ones.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    scipy.sparse.csr_matrix of shape (n_rows, n_functions * 2 * n_classes)
        Column ``function * 2 * n_classes + symbol``; an abstain has no entry.
    """
    from scipy.sparse import csr_matrix

    voted = votes != ABSTAIN
    width = 2 * n_classes
    rows, functions = votes.shape
    where = np.flatnonzero(voted)
    given = symbols(votes.ravel()[where], n_classes)
    columns = (where % functions).astype(np.int32) * width + given if functions else given
    pointers = np.concatenate([[0], np.cumsum(voted.sum(axis=1))])
    ones = np.ones(len(columns), dtype=np.float64)
    return csr_matrix((ones, columns, pointers), shape=(rows, functions * width))


def sum_evidence(votes: Votes, evidence: Array, n_classes: int) -> Array:
    """Sum the evidence of the votes on each row.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    evidence : (n_functions * 2 * n_classes, n_classes)
        Log evidence of each kind of vote.
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows, n_classes)
    """
    rows, functions = votes.shape
    table = np.zeros((functions, 2 * n_classes + 1, n_classes))
    table[:, :-1] = evidence.reshape(functions, 2 * n_classes, n_classes)
    table = table[:, symbols(np.arange(not_class(n_classes - 1), n_classes, dtype=np.int16), n_classes)]
    sums = np.zeros((rows, n_classes))
    for start in range(0, rows, BLOCK):
        block = np.ascontiguousarray(votes[start : start + BLOCK].T).astype(np.intp) + (n_classes + 1)
        for function in range(functions):
            for k in range(n_classes):
                sums[start : start + BLOCK, k] += table[function, :, k].take(block[function])
    return sums


def named_classes(n_classes: int) -> Array:
    """Divide one vote over the classes that it names.

    Parameters
    ----------
    n_classes
        Number of classes.

    Returns
    -------
    (2 * n_classes, n_classes)
        A row for each symbol but the abstain; each sums to 1.

    Examples
    --------
    >>> named_classes(3)[0], named_classes(3)[3]
    (array([1., 0., 0.]), array([0. , 0.5, 0.5]))
    """
    named = np.eye(n_classes)
    return np.vstack([named, (1.0 - named) / (n_classes - 1)])


def softmax(logits: Array) -> Array:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : (n_rows, n_classes)
        Unnormalized log probabilities.

    Returns
    -------
    (n_rows, n_classes)
        Each row sums to 1.
    """
    columns = np.ascontiguousarray(logits.T)
    columns -= np.maximum.reduce(columns)
    np.exp(columns, out=columns)
    columns /= np.add.reduce(columns)
    return np.ascontiguousarray(columns.T)


def vote_shares(votes: Votes, n_classes: int) -> Probabilities:
    """Compute the share of votes that each class gets: the majority vote's probabilities.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows, n_classes)
        Uniform on rows without votes.
    """
    counts = sum_evidence(votes, np.tile(named_classes(n_classes), (votes.shape[1], 1)), n_classes)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-300), 1.0 / n_classes)


def uncovered(votes: Votes) -> Any:
    """Find the rows without votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.

    Returns
    -------
    (n_rows,)
        True where every function abstains.
    """
    return (votes == ABSTAIN).all(axis=1)

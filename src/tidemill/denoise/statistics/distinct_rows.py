"""Distinct rows with weights: what label models learn from, however many rows there are.

Functions are put in an order that depends on their votes alone, rows in the order of a hash of their votes; so the
order in which rows and functions came changes nothing. Where there are more distinct rows than the budget allows, each is
kept with a chance in proportion to its count (by its hash): a sample, in which weights stay those of rows seen, so
that what is rare stays as uncertain as it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.denoise.statistics.votes import BLOCK, Array

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_SIEVE: Final = 1 << 20


@dataclass(frozen=True)
class DistinctRows:
    """Distinct rows: their votes (patterns, functions), weights (patterns,), gold or NO_GOLD."""

    votes: Votes
    weights: Array
    gold: npt.NDArray[np.int64]

    @property
    def covered(self) -> npt.NDArray[np.bool_]:
        """Whether some function votes on the pattern, (patterns,)."""
        return np.asarray((self.votes != ABSTAIN).any(axis=1))


def function_order(votes: Votes, n_classes: int, *, weights: Any = None) -> npt.NDArray[np.int64]:
    """Order functions by their votes alone: by the count of each vote, then by the votes of others on the same rows.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.
    weights : (n_rows,), optional
        How often each row was seen; None: once.

    Returns
    -------
    (n_functions,)
        Indices of the functions, in order.

    Examples
    --------
    >>> function_order(np.array([[1, 0], [1, 1]], dtype=np.int16), 2)
    array([1, 0])
    """
    counts = _counts(votes, n_classes) if weights is None else _weighed(votes, n_classes, weights)
    keys = [tuple(row) for row in counts[:, ::-1].tolist()]
    seen = Counter(keys)
    if len(seen) < len(keys):
        talk = (votes != ABSTAIN).sum(axis=1, dtype=np.int64) * (1 if weights is None else weights)
        keys = [(*key, *_talk(votes[:, j], talk, n_classes)) if seen[key] > 1 else key for j, key in enumerate(keys)]
    return np.asarray(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _counts(votes: Votes, n_classes: int) -> npt.NDArray[np.int64]:
    kinds = range(-1 - n_classes, n_classes)
    counts = np.zeros((votes.shape[1], len(kinds)), dtype=np.int64)
    for start in range(0, len(votes), BLOCK):
        block = np.ascontiguousarray(votes[start : start + BLOCK].T)
        for kind, vote in enumerate(kinds):
            counts[:, kind] += [np.count_nonzero(column == vote) for column in block]
    return counts


def _weighed(votes: Votes, n_classes: int, weights: Any) -> npt.NDArray[np.int64]:
    kinds = range(-1 - n_classes, n_classes)
    return np.array([[weights[column == vote].sum() for vote in kinds] for column in votes.T], dtype=np.int64)


def _talk(column: Votes, talk: npt.NDArray[np.int64], n_classes: int) -> list[int]:
    return [int(talk[column == vote].sum()) for vote in range(-1 - n_classes, n_classes)]


def distinct_rows(
    votes: Votes, *, budget: int, order: Any = None, gold: Any = None, weights: Any = None
) -> DistinctRows:
    """Count rows with equal votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    budget
        Distinct rows that are kept, at most about so many.
    order : (n_functions,), optional
        Order that the functions are put in; None: as they are.
    gold : (n_rows,), optional
        Class index or ``NO_GOLD``; rows of other gold are not alike.
    weights : (n_rows,), optional
        How often each row was seen; None: once.

    Returns
    -------
    DistinctRows
        Distinct combinations of votes and gold, about ``budget`` at most, with their weights.

    Examples
    --------
    >>> found = distinct_rows(np.array([[0], [1], [0]], dtype=np.int16), budget=10)
    >>> sorted(found.weights.tolist())
    [1.0, 2.0]
    """
    order = np.arange(votes.shape[1]) if order is None else order
    labels = np.full(len(votes), NO_GOLD, dtype=np.int64) if gold is None else np.asarray(gold, dtype=np.int64)
    hashes = row_hashes(votes, labels, order)
    distinct, counts = _distinct(hashes, weights)
    rate = min(1.0, budget / len(distinct))
    kept = (distinct >> np.uint64(11)).astype(np.float64) / 2.0**53 < counts * rate
    first = _first(hashes, distinct[kept])
    return DistinctRows(votes[np.ix_(first, order)], np.maximum(counts * rate, 1.0)[kept], labels[first])


def _distinct(hashes: npt.NDArray[np.uint64], weights: Any) -> tuple[npt.NDArray[np.uint64], Any]:
    if weights is None:
        return np.unique(hashes, return_counts=True)
    distinct, back = np.unique(hashes, return_inverse=True)
    return distinct, np.bincount(back, weights=weights, minlength=len(distinct)).astype(np.int64)


def _first(hashes: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Rows of one hash are alike, so the first of them stands for all."""
    low = np.uint64(_SIEVE - 1)
    sieve = np.zeros(_SIEVE, dtype=np.bool_)
    sieve[wanted & low] = True
    rows = np.flatnonzero(sieve[hashes & low])
    place = np.minimum(np.searchsorted(wanted, hashes[rows]), len(wanted) - 1)
    same = wanted[place] == hashes[rows]
    first = np.empty(len(wanted), dtype=np.int64)
    first[place[same]] = rows[same]
    return first


def row_hashes(votes: Votes, gold: npt.NDArray[np.int64], order: Any) -> npt.NDArray[np.uint64]:
    """Hash each row of votes with its gold: a polynomial in an odd number, modulo 2**64, whose bits are mixed at the end.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    gold : (n_rows,)
        Class index or ``NO_GOLD``.
    order : (n_functions,)
        Order in which the functions are hashed.

    Returns
    -------
    (n_rows,)
    """
    total = gold.astype(np.uint64)
    for start in range(0, len(votes), BLOCK):
        part = total[start : start + BLOCK]
        for column in np.ascontiguousarray(votes[start : start + BLOCK].T).view(np.uint16)[order]:
            part *= _SPREAD
            part += column
    total ^= total >> np.uint64(32)
    total *= np.uint64(0x94D049BB133111EB)
    total ^= total >> np.uint64(29)
    total *= np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(total ^ (total >> np.uint64(32)))

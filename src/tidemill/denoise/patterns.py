"""votes -> distinct rows with weights: what label models learn from, however many rows there are.

Functions are put in an order that depends on what they say alone, rows in the order of a hash of what is said of
them; so the order in which rows and functions came changes nothing. Where there are more distinct rows than the budget
allows, each is kept with a chance in proportion to its count (by its hash) and weighs as many rows as it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.denoise.votes import Array

_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Patterns:
    """Distinct rows: their votes (patterns, functions), weights (patterns,), gold or NO_GOLD, and a row of each."""

    votes: Votes
    weights: Array
    gold: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    rows: int

    @property
    def heard(self) -> npt.NDArray[np.bool_]:
        """Patterns of which some function says something."""
        return (self.votes != ABSTAIN).any(axis=1)


def function_order(votes: Votes, n_classes: int) -> npt.NDArray[np.int64]:
    """Votes -> order of the functions by what they say: votes per symbol, then how talkative their rows are.

    >>> function_order(np.array([[1, 0], [1, 1]], dtype=np.int8), 2)
    array([1, 0])
    """
    talk = (votes != ABSTAIN).sum(axis=1, dtype=np.int64)
    shift = n_classes + 1
    keys = []
    for column in votes.T:
        counts = np.bincount(column.astype(np.intp) + shift, minlength=2 * n_classes + 1)
        totals = np.bincount(column.astype(np.intp) + shift, weights=talk, minlength=2 * n_classes + 1)
        keys.append((*counts[::-1].tolist(), *totals.tolist()))
    return np.asarray(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def patterns(votes: Votes, n_classes: int, *, budget: int, gold: Any = None) -> Patterns:
    """Votes (functions in their order), and gold if any -> distinct rows, at most about ``budget`` of them.

    >>> found = patterns(np.array([[0], [1], [0]], dtype=np.int8), 2, budget=10)
    >>> sorted(found.weights.tolist()), found.rows
    ([1.0, 2.0], 3)
    """
    labels = np.full(len(votes), NO_GOLD, dtype=np.int64) if gold is None else np.asarray(gold, dtype=np.int64)
    hashes = _hash(votes, labels, n_classes)
    distinct, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    rate = min(1.0, budget / len(distinct))
    kept = (distinct >> np.uint64(11)).astype(np.float64) / 2.0**53 < counts * rate
    weights = np.maximum(counts, 1.0 / rate)[kept]
    first = first[kept]
    return Patterns(votes[first], weights, labels[first], first, len(votes))


def _hash(votes: Votes, gold: npt.NDArray[np.int64], n_classes: int) -> npt.NDArray[np.uint64]:
    shift, width = n_classes + 1, 2 * n_classes + 1
    constants = np.array([_mixed(i) for i in range((votes.shape[1] + 1) * width)], dtype=np.uint64).reshape(-1, width)
    total = constants[-1][gold + 1]
    for function in range(votes.shape[1]):
        total = total + constants[function][votes[:, function].astype(np.intp) + shift]
    total ^= total >> np.uint64(31)
    total *= np.uint64(0x94D049BB133111EB)
    return np.asarray(total ^ (total >> np.uint64(29)))


def _mixed(number: int) -> int:
    """Splitmix64: a well spread constant for every number."""
    z = (number + 1) * 0x9E3779B97F4A7C15 & _MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)

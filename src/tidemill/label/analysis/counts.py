"""Counts of votes that the analysis table and the quality suite are made of, block by block, so that batches add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes, not_class

Counts = npt.NDArray[np.int64]

_BLOCK: Final = 1 << 16
_VALUES: Final = 256  # of a byte
_BITS: Final = 8


@dataclass(frozen=True)
class VoteCounts:
    """Counts of the votes of some rows; those of two batches add up.

    Parameters
    ----------
    rows
        Number of rows.
    covered
        Rows with at least one vote.
    conflicting
        Rows whose votes no class agrees with.
    fires : (n_functions,)
        Rows on which each function votes.
    overlaps : (n_functions,)
        Rows on which it votes together with others.
    conflicts : (n_functions,)
        Rows on which it votes and that are in conflict.
    polarity
        The different votes of each function.
    digests
        A hash of each function's votes, to compare functions of these rows with one another.
    """

    rows: int
    covered: int
    conflicting: int
    fires: Counts
    overlaps: Counts
    conflicts: Counts
    polarity: tuple[frozenset[int], ...]
    digests: tuple[int, ...]

    def __add__(self, other: VoteCounts) -> VoteCounts:
        """Add the counts of two batches of the same functions."""
        return VoteCounts(
            self.rows + other.rows,
            self.covered + other.covered,
            self.conflicting + other.conflicting,
            self.fires + other.fires,
            self.overlaps + other.overlaps,
            self.conflicts + other.conflicts,
            tuple(a | b for a, b in zip(self.polarity, other.polarity, strict=True)),
            tuple(map(hash, zip(self.digests, other.digests, strict=True))),
        )


def count_votes(votes: Votes, *, n_classes: int) -> VoteCounts:
    """Count votes, overlaps and conflicts.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    VoteCounts
        Counts that add up over batches.

    Examples
    --------
    >>> counts = count_votes(np.array([[-1, 0], [1, 0], [-1, -1]], dtype=np.int16), n_classes=2)
    >>> counts.covered, counts.conflicting, counts.fires.tolist(), counts.overlaps.tolist(), counts.polarity[1]
    (2, 1, [1, 2], [1, 1], frozenset({0}))
    """
    number = votes.shape[1]
    zeros = np.zeros(number, dtype=np.int64)
    counts = VoteCounts(0, 0, 0, zeros, zeros, zeros, (frozenset(),) * number, (0,) * number)
    for start in range(0, len(votes), _BLOCK):
        counts += _of_block(np.asfortranarray(votes[start : start + _BLOCK]), n_classes)
    return counts


def in_conflict(votes: Votes, n_classes: int) -> npt.NDArray[np.bool_]:
    """Find the rows in which no class agrees with all votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows,)
    """
    if n_classes <= _BITS:
        return np.equal(_left_by_all(votes, n_classes), 0)
    impossible = np.ones(len(votes), dtype=np.bool_)
    for k in range(n_classes):
        impossible &= (((votes >= 0) & (votes != k)) | (votes == not_class(k))).any(axis=1)
    return impossible


def _left_by_all(votes: Votes, n_classes: int) -> npt.NDArray[np.uint8]:
    """A bit per class that no vote on a row speaks against."""
    first = not_class(n_classes - 1)
    left = np.array([_bits_left(vote, n_classes) for vote in range(first, n_classes)], dtype=np.uint8)
    result = np.full(len(votes), 2**n_classes - 1, dtype=np.uint8)
    for j in range(votes.shape[1]):
        result &= left[votes[:, j] - first]
    return result


def _bits_left(vote: int, n_classes: int) -> int:
    every: int = 2**n_classes - 1
    if vote == ABSTAIN:
        return every
    return 1 << vote if vote >= 0 else every & ~(1 << (not_class(0) - vote))


def _of_block(votes: Votes, n_classes: int) -> VoteCounts:
    is_vote = votes != ABSTAIN
    conflict = in_conflict(votes, n_classes)
    columns = range(votes.shape[1])
    n_votes = np.zeros(len(votes), dtype=np.int32)
    for j in columns:
        n_votes += is_vote[:, j]
    overlap = n_votes > 1

    def count(rows: npt.NDArray[np.bool_] | None) -> Counts:
        chosen = (is_vote[:, j] if rows is None else is_vote[:, j] & rows for j in columns)
        return np.array([np.count_nonzero(mask) for mask in chosen], dtype=np.int64)

    return VoteCounts(
        len(votes),
        int(np.count_nonzero(n_votes)),
        int(np.count_nonzero(conflict)),
        count(None),
        count(overlap),
        count(conflict),
        tuple(_values(votes[:, j], n_classes) for j in columns),
        tuple(hash(votes[:, j].tobytes()) for j in columns),
    )


def _values(votes: npt.NDArray[np.int16], n_classes: int) -> frozenset[int]:
    possible = range(not_class(n_classes - 1), n_classes)
    if len(possible) <= _VALUES // 16:
        return frozenset(value for value in possible if value != ABSTAIN and (votes == value).any())
    return frozenset(np.unique(votes).astype(int).tolist()) - {ABSTAIN}

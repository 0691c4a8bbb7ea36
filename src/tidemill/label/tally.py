"""votes -> what the analysis table and the suite count in them, block by block, so that batches add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes, not_class

Counts = npt.NDArray[np.int64]

_BLOCK: Final = 1 << 16
_VALUES: Final = 256  # of a byte


@dataclass(frozen=True)
class Tally:
    """Counts of rows: all, heard, in conflict; per function those it votes on, with others, in conflict; its votes."""

    rows: int
    heard: int
    conflicting: int
    fires: Counts
    overlaps: Counts
    conflicts: Counts
    polarity: tuple[frozenset[int], ...]

    def __add__(self, other: Tally) -> Tally:
        """Tallies of two batches → of both."""
        return Tally(
            self.rows + other.rows,
            self.heard + other.heard,
            self.conflicting + other.conflicting,
            self.fires + other.fires,
            self.overlaps + other.overlaps,
            self.conflicts + other.conflicts,
            tuple(a | b for a, b in zip(self.polarity, other.polarity, strict=True)),
        )


def tally(votes: Votes, *, n_classes: int) -> Tally:
    """(rows, functions) votes → their tally.

    >>> found = tally(np.array([[-1, 0], [1, 0], [-1, -1]], dtype=np.int8), n_classes=2)
    >>> found.heard, found.conflicting, found.fires.tolist(), found.overlaps.tolist(), found.polarity[1]
    (2, 1, [1, 2], [1, 1], frozenset({0}))
    """
    number = votes.shape[1]
    none = np.zeros(number, dtype=np.int64)
    found = Tally(0, 0, 0, none, none, none, (frozenset(),) * number)
    for start in range(0, len(votes), _BLOCK):
        found += _of_block(np.asfortranarray(votes[start : start + _BLOCK]), n_classes)
    return found


def in_conflict(votes: Votes, n_classes: int) -> npt.NDArray[np.bool_]:
    """(rows, functions) votes → (rows,): no class agrees with all votes of the row."""
    impossible = np.ones(len(votes), dtype=np.bool_)
    for k in range(n_classes):
        impossible &= (((votes >= 0) & (votes != k)) | (votes == not_class(k))).any(axis=1)
    return impossible


def _of_block(votes: Votes, n_classes: int) -> Tally:
    fires = votes != ABSTAIN
    many = fires.sum(axis=1, dtype=np.int32)
    conflict = in_conflict(votes, n_classes)
    columns = range(votes.shape[1])
    overlap = many > 1

    def count(rows: npt.NDArray[np.bool_] | None) -> Counts:
        chosen = (fires[:, j] if rows is None else fires[:, j] & rows for j in columns)
        return np.array([np.count_nonzero(one) for one in chosen], dtype=np.int64)

    return Tally(
        len(votes),
        int(np.count_nonzero(many)),
        int(np.count_nonzero(conflict)),
        count(None),
        count(overlap),
        count(conflict),
        tuple(_values(votes[:, j], n_classes) for j in columns),
    )


def _values(votes: npt.NDArray[np.int8], n_classes: int) -> frozenset[int]:
    """(rows,) votes → the different ones, abstains apart."""
    possible = range(not_class(n_classes - 1), n_classes)
    if len(possible) <= _VALUES // 16:
        return frozenset(value for value in possible if value != ABSTAIN and (votes == value).any())
    return frozenset(np.unique(votes).astype(int).tolist()) - {ABSTAIN}

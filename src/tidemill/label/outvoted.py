"""votes and an answer -> which votes lost: where a labeling function says one thing and the rows' answer is another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes
from tidemill.label.analysis import is_right

Rows = npt.NDArray[np.intp]


def outvoted(votes: Votes, answer: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """(rows, functions) votes and (rows,) classes → where a vote was cast that the answer contradicts.

    >>> outvoted(np.array([[0, 1, -1, -2, -3]], dtype=np.int8), np.array([0])).tolist()
    [[False, True, False, True, False]]
    """
    lost: npt.NDArray[np.bool_] = (votes != ABSTAIN) & ~is_right(votes, answer.astype(np.int8))
    return lost


def others_answer(votes: Votes, *, n_classes: int) -> npt.NDArray[np.int8]:
    """(rows, functions) votes → (rows,) the class with most votes, ``ABSTAIN`` on a tie or in silence.

    >>> others_answer(np.array([[0, 0, 1], [0, 1, -1], [-1, -1, -1], [-2, -1, -1]], dtype=np.int8), n_classes=2)
    array([ 0, -1, -1,  1], dtype=int8)
    """
    counts = np.stack([((votes == k) | ((votes < ABSTAIN) & (votes != -2 - k))).sum(axis=1) for k in range(n_classes)])
    best = counts.max(axis=0)
    alone = (counts == best).sum(axis=0) == 1
    answer: npt.NDArray[np.int8] = np.where(alone, counts.argmax(axis=0), ABSTAIN).astype(np.int8)
    return answer


@dataclass(frozen=True)
class Change:
    """What became of one labeling function: ``added``, ``removed`` or ``edited``, and its rows."""

    name: str
    kind: str
    before: Votes
    after: Votes

    @property
    def gained(self) -> Rows:
        """Rows on which it votes now and did not."""
        return np.flatnonzero((self.before == ABSTAIN) & (self.after != ABSTAIN))

    @property
    def lost(self) -> Rows:
        """Rows on which it voted and does not now."""
        return np.flatnonzero((self.before != ABSTAIN) & (self.after == ABSTAIN))

    @property
    def flipped(self) -> Rows:
        """Rows on which it voted and votes otherwise now."""
        return np.flatnonzero((self.before != ABSTAIN) & (self.after != ABSTAIN) & (self.before != self.after))


def changes(before: tuple[Sequence[str], Votes], after: tuple[Sequence[str], Votes]) -> list[Change]:
    """Names and (rows, functions) votes of two versions → the functions whose votes differ, by name."""
    (old_names, old), (new_names, new) = before, after
    silent = np.full(len(old), ABSTAIN, dtype=np.int8)
    was = {name: old[:, j] for j, name in enumerate(old_names)}
    now = {name: new[:, j] for j, name in enumerate(new_names)}
    found = []
    for name in sorted({*was, *now}):
        kind = "added" if name not in was else "removed" if name not in now else "edited"
        change = Change(name, kind, was.get(name, silent), now.get(name, silent))
        if kind != "edited" or (change.before != change.after).any():
            found.append(change)
    return found

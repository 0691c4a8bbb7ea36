"""Votes that the label of their row contradicts, and votes that changed between two versions of the functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes
from tidemill.label.analysis.summary import is_right

Rows = npt.NDArray[np.intp]


def disagreements(votes: Votes, labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Find the votes that the labels contradict.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    labels : (n_rows,)
        A class of each row, such as a label model's or the plurality's.

    Returns
    -------
    (n_rows, n_functions)
        True where a vote was cast and the label is another class, or the excluded one.

    Examples
    --------
    >>> disagreements(np.array([[0, 1, -1, -2, -3]], dtype=np.int16), np.array([0])).tolist()
    [[False, True, False, True, False]]
    """
    contradicted: npt.NDArray[np.bool_] = (votes != ABSTAIN) & ~is_right(votes, labels.astype(np.int16))
    return contradicted


def plurality(votes: Votes, *, n_classes: int) -> npt.NDArray[np.int16]:
    """Label each row by the class with most votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows,)
        Class index; ``ABSTAIN`` on a tie or without votes.

    Examples
    --------
    >>> plurality(np.array([[0, 0, 1], [0, 1, -1], [-1, -1, -1], [-2, -1, -1]], dtype=np.int16), n_classes=2)
    array([ 0, -1, -1,  1], dtype=int16)
    """
    counts = np.stack([((votes == k) | ((votes < ABSTAIN) & (votes != -2 - k))).sum(axis=1) for k in range(n_classes)])
    best = counts.max(axis=0)
    is_unique = (counts == best).sum(axis=0) == 1
    labels: npt.NDArray[np.int16] = np.where(is_unique, counts.argmax(axis=0), ABSTAIN).astype(np.int16)
    return labels


@dataclass(frozen=True)
class Change:
    """How the votes of one labeling function changed: ``added``, ``removed`` or ``edited``, and on which rows."""

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
    """Compare the votes of two versions of a folder of labeling functions.

    Parameters
    ----------
    before, after
        Names of the functions and their (n_rows, n_functions) votes on the same rows.

    Returns
    -------
    list of Change
        The functions whose votes differ, by name.
    """
    (old_names, old), (new_names, new) = before, after
    abstains = np.full(len(old), ABSTAIN, dtype=np.int16)
    was = {name: old[:, j] for j, name in enumerate(old_names)}
    now = {name: new[:, j] for j, name in enumerate(new_names)}
    changed = []
    for name in sorted({*was, *now}):
        kind = "added" if name not in was else "removed" if name not in now else "edited"
        change = Change(name, kind, was.get(name, abstains), now.get(name, abstains))
        if kind != "edited" or (change.before != change.after).any():
            changed.append(change)
    return changed

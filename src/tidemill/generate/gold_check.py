"""What a generator is worth: its votes on gold of dev, whom it repeats, and what of it is dropped.

Votes for a class are dropped where gold does not show that they are right more often than chance, and all votes where they repeat one
function's: a copy has nothing to add, and counts twice. Votes on gold rows were cast without having seen these rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN, Votes

CONFIDENCE: Final = 0.99
"""Of the interval whose lower end has to be above chance."""
FEW: Final = 10
"""Votes on gold below which an interval proves nothing: then the share that is right has to be above chance."""
COPY: Final = 0.98
"""Share of votes that are another function's from which they are its copies."""


@dataclass(frozen=True)
class ClassCheck:
    """Votes for a class on gold rows.

    Parameters
    ----------
    votes, right
        How many there are, and how many are right.
    chance
        Share of gold rows that are of the class.
    low
        Lower end of the interval of their precision.
    """

    votes: int
    right: int
    chance: float
    low: float

    @property
    def helps(self) -> bool:
        """Whether they are right more often than chance."""
        if self.votes < FEW:
            return self.votes == 0 or self.right / self.votes > self.chance
        return self.low > self.chance


@dataclass(frozen=True)
class Checked:
    """Votes of a generator after the check.

    Parameters
    ----------
    votes : (n_rows,)
        Without what was dropped.
    classes
        What gold says of the votes for each class.
    dropped
        Why votes were dropped, by class; of all classes, where it repeats a function.
    repeats
        Function that it agrees most with, and the share of the votes of both that agree; None where no function votes with it.
    """

    votes: npt.NDArray[np.int16]
    classes: tuple[ClassCheck, ...]
    dropped: dict[int, str]
    repeats: tuple[str, float] | None


def check_on_gold(
    votes: npt.NDArray[np.int16],
    gold: npt.NDArray[Any],
    labeled: npt.NDArray[np.intp],
    *,
    others: Votes,
    names: Sequence[str],
    classes: Sequence[str],
) -> Checked:
    """Check the votes of a generator and drop what does not help.

    Parameters
    ----------
    votes : (n_rows,)
        Votes of the generator.
    gold : (n_rows,)
        Of which the labeled rows count.
    labeled
        Indices of the gold rows of dev among those that it is for.
    others : (n_rows, n_functions)
        Votes of the other functions.
    names
        Their names.
    classes
        Names of the classes.

    Returns
    -------
    Checked

    Examples
    --------
    >>> gold = np.tile([0, 1], 50)
    >>> nothing = np.empty((100, 0), dtype=np.int16)
    >>> same = np.zeros(100, dtype=np.int16)
    >>> check = check_on_gold(same, gold, np.arange(100), others=nothing, names=(), classes=("ham", "spam"))
    >>> check.dropped[0]
    'votes for ham: 50 of 100 right on gold of dev, and chance is 0.50'
    """
    checks = tuple(_of_class(k, votes[labeled], gold[labeled]) for k in range(len(classes)))
    dropped = {k: _reason(classes[k], check) for k, check in enumerate(checks) if not check.helps}
    kept = np.where(np.isin(votes, list(dropped)), np.int16(ABSTAIN), votes)
    repeats, copied = _repeats(kept, others, names)
    if copied:
        dropped = dropped | dict.fromkeys(range(len(classes)), f"repeats {copied}, of whose votes these are copies")
        kept = np.full_like(kept, ABSTAIN)
    return Checked(kept, checks, dropped, repeats)


def _of_class(k: int, votes: npt.NDArray[np.int16], gold: npt.NDArray[Any]) -> ClassCheck:
    own = votes == k
    number, right = int(own.sum()), int((gold[own] == k).sum())
    chance = float((gold == k).mean()) if len(gold) else 0.0
    return ClassCheck(number, right, chance, wilson(right, number, CONFIDENCE)[0])


def _reason(name: str, check: ClassCheck) -> str:
    if check.chance == 1:
        return f"votes for {name}: all gold of dev on such rows is {name}, and shows nothing of them; label others"
    return f"votes for {name}: {check.right} of {check.votes} right on gold of dev, and chance is {check.chance:.2f}"


def _repeats(
    votes: npt.NDArray[np.int16], others: Votes, names: Sequence[str]
) -> tuple[tuple[str, float] | None, str | None]:
    """The function with most of its votes, and the one of which it is a copy."""
    own = votes != ABSTAIN
    if not own.any() or not len(names):
        return None, None
    same = ((others == votes[:, None]) & own[:, None]).sum(axis=0)
    both = ((others != ABSTAIN) & own[:, None]).sum(axis=0)
    best = int(same.argmax())
    repeats = (names[best], float(same[best] / both[best])) if both[best] else None
    return repeats, names[best] if same[best] >= COPY * own.sum() else None


def lines(name: str, checked: Checked, n_classes: int) -> list[str]:
    """Say what was dropped.

    Parameters
    ----------
    name
        Of the function.
    checked
        What the check found.
    n_classes
        Number of classes.

    Returns
    -------
    list of str
        A sentence for each reason.
    """
    reasons: Mapping[int, str] = checked.dropped
    whole = len(reasons) == n_classes or not (checked.votes != ABSTAIN).any()
    what = "dropped" if whole else "dropped in part"
    return [f"{name} is {what}: {reason}" for reason in dict.fromkeys(reasons.values())]

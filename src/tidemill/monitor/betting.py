"""A sequential test of labels that a person gives: is the champion's accuracy below a bar, or above it.

Two martingales bet against one hypothesis each: that the accuracy is at least the bar, and that it is at most the bar. Each is a
mixture of likelihood ratios over accuracies on the other side (betting with several stakes at once: Waudby-Smith and Ramdas,
"Estimating means of bounded random variables by betting", 2024). By Ville's inequality a hypothesis that is true is rejected
with probability ``alpha`` at most, however often one looks; and only one of the two is true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_STAKES: Final = 32
_EARLY_WEIGHT: Final = 10.0  # labels that an estimate made without labels counts as, to foresee how many are needed
_LATE_WEIGHT: Final = 0.25  # of the labels, to decide what they leave open


@dataclass(frozen=True)
class LabelVerdict:
    """What labels say of the champion's accuracy.

    Attributes
    ----------
    below
        Whether it is below the bar; None: more labels are needed.
    proven
        Whether at the level; False where the greatest number of labels was reached before. Their mean decides then, with the
        estimate made without labels counted as a quarter as many.
    used
        Labels that the verdict is of.
    """

    below: bool | None
    proven: bool
    used: int


def log_wealth(right: Array, answered: Array, bar: float, *, below: bool) -> Array:
    """Compute the logarithm of a martingale after some labels.

    Parameters
    ----------
    right, answered : (n_counts,)
        Right predictions, of how many that were labeled.
    bar : float
        Accuracy between 0 and 1.
    below : bool
        Whether to bet on an accuracy below the bar, or above it.

    Returns
    -------
    (n_counts,)
        0 without labels. At least ``log(1 / alpha)`` is evidence at level ``alpha``.

    Examples
    --------
    >>> log_wealth(np.array([0.0]), np.array([0.0]), 0.9, below=True).round(6)
    array([0.])
    """
    steps = (np.arange(_STAKES) + 0.5) / _STAKES
    accuracies = (bar * steps if below else bar + (1.0 - bar) * steps)[:, None]
    logs = right * np.log(accuracies / bar) + (answered - right) * np.log((1.0 - accuracies) / (1.0 - bar))
    return np.asarray(np.logaddexp.reduce(logs, axis=0) - math.log(_STAKES))


def decide(right: npt.NDArray[np.bool_], bar: float, *, expected: float, alpha: float, max_labels: int) -> LabelVerdict:
    """Decide by labels, taken in their order; what is decided once does not change by later labels.

    Parameters
    ----------
    right : (n_labels,)
        Whether the champion predicts the label.
    bar : float
        Accuracy between 0 and 1.
    expected : float
        The accuracy that was estimated without labels.
    alpha : float
        Chance of a wrong proof.
    max_labels : int
        After so many their mean and ``expected`` decide, without proof.

    Returns
    -------
    LabelVerdict

    Examples
    --------
    >>> decide(np.zeros(30, dtype=bool), 0.9, expected=0.5, alpha=0.05, max_labels=100)
    LabelVerdict(below=True, proven=True, used=2)
    """
    taken = right[:max_labels]
    answered = np.arange(1.0, len(taken) + 1.0)
    counted = np.cumsum(taken, dtype=np.float64)
    firsts = {below: _first(counted, answered, bar, alpha, below=below) for below in (True, False)}
    below = firsts[True] < firsts[False]
    used = min(firsts.values())
    if used <= len(taken):
        return LabelVerdict(below, proven=True, used=used)
    if len(taken) < max_labels:
        return LabelVerdict(None, proven=False, used=len(taken))
    likely = (taken.mean() + _LATE_WEIGHT * expected) / (1.0 + _LATE_WEIGHT)
    return LabelVerdict(bool(likely < bar), proven=False, used=len(taken))


def _first(right: Array, answered: Array, bar: float, alpha: float, *, below: bool) -> int:
    """Number of the label at which a martingale reaches the level; one more than there are where none does."""
    reached = log_wealth(right, answered, bar, below=below) >= -math.log(alpha)
    return int(reached.argmax()) + 1 if reached.any() else len(reached) + 1


def labels_to_go(right: int, answered: int, bar: float, *, expected: float, alpha: float, max_labels: int) -> int:
    """Compute how many more labels are likely to decide.

    Parameters
    ----------
    right, answered : int
        Right predictions so far, of how many.
    bar : float
        Accuracy between 0 and 1.
    expected : float
        The accuracy that was estimated without labels; it counts as much as ten labels.
    alpha : float
        Level of the test.
    max_labels : int
        With so many it ends.

    Returns
    -------
    int
        From 0 to what is left of ``max_labels``.

    Examples
    --------
    >>> [labels_to_go(0, 0, 0.93, expected=accuracy, alpha=0.05, max_labels=400) for accuracy in (0.7, 0.93)]
    [18, 400]
    """
    likely = (right + _EARLY_WEIGHT * expected) / (answered + _EARLY_WEIGHT)
    more = np.arange(0.0, max(max_labels - answered, 0) + 1.0)
    counts = right + more * likely, answered + more
    best = np.maximum(*(log_wealth(*counts, bar, below=below) for below in (True, False)))
    reached = best >= -math.log(alpha)
    return int(more[reached.argmax()] if reached.any() else more[-1])

"""From which probability on a generator votes for a class: the lowest that keeps a stated precision on gold held out.

A threshold that is chosen on rows flatters the votes on them. So the votes on gold rows are cast with thresholds chosen on the
other folds, and what they show of the generator is unbiased; all other rows get thresholds of all gold rows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Probabilities, Votes
from tidemill.label.analysis.summary import conflicts

LEAST: Final = 20
"""Gold rows from which on thresholds are chosen; with fewer the stated one holds."""
_FEWEST: Final = 5
"""Votes for a class that a threshold has to be seen to leave."""
NEVER: Final = 2.0
"""A threshold that no probability reaches."""

Thresholds = npt.NDArray[np.float64]
"""(n_classes,): the least probability at which the class is voted for."""


def choose_thresholds(
    probabilities: Probabilities, gold: npt.NDArray[Any], *, precision: float, at_least: float
) -> Thresholds:
    """Choose the lowest threshold of each class that keeps the precision.

    The precision of n votes of which r are right is estimated by Laplace's rule, (r + 1) / (n + 2).

    Parameters
    ----------
    probabilities : (n_gold, n_classes)
        Of rows that the generator has not learned from; NaN where it has no answer.
    gold : (n_gold,)
        Class of each.
    precision
        Share of the votes for a class that has to be right.
    at_least
        Threshold of all classes where fewer than ``LEAST`` rows have gold.

    Returns
    -------
    (n_classes,)
        ``NEVER`` where no threshold keeps the precision.

    Examples
    --------
    >>> sure = np.linspace(0.5, 0.99, 40)
    >>> answers = np.stack([1 - sure, sure], axis=1)
    >>> choose_thresholds(answers, (sure > 0.8).astype(int), precision=0.9, at_least=0.5).round(2).tolist()
    [2.0, 0.8]
    """
    n_classes = probabilities.shape[1]
    answered = np.isfinite(probabilities).all(axis=1)
    if answered.sum() < LEAST:
        return np.full(n_classes, at_least)
    answers, truth = probabilities[answered], gold[answered]
    return np.array([_lowest(answers, truth, k, precision) for k in range(n_classes)])


def _lowest(answers: Probabilities, gold: npt.NDArray[Any], k: int, precision: float) -> float:
    own = np.flatnonzero(answers.argmax(axis=1) == k)
    order = own[np.argsort(-answers[own, k], kind="stable")]
    if len(order) < _FEWEST:
        return NEVER
    votes = np.arange(1, len(order) + 1)
    kept = ((gold[order] == k).cumsum() + 1) / (votes + 2) >= precision
    kept &= votes >= _FEWEST
    last = np.append(np.diff(answers[order, k]) != 0, True)  # equal probabilities are voted for together
    found = np.flatnonzero(kept & last)
    return float(answers[order[found[-1]], k]) if len(found) else NEVER


def cast(probabilities: Probabilities, thresholds: Thresholds) -> npt.NDArray[np.int16]:
    """Vote for the likeliest class where its probability reaches the threshold.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        NaN where the generator has no answer.
    thresholds : (n_classes,)

    Returns
    -------
    (n_rows,)
        Class index, or ``ABSTAIN``.

    Examples
    --------
    >>> cast(np.array([[0.9, 0.1], [0.4, 0.6], [np.nan, np.nan]]), np.array([0.8, 0.8])).tolist()
    [0, -1, -1]
    """
    known = np.nan_to_num(probabilities, nan=-1.0)
    best = known.argmax(axis=1)
    sure = known[np.arange(len(known)), best] >= thresholds[best] - 1e-12
    return np.where(sure, best, ABSTAIN).astype(np.int16)


def cast_held_out(
    probabilities: Probabilities, gold: npt.NDArray[Any], folds: npt.NDArray[Any], *, precision: float, at_least: float
) -> npt.NDArray[np.int16]:
    """Vote on gold rows, each with thresholds chosen on the other folds.

    Parameters
    ----------
    probabilities : (n_gold, n_classes)
        Of rows that the generator has not learned from.
    gold, folds : (n_gold,)
        Class and fold of each.
    precision, at_least
        As for ``choose_thresholds``.

    Returns
    -------
    (n_gold,)
        Class index, or ``ABSTAIN``.
    """
    votes = np.full(len(gold), ABSTAIN, dtype=np.int16)
    for fold in np.unique(folds):
        inside = folds == fold
        chosen = choose_thresholds(probabilities[~inside], gold[~inside], precision=precision, at_least=at_least)
        votes[inside] = cast(probabilities[inside], chosen)
    return votes


def silent_on(votes: Votes, names: tuple[str, ...], teachers: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Find the rows on which none of some functions votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    names
        Names of the functions.
    teachers
        Names of those asked about.

    Returns
    -------
    (n_rows,)
    """
    columns = [names.index(name) for name in teachers]
    return np.asarray((votes[:, columns] == ABSTAIN).all(axis=1))


def uncertain_on(votes: Votes, *, n_classes: int) -> npt.NDArray[np.bool_]:
    """Find the rows on which functions are silent or disagree.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows,)
    """
    return np.asarray((votes == ABSTAIN).all(axis=1) | conflicts(votes, n_classes=n_classes))

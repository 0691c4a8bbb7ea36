"""Labels held against the labels of people: scores with intervals, and classes of which labels have too many or too few."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from tidemill.common.calibration_error import calibration_error
from tidemill.common.statistics import wilson
from tidemill.contracts import NO_GOLD, Probabilities, Votes
from tidemill.denoise.models.base import Gold
from tidemill.denoise.statistics.gold_scores import gold_scores
from tidemill.denoise.statistics.votes import uncovered, vote_shares
from tidemill.reports.denoise import ClassShare, GoldComparison, GoldScores, RowGroup, RowGroups

CONFIDENCE: Final = 0.95
DRAWS: Final = 200
"""Resamples of the gold rows behind the interval of the calibration error."""


def against_gold(probabilities: Probabilities, votes: Votes, gold: Gold, *, seed: int) -> GoldComparison | None:
    """Score the labels of a model that has not seen the gold, and the majority vote, on the gold rows.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Of a model fitted without gold.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    gold : (n_rows,) or None
        Class index, or ``NO_GOLD``.
    seed
        Of the resampling behind the interval of the calibration error.

    Returns
    -------
    GoldComparison or None
        None without gold.
    """
    if gold is None or not (np.asarray(gold) != NO_GOLD).any():
        return None
    majority = vote_shares(votes, probabilities.shape[1])
    return GoldComparison(label_model=_scores(probabilities, gold, seed), majority_vote=_scores(majority, gold, seed))


def _scores(probabilities: Probabilities, gold: Gold, seed: int) -> GoldScores:
    scores = gold_scores(probabilities, gold) or {}
    labeled = np.flatnonzero(np.asarray(gold) != NO_GOLD)
    chosen, truth = probabilities[labeled], np.asarray(gold)[labeled]
    rounded: Any = {key: value if isinstance(value, int) else round(value, 6) for key, value in scores.items()}
    low, high = wilson(scores["accuracy"] * len(labeled), len(labeled), CONFIDENCE)
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, len(labeled), len(labeled)) for _ in range(DRAWS))
    ends = np.quantile([calibration_error(chosen[rows], truth[rows]) for rows in drawn], [0.025, 0.975])
    return GoldScores(
        **rounded, accuracy_interval=(round(low, 6), round(high, 6)), calibration_error_interval=tuple(ends.round(6))
    )


def shares_on_gold(probabilities: Probabilities, gold: Gold, classes: Sequence[str]) -> dict[str, ClassShare] | None:
    """Compare the share of each class in the labels with its share in the gold of the same rows.

    Both are of the same rows, so that they differ by the labels' errors alone. Where labels are calibrated, the number of
    gold rows of a class has mean ``sum p`` and variance ``sum p (1 - p)``; a class beyond the two-sided 5% limit, divided by the
    number of classes (Bonferroni), differs.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    gold : (n_rows,) or None
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    dict or None
        By class; None without gold.
    """
    labeled = np.zeros(0, int) if gold is None else np.flatnonzero(np.asarray(gold) != NO_GOLD)
    if not len(labeled):
        return None
    given = probabilities[labeled]
    seen = np.bincount(np.asarray(gold)[labeled], minlength=len(classes))
    expected, spread = given.sum(axis=0), np.sqrt((given * (1.0 - given)).sum(axis=0))
    limit = NormalDist().inv_cdf(1.0 - (1.0 - CONFIDENCE) / (2.0 * len(classes)))
    differs = np.abs(seen - expected) > limit * spread + 0.5
    return {
        name: ClassShare(
            gold=round(float(seen[k] / len(labeled)), 6),
            labels=round(float(expected[k] / len(labeled)), 6),
            differs=bool(differs[k]),
        )
        for k, name in enumerate(classes)
    }


def groups_on_gold(probabilities: Probabilities, votes: Votes, gold: Gold) -> RowGroups | None:
    """Score rows whose label the votes do not determine apart from the others, to check these flags on gold.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    gold : (n_rows,) or None

    Returns
    -------
    RowGroups or None
        None without gold.
    """
    if gold is None or not (np.asarray(gold) != NO_GOLD).any():
        return None
    labeled = np.asarray(gold) != NO_GOLD
    result = {}
    for name, rows in row_groups(votes, probabilities.shape[1]).items():
        chosen = rows & labeled
        count = int(chosen.sum())
        right = int((probabilities[chosen].argmax(axis=1) == np.asarray(gold)[chosen]).sum())
        low, high = wilson(right, count, CONFIDENCE)
        result[name] = RowGroup(
            rows=count,
            accuracy=round(right / count, 6) if count else None,
            accuracy_interval=(round(low, 6), round(high, 6)),
            confidence=round(float(probabilities[chosen].max(axis=1).mean()), 6) if count else None,
        )
    return RowGroups(**result)


def row_groups(votes: Votes, n_classes: int) -> dict[str, Any]:
    """Split rows by how far votes determine their class.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    dict
        ``without_votes``, ``tied`` (two classes have most votes) and ``determined``, each ``(n_rows,)`` bool; a row is in one.
    """
    first, second = np.sort(vote_shares(votes, n_classes), axis=1)[:, [-1, -2]].T
    without = uncovered(votes)
    tied = ~without & (first - second < 1e-9)  # noqa: PLR2004 - rounding
    return {"without_votes": without, "tied": tied, "determined": ~without & ~tied}

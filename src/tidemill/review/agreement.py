"""Krippendorff's alpha of classes, with answers missing, and an interval.

Alpha is one less the disagreement that is observed, as a share of the disagreement that would be if answers were dealt out to rows by
chance (Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011). 1: all agree; 0: as by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tidemill.review.answers import Answers, Array

_CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Agreement:
    """Agreement, and a 95% interval of it.

    Parameters
    ----------
    alpha
        NaN where no two people answered a row, or all answers name one class.
    low, high
        Percentiles of the bootstrap over rows.
    rows
        Rows that two people or more answered.
    """

    alpha: float
    low: float
    high: float
    rows: int


def krippendorff_alpha(answers: Answers, *, draws: int, seed: int) -> Agreement:
    """Compute Krippendorff's alpha for nominal classes.

    Parameters
    ----------
    answers
        Of all rows; rows with one answer say nothing of agreement.
    draws : int
        Resamples of rows for the interval.
    seed : int
        Of the resamples.

    Returns
    -------
    Agreement
    """
    counts = answers.counts()
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return Agreement(float("nan"), float("nan"), float("nan"), 0)
    rng, rows = np.random.default_rng(seed), len(counts)
    each = np.array(
        [_alpha(counts, rng.multinomial(rows, np.full(rows, 1.0 / rows)).astype(np.float64)) for _ in range(draws)]
    )
    known = each[np.isfinite(each)]
    low, high = np.quantile(known, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2]) if len(known) else (np.nan, np.nan)
    return Agreement(_alpha(counts, np.ones(rows)), float(low), float(high), rows)


def _alpha(counts: Array, weights: Array) -> float:
    """Of counts of answers by row and class; ``weights`` say how often each row is there."""
    people = counts.sum(axis=1)
    differing = (people**2 - (counts**2).sum(axis=1)) / (people - 1.0)
    total = weights @ people
    by_class = weights @ counts
    by_chance = (total**2 - (by_class**2).sum()) / (total - 1.0)
    return float(1.0 - weights @ differing / by_chance) if by_chance > 0 else float("nan")

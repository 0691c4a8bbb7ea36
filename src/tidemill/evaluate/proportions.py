"""Intervals of proportions of few rows, where resampled scores are too sure: three right rows of three resample to 1 alone.

A proportion has the score interval of Wilson (1927). A mean of independent proportions, such as balanced accuracy, has the
interval that recovers variances from those of its parts: Donner and Zou, "Closed-form confidence intervals for functions of
the normal mean and standard deviation", Statistical Methods in Medical Research 21 (2012).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tidemill.common.statistics import wilson
from tidemill.evaluate.bootstrap import Array, interval
from tidemill.evaluate.metrics import MetricSpec

FEW_ROWS: Final = 100
"""Rows below which a proportion of them has its interval from here, not from resamples."""
LEAST_ROWS: Final = 10
"""Rows below which there are no scores."""


def proportion_interval(hits: float, rows: float, samples: Array, confidence: float) -> tuple[float, float]:
    """Compute the interval of a proportion.

    Parameters
    ----------
    hits, rows
        Counts.
    samples : (n_bootstrap,)
        The proportion over resampled rows.
    confidence
        Share of the interval, from 0 to 1.

    Returns
    -------
    low, high : float
        Wilson's from 1 to 99 rows, else of the resamples; NaN where neither is defined.

    Examples
    --------
    >>> [round(end, 2) for end in proportion_interval(3, 3, np.ones(50), 0.95)]
    [0.44, 1.0]
    """
    return wilson(hits, rows, confidence) if 0 < rows < FEW_ROWS else interval(samples, confidence)


def mean_of_proportions(hits: Sequence[float], rows: Sequence[float], confidence: float) -> tuple[float, float]:
    """Compute the interval of the mean of independent proportions.

    Parameters
    ----------
    hits, rows : (n_proportions,)
        Counts, each of at least one row.
    confidence
        Share of the interval, from 0 to 1.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> [round(end, 3) for end in mean_of_proportions([9, 30], [10, 40], 0.95)]
    [0.655, 0.893]
    """
    shares = [hit / row for hit, row in zip(hits, rows, strict=True)]
    ends = [wilson(hit, row, confidence) for hit, row in zip(hits, rows, strict=True)]
    below, above = (
        math.sqrt(sum((share - end[side]) ** 2 for share, end in zip(shares, ends, strict=True))) / len(shares)
        for side in (0, 1)
    )
    mean = sum(shares) / len(shares)
    return max(0.0, mean - below), min(1.0, mean + above)


def proportion_intervals(sums: Array, spec: MetricSpec, confidence: float) -> dict[str, tuple[float, float]]:
    """Compute the intervals of those metrics that are proportions of few rows.

    Parameters
    ----------
    sums : (n_columns,)
        Sums of what ``metric_terms`` gives.
    spec
        Classes by which metrics are computed.
    confidence
        Share of each interval, from 0 to 1.

    Returns
    -------
    dict
        Low and high by metric: accuracy, balanced accuracy, precision and recall of classes; those of 100 rows or more are left out.
    """
    k = spec.n_classes
    hits, golds, predicted = sums[:k], sums[k : 2 * k], sums[2 * k : 3 * k]
    of_counts = {"accuracy": (hits.sum(), golds.sum())}
    for place, name in enumerate(spec.names):
        of_counts |= {
            f"precision_{name}": (hits[place], predicted[place]),
            f"recall_{name}": (hits[place], golds[place]),
        }
    known = {name: wilson(*pair, confidence) for name, pair in of_counts.items() if 0 < pair[1] < FEW_ROWS}
    held = np.flatnonzero(golds > 0)
    if len(held) and golds[held].min() < FEW_ROWS:
        known["balanced_accuracy"] = mean_of_proportions(hits[held].tolist(), golds[held].tolist(), confidence)
    return known

"""Closed-form tests and intervals of proportions, in NumPy alone: `monitor` must start fast."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.common.statistics import wilson

Array = npt.NDArray[np.float64]
_TIE = 1.0 + 1e-7  # tables as likely as the one seen, up to rounding


def fisher(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """Compute the two-sided p of Fisher's exact test that two shares are the same.

    Parameters
    ----------
    hits, rows, other_hits, other_rows : int
        Hits among the rows of either group.

    Returns
    -------
    float

    Examples
    --------
    Fisher's tea tasting: all eight cups right.

    >>> round(fisher(4, 4, 0, 4), 4), fisher(0, 10, 0, 20)
    (0.0286, 1.0)
    """
    total, drawn = rows + other_rows, hits + other_hits
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])
    possible = np.arange(max(0, drawn - other_rows), min(rows, drawn) + 1)
    rest = drawn - possible
    weights = -(logs[possible] + logs[rows - possible] + logs[rest] + logs[other_rows - rest])
    likely = np.exp(weights - weights.max())
    seen = likely[hits - possible[0]]
    return float(min(1.0, likely[likely <= seen * _TIE].sum() / likely.sum()))


def adjust(p_values: Array) -> Array:
    """Adjust p of many tests (Benjamini and Hochberg, 1995): reject those at most alpha.

    Where nothing moved, the chance of any rejection at all is at most alpha.

    Parameters
    ----------
    p_values : (n_tests,)

    Returns
    -------
    (n_tests,)

    Examples
    --------
    >>> adjust(np.array([0.01, 0.04, 0.03, 0.5])).round(4)
    array([0.04  , 0.0533, 0.0533, 0.5   ])
    """
    count = len(p_values)
    order = np.argsort(p_values)[::-1]
    scaled = p_values[order] * count / np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return adjusted


def share_difference(hits: int, rows: int, other_hits: int, other_rows: int, confidence: float) -> tuple[float, float]:
    """Compute an interval of the first share minus the other: Newcombe (1998), method 10.

    Parameters
    ----------
    hits, rows, other_hits, other_rows : int
        Hits among the rows of either group.
    confidence : float
        From 0 to 1.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> [round(end, 4) for end in share_difference(56, 70, 48, 80, 0.95)]
    [0.0524, 0.3339]
    """
    one, other = hits / rows, other_hits / other_rows
    low, high = wilson(hits, rows, confidence)
    other_low, other_high = wilson(other_hits, other_rows, confidence)
    gain = one - other
    return (
        float(gain - np.hypot(one - low, other_high - other)),
        float(gain + np.hypot(high - one, other - other_low)),
    )


def mean_difference(one: Array, other: Array, confidence: float) -> tuple[float, float]:
    """Compute an interval of the first mean minus the other, by the normal approximation without equal variances.

    Parameters
    ----------
    one, other : (n_values,)
    confidence : float
        From 0 to 1.

    Returns
    -------
    low, high : float
    """
    half = _z(confidence) * np.sqrt(one.var() / len(one) + other.var() / len(other))
    gain = one.mean() - other.mean()
    return float(gain - half), float(gain + half)


def permutation_p(seen: float, permuted: npt.NDArray[Any]) -> float:
    """Compute the p of a permutation test, exact whatever the number of permutations (Phipson and Smyth, 2010).

    Parameters
    ----------
    seen : float
        The statistic.
    permuted : (n_permutations,)
        Its values under permutation.

    Returns
    -------
    float

    Examples
    --------
    >>> permutation_p(3.0, np.array([1.0, 2.0, 4.0]))
    0.5
    """
    return float((1 + np.sum(permuted >= seen - 1e-12)) / (1 + len(permuted)))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)

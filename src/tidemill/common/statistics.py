"""Intervals of proportions, in the standard library alone."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(successes: float, trials: float, confidence: float) -> tuple[float, float]:
    """Compute Wilson's score interval of a proportion.

    Parameters
    ----------
    successes, trials
        Counts; posterior mass counts as well.
    confidence
        Between 0 and 1, such as 0.95.

    Returns
    -------
    low, high : float
        Ends of the interval; 0 and 1 without trials.

    References
    ----------
    Wilson, Journal of the American Statistical Association 22, 1927.

    Examples
    --------
    >>> low, high = wilson(50, 100, 0.95)
    >>> round(low, 4), round(high, 4)
    (0.4038, 0.5962)
    """
    if trials <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = min(successes / trials, 1.0)
    center = (share + z * z / (2.0 * trials)) / (1.0 + z * z / trials)
    half = z / (1.0 + z * z / trials) * math.sqrt(share * (1.0 - share) / trials + z * z / (4.0 * trials * trials))
    return max(0.0, center - half), min(1.0, center + half)

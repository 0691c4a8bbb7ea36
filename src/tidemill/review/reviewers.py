"""How often reviewers are wrong themselves, and what that does to what a sample proves.

A reviewer who errs misses some wrong labels, and calls some right ones wrong. The second is cured by asking again: where an answer differs from
the label, others are asked, five in all at most, until more than half confirm the label or no longer can; until then the row counts as wrong, which
is on the safe side. The first is not, for a row whose first answer is the label is not asked again. So of the wrong labels only a part can be found.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

_MOST_ERRORS: Final = 1.0 / 3.0
"""Of reviewers who err more often, false denials may be taken for right ones so often that fewer are overruled."""


def confirmed_after_denial(confirms: float) -> float:
    """Compute how often others confirm a label that the first answer denies: two of two, or three of four.

    Parameters
    ----------
    confirms : float
        Chance that an answer confirms it.

    Returns
    -------
    float

    Examples
    --------
    >>> round(confirmed_after_denial(0.97), 4), round(confirmed_after_denial(0.03), 6)
    (0.9957, 0.000952)
    """
    return confirms**2 + 2.0 * confirms**3 * (1.0 - confirms)


def error_rate_bound(wrong: int, asked: int, alpha: float) -> float:
    """Bound the reviewers' error rate from above by test questions, at any time.

    A beta mixture of likelihood ratios, by Ville's inequality (Robbins, 1970): the bound holds at all numbers of test questions at once.

    Parameters
    ----------
    wrong, asked : int
        Test questions that were answered wrong, of how many.
    alpha : float
        Chance that the bound is ever too low.

    Returns
    -------
    float
        1 without test questions.

    Examples
    --------
    >>> [round(error_rate_bound(wrong, asked, 0.05), 3) for wrong, asked in ((0, 0), (0, 100), (3, 100), (30, 1000))]
    [1.0, 0.057, 0.123, 0.054]
    """
    from scipy.optimize import brentq
    from scipy.special import betaln

    if asked == wrong:
        return 1.0
    right = asked - wrong
    mixture = betaln(wrong + 0.5, right + 0.5) - betaln(0.5, 0.5)

    def surplus(rate: float) -> float:
        return float(mixture - wrong * math.log(rate) - right * math.log1p(-rate) + math.log(alpha))

    low = max(wrong / asked, 1e-12)
    return float(brentq(surplus, low, 1.0 - 1e-12))


def error_rate_floor(wrong: int, asked: int, alpha: float) -> float:
    """Bound the reviewers' error rate from below by test questions, at any time.

    Parameters
    ----------
    wrong, asked : int
        Test questions that were answered wrong, of how many.
    alpha : float
        Chance that the bound is ever too high.

    Returns
    -------
    float
        0 where none was answered wrong.

    Examples
    --------
    >>> [round(error_rate_floor(wrong, asked, 0.05), 3) for wrong, asked in ((0, 0), (0, 100), (3, 100), (30, 100))]
    [0.0, 0.0, 0.002, 0.166]
    """
    return 1.0 - error_rate_bound(asked - wrong, asked, alpha) if wrong else 0.0


def error_rate_of_overruled(rate: float) -> float | None:
    """Compute how often reviewers err who are overruled at a rate.

    A reviewer who denies a right label is overruled where the others confirm it.

    Parameters
    ----------
    rate : float
        Share of right labels of which an answer was overruled.

    Returns
    -------
    float or None
        The lesser of two; None where no error rate makes for so many.

    Examples
    --------
    >>> error_rate_of_overruled(0.1 * confirmed_after_denial(0.9))
    0.1
    """
    from scipy.optimize import brentq

    def surplus(error: float) -> float:
        return error * confirmed_after_denial(1.0 - error) - rate

    return None if surplus(_MOST_ERRORS) <= 0.0 else round(float(brentq(surplus, 0.0, _MOST_ERRORS)), 12)


def missed_share(error_rate: float) -> float:
    """Compute the share of wrong labels that a review leaves as they are.

    Either the first answer is the label, or it is not and others then confirm the label.

    Parameters
    ----------
    error_rate : float
        Chance that a reviewer who sees a wrong label's row names that label: the error rate at most.

    Returns
    -------
    float

    Examples
    --------
    >>> missed_share(0.0), round(missed_share(0.03), 4)
    (0.0, 0.0309)
    """
    return error_rate + (1.0 - error_rate) * confirmed_after_denial(error_rate)


def least_found(wrong: int, missed: float, alpha: float) -> int:
    """Compute how many of the wrong labels reviewers would find, had they to check all rows, at least.

    Parameters
    ----------
    wrong : int
        Wrong labels.
    missed : float
        Share that is missed.
    alpha : float
        Chance that fewer are found.

    Returns
    -------
    int

    Examples
    --------
    >>> least_found(100, 0.0, 0.05), least_found(100, 0.03, 0.05)
    (100, 94)
    """
    from scipy.stats import binom

    return int(binom.ppf(alpha, wrong, 1.0 - missed))


def most_wrong(found: int, n_rows: int, missed: float, alpha: float) -> int:
    """Bound the wrong labels by those that reviewers would find.

    Parameters
    ----------
    found : int
        Wrong labels that they would find in all rows, at most.
    n_rows : int
        Labels in all.
    missed : float
        Share of wrong labels that is missed.
    alpha : float
        Chance that the bound is too low.

    Returns
    -------
    int
        The largest number of which at least ``found`` or fewer can be found.

    Examples
    --------
    >>> most_wrong(94, 1000, 0.03, 0.05)
    100
    """
    from scipy.stats import binom

    wrong = np.arange(n_rows + 1)
    least = binom.ppf(alpha, wrong, 1.0 - missed)
    return int(wrong[least <= found][-1])

"""Acceptance sampling that one may look at after every row, and end as soon as the target is proven.

Against each number of wrong labels a martingale bets that there are fewer: a mixture of likelihood ratios of rows that are drawn without
replacement, which is betting with several stakes at once. By Ville's inequality the true number is rejected with probability ``alpha`` at
most, however often one looks, so the numbers that are not rejected are a confidence sequence (Waudby-Smith and Ramdas, "Confidence sequences
for sampling without replacement", 2020; "Estimating means of bounded random variables by betting", 2024). Most of the capital is on the
number of errors that was expected beforehand, the rest spread evenly over all numbers below the one that is bet against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_ON_EXPECTED: Final = 0.8
"""Share of the capital on the expected number of errors."""


def log_capital(n_rows: int, *, rows: int, errors: int, expected: int) -> Array:
    """Compute the logarithm of the capital that bets against each number of wrong labels.

    Parameters
    ----------
    n_rows : int
        Labels in all.
    rows, errors : int
        Rows that were drawn at random without replacement, and errors among them.
    expected : int
        Errors in all that were expected before the first row was drawn.

    Returns
    -------
    (n_rows + 1,)
        Against at least 0, 1, ..., ``n_rows`` errors in all. Infinite where so many are impossible; minus infinite below ``errors + 1``,
        where nothing speaks for fewer.
    """
    from scipy.special import gammaln

    wrong = np.arange(n_rows + 1.0)
    possible = (wrong >= errors) & (n_rows - wrong >= rows - errors)
    logs = np.full(n_rows + 1, -np.inf)
    known = wrong[possible]
    logs[possible] = gammaln(known + 1) - gammaln(known - errors + 1)
    logs[possible] += gammaln(n_rows - known + 1) - gammaln(n_rows - known - (rows - errors) + 1)
    top = logs.max()
    below = np.concatenate([[0.0], np.cumsum(np.exp(logs - top))[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        even = top + np.log(below) - np.log(np.maximum(wrong, 1.0))
        on_expected = np.where(wrong > expected, logs[expected], -np.inf)
        own = np.where(wrong > expected, _ON_EXPECTED, 0.0)
        capital = np.logaddexp(np.log1p(-own) + even, np.log(own) + on_expected) - logs
    capital[wrong <= errors] = -np.inf
    capital[n_rows - wrong < rows - errors] = np.inf
    return np.asarray(capital)


def sequential_bound(n_rows: int, *, rows: int, errors: int, expected: int, alpha: float) -> int:
    """Bound the errors in all labels from above, at any time.

    Parameters
    ----------
    n_rows, rows, errors, expected
        As ``log_capital`` has them.
    alpha : float
        Chance that any bound that is ever stated is too low.

    Returns
    -------
    int
        From ``errors`` to ``n_rows``; exact when all rows were drawn.

    Examples
    --------
    >>> [sequential_bound(1000, rows=rows, errors=0, expected=0, alpha=0.05) for rows in (0, 100, 200, 1000)]
    [1000, 29, 13, 0]
    """
    kept = np.flatnonzero(log_capital(n_rows, rows=rows, errors=errors, expected=expected) < -math.log(alpha))
    return int(kept[-1])


@dataclass(frozen=True)
class SequentialPlan:
    """From which number of rows on a number of errors proves the target.

    Parameters
    ----------
    n_rows
        Labels in all.
    needed : (n_counts,)
        Rows with which 0, 1, ... errors prove it.
    """

    n_rows: int
    needed: npt.NDArray[np.int64]

    def rows_until_met(self, wrong: int) -> Array:
        """Compute the distribution of the number of rows until the target is proven.

        Parameters
        ----------
        wrong : int
            Errors in all.

        Returns
        -------
        (n_rows + 1,)
            Chance that it is proven after so many rows; they sum to 1 where the target is met, for after all rows all is known.
        """
        result = np.zeros(self.n_rows + 1)
        counts = np.arange(len(self.needed))
        chance = np.zeros(len(self.needed))
        chance[0] = 1.0
        for rows in range(self.n_rows + 1):
            met = rows >= self.needed
            result[rows] = chance[met].sum()
            chance[met] = 0.0
            if rows == self.n_rows or not chance.any():
                break
            next_wrong = np.clip((wrong - counts) / (self.n_rows - rows), 0.0, 1.0)
            moved = chance * next_wrong
            chance = chance - moved
            chance[1:] += moved[:-1]
        return result

    def mean_rows(self, wrong: int) -> float:
        """Compute the mean number of rows until the target is proven.

        Parameters
        ----------
        wrong : int
            Errors in all.

        Returns
        -------
        float
            All rows where it is never proven.
        """
        chances = self.rows_until_met(wrong)
        never = 1.0 - chances.sum()
        return float(chances @ np.arange(self.n_rows + 1.0) + never * self.n_rows)


def sequential_plan(n_rows: int, *, allowed: int, expected: int, alpha: float) -> SequentialPlan:
    """Compute how many rows prove the target, by the errors among them.

    Parameters
    ----------
    n_rows : int
        Labels in all.
    allowed : int
        The most errors in all with which the target is met.
    expected : int
        Errors in all that are expected.
    alpha : float
        Chance that more errors than are allowed are ever accepted.

    Returns
    -------
    SequentialPlan
    """
    if allowed >= n_rows:
        return SequentialPlan(n_rows, np.zeros(1, dtype=np.int64))
    needed = np.empty(allowed + 1, dtype=np.int64)
    low = 0
    for errors in range(allowed + 1):
        low = needed[errors] = _rows_needed(n_rows, allowed, expected, errors, alpha=alpha, low=low)
    return SequentialPlan(n_rows, needed)


def _rows_needed(n_rows: int, allowed: int, expected: int, errors: int, *, alpha: float, low: int) -> int:
    low, high = max(low, errors) - 1, n_rows
    while high - low > 1:
        middle = (low + high) // 2
        against = log_capital(n_rows, rows=middle, errors=errors, expected=expected)[allowed + 1]
        if against >= -math.log(alpha):
            high = middle
        else:
            low = middle
    return int(high)

"""Evidence against "nothing has changed": a mixture of martingales over when the change came.

One martingale that bets from the first row on loses its wealth in quiet months and finds no change that comes late. The
mixture begins a new one at every check, each with a share of the wealth fixed beforehand (Shiryaev's mixture), and is a
martingale itself: Ville's inequality holds for all checks together. Of the shares, ``1 - TAIL`` is spread evenly over the horizon
and the rest over the checks after it, so the guarantee has no end.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TAIL: Final = 0.05


def share_of_check(check: int, horizon: int) -> float:
    """Give the share of the wealth that bets on a change at one check.

    Parameters
    ----------
    check : int
        From 0 on.
    horizon : int
        Checks.

    Returns
    -------
    float

    Examples
    --------
    >>> round(sum(share_of_check(check, 100) for check in range(100)), 6)
    0.95
    """
    if check < horizon:
        return (1.0 - TAIL) / horizon
    return share_left(check, horizon) - share_left(check + 1, horizon)


def share_left(checks: int, horizon: int) -> float:
    """Give the share of the wealth that bets on no change in the first checks.

    Parameters
    ----------
    checks : int
        That have begun.
    horizon : int
        Checks over which most of the wealth is spread.

    Returns
    -------
    float

    Examples
    --------
    >>> [round(share_left(checks, 100), 6) for checks in (0, 100, 200)]
    [1.0, 0.05, 0.025]
    """
    if checks <= horizon:
        return 1.0 - (1.0 - TAIL) * checks / horizon
    return TAIL * horizon / checks


def log_mixture(log_sums: Array, log_weights: Array, checks: int, horizon: int) -> Array:
    """Sum the wealth over bets and change points.

    Parameters
    ----------
    log_sums : (..., n_columns, n_bets)
        Log wealth of the bets that have begun, with the shares of their checks.
    log_weights : (n_columns, n_bets)
        Log share of each bet.
    checks : int
        That have begun.
    horizon : int
        Checks over which most of the wealth is spread.

    Returns
    -------
    (..., n_columns)
        Log of the martingale, which begins at 0.
    """
    begun = np.logaddexp.reduce(log_sums + log_weights, axis=-1)
    return np.asarray(np.logaddexp(begun, np.log(share_left(checks, horizon))))

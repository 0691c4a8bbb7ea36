"""Acceptance sampling with a number of rows that is fixed beforehand (Dodge and Romig, 1929; exact, by the hypergeometric distribution).

``n_rows`` labels have an unknown number of wrong ones. So many rows are drawn at random, without replacement, and checked; with no more
than an acceptance number of errors among them, more errors in all than the target allows are unlikely.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FixedPlan:
    """How many rows to check, and how many of them may be wrong.

    Parameters
    ----------
    rows
        Rows that are checked.
    errors
        The most errors among them with which the target is met.
    """

    rows: int
    errors: int


def fixed_plan(n_rows: int, *, allowed: int, expected: int, alpha: float, power: float) -> FixedPlan | None:
    """Find the smallest sample that proves the target with a given chance.

    Parameters
    ----------
    n_rows : int
        Labels in all.
    allowed : int
        The most errors in all with which the target is met.
    expected : int
        Errors in all that are expected.
    alpha : float
        Chance that more errors than are allowed are accepted (consumer's risk).
    power : float
        Chance that the expected number of errors is accepted (one minus the producer's risk).

    Returns
    -------
    FixedPlan or None
        None where only checking all rows would do.

    Examples
    --------
    >>> fixed_plan(1000, allowed=19, expected=0, alpha=0.05, power=0.95)
    FixedPlan(rows=138, errors=0)
    """
    from scipy.stats import hypergeom

    if allowed >= n_rows:
        return FixedPlan(0, 0)
    for errors in range(allowed + 1):
        rows = _least_rows(n_rows, allowed + 1, errors, alpha)
        if rows >= n_rows:
            return None
        if hypergeom.cdf(errors, n_rows, expected, rows) >= power:
            return FixedPlan(rows, errors)
    return None


def _least_rows(n_rows: int, wrong: int, errors: int, alpha: float) -> int:
    """Rows with which so few errors, where so many are wrong, have a chance of ``alpha`` at most; it falls with the rows."""
    from scipy.stats import hypergeom

    low, high = errors, n_rows
    while high - low > 1:
        middle = (low + high) // 2
        if hypergeom.cdf(errors, n_rows, wrong, middle) <= alpha:
            high = middle
        else:
            low = middle
    return high


def hypergeometric_bound(n_rows: int, *, rows: int, errors: int, alpha: float) -> int:
    """Bound the errors in all labels from above, after a sample whose size was fixed (Clopper and Pearson, 1934, without replacement).

    Parameters
    ----------
    n_rows : int
        Labels in all.
    rows, errors : int
        Rows of the sample, and errors among them.
    alpha : float
        Chance that the bound is too low.

    Returns
    -------
    int
        From ``errors`` to ``n_rows``.

    Examples
    --------
    >>> hypergeometric_bound(1000, rows=138, errors=0, alpha=0.05)
    19
    """
    from scipy.stats import hypergeom

    low, high = errors, n_rows - (rows - errors) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if hypergeom.cdf(errors, n_rows, middle, rows) > alpha:
            low = middle
        else:
            high = middle
    return low

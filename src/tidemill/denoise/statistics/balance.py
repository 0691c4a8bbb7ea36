"""Class balance, and what a row without votes is: two estimates from the votes, and what people say of them.

Votes determine the balance poorly: over real vote sets the best estimate that could be learned from shares of votes, pair
counts, numbers of functions and coverage, each set left out in turn, is off by .13 to .14 (total variation), as is the plain
geometric mean that is used here. So the estimate counts as few rows beside gold or a stated balance, and a row without votes is
held for a class only where the estimate leaves no doubt.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_counts
from tidemill.denoise.statistics.votes import Array, vote_shares

MIN_SHARE: Final = 0.005
"""Share below which an estimate is not believed."""
ESTIMATE_WEIGHT: Final = 10.0
"""Rows of gold that the estimate from votes weighs as much as: an error of .15 is the standard error of about ten rows."""
DECISIVE: Final = 0.4
"""Lead of the likeliest class over the next from which a row without votes is held for it; twice the usual error and more."""


def class_balance(rows: DistinctRows, by_pairs: Array, stated: Array) -> Array:
    """Estimate the class balance from votes and from the stated prior.

    Shares of votes follow how much was written for each class; pair counts do not, but go astray where functions depend
    on one another. Their geometric mean errs less than either.

    Parameters
    ----------
    rows
        Distinct rows; gold among them is counted.
    by_pairs : (n_classes,)
        The balance that explains the counts of pairs of votes.
    stated : (n_classes,)
        Pseudo-counts of a stated balance; zeros where nothing is stated.

    Returns
    -------
    (n_classes,)
        Shares that sum to 1.
    """
    n_classes = len(stated)
    estimate = geometric_mean(class_vote_shares(rows, n_classes), by_pairs)
    counts = ESTIMATE_WEIGHT * estimate + stated + gold_counts(rows, n_classes)
    return np.asarray(counts / counts.sum())


def geometric_mean(first: Array, second: Array) -> Array:
    """Compute the normalised geometric mean of two balances.

    Parameters
    ----------
    first, second : (n_classes,)

    Returns
    -------
    (n_classes,)
        Sums to 1.

    Examples
    --------
    >>> geometric_mean(np.array([0.5, 0.5]), np.array([0.9, 0.1])).round(2)
    array([0.75, 0.25])
    """
    product = np.sqrt((first + MIN_SHARE) * (second + MIN_SHARE))
    return np.asarray(product / product.sum())


def leading_class(shares_: Array) -> float:
    """Compute by how much the largest share exceeds the next.

    Parameters
    ----------
    shares_ : (n_classes,)

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> round(leading_class(np.array([0.7, 0.2, 0.1])), 2)
    0.5
    """
    first, second = np.sort(shares_)[[-1, -2]]
    return float(first - second)


def uncovered_prior(balance: Array, by_silence: Array) -> Array:
    """Decide what a row without votes is.

    Parameters
    ----------
    balance : (n_classes,)
        Estimated class balance.
    by_silence : (n_classes,)
        Evidence of the pairs on a row without votes: their balance, and the coverage of the functions of each class.

    Returns
    -------
    (n_classes,)
        The balance where it is decisive; where it is not, the mean of both if the silence of functions is decisive for the
        same class; otherwise every class alike.
    """
    if leading_class(balance) >= DECISIVE:
        return balance
    if leading_class(by_silence) >= DECISIVE and by_silence.argmax() == balance.argmax():
        return geometric_mean(balance, by_silence)
    return np.full(len(balance), 1.0 / len(balance))


def class_vote_shares(rows: DistinctRows, n_classes: int) -> Array:
    """Compute the share of each class among rows with votes, a row counting once.

    Parameters
    ----------
    rows
        Distinct rows with their weights.
    n_classes
        Number of classes.

    Returns
    -------
    (n_classes,)
        Shares that sum to 1; uniform where no function votes.
    """
    weights = rows.weights * rows.covered
    mass = weights @ vote_shares(rows.votes, n_classes)
    return np.asarray(mass / mass.sum()) if mass.sum() > 0 else np.full(n_classes, 1.0 / n_classes)

"""Class balance, and what a row without votes is: two estimates from the votes, and what people say of them.

Votes determine the balance poorly: over real vote sets the best estimate that could be learned from shares of votes, pair
counts, numbers of functions and coverage, each set left out in turn, is off by .13 to .14 (total variation), as is the plain
geometric mean that is used here. So the estimate counts as few rows beside gold or a stated balance, and a silent row is
held for a class only where the estimate leaves no doubt.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import NO_GOLD
from tidemill.denoise.lifts import PairLifts
from tidemill.denoise.majority import vote_shares
from tidemill.denoise.patterns import Patterns
from tidemill.denoise.votes import Array

LEAST: Final = 0.005
"""Share below which an estimate is not believed."""
WORTH: Final = 10.0
"""Rows of gold that the estimate from votes weighs as much as: an error of .15 is the standard error of about ten rows."""
DECISIVE: Final = 0.4
"""Lead of the likeliest class over the next from which a row without votes is held for it; twice the usual error and more."""


def class_balance(found: Patterns, pairs: PairLifts, stated: Array) -> Array:
    """Estimate the class balance from votes and from what people say.

    Shares of votes follow how much was written for each class; pair counts do not, but go astray where functions depend
    on one another. Their geometric mean errs less than either.

    Parameters
    ----------
    found : Patterns
        Distinct rows; gold among them is counted.
    pairs : PairLifts
        Fitted on the same rows.
    stated : (n_classes,)
        Pseudo-counts of a stated balance; zeros where nothing is stated.

    Returns
    -------
    (n_classes,)
        Shares that sum to 1.
    """
    n_classes = len(stated)
    estimate = geometric_mean(vote_shares(found, n_classes), pairs.balance_)
    counts = WORTH * estimate + stated + gold_counts(found, n_classes)
    return np.asarray(counts / counts.sum())


def gold_counts(found: Patterns, n_classes: int) -> Array:
    """Count the gold rows of each class, ``(n_classes,)``."""
    known = found.gold != NO_GOLD
    return np.bincount(found.gold[known], weights=found.weights[known], minlength=n_classes).astype(np.float64)


def geometric_mean(first: Array, second: Array) -> Array:
    """Return the normalised geometric mean of two balances, ``(n_classes,)`` each.

    Examples
    --------
    >>> geometric_mean(np.array([0.5, 0.5]), np.array([0.9, 0.1])).round(2)
    array([0.75, 0.25])
    """
    product = np.sqrt((first + LEAST) * (second + LEAST))
    return np.asarray(product / product.sum())


def lead(shares_: Array) -> float:
    """Return by how much the largest share exceeds the next.

    Examples
    --------
    >>> round(lead(np.array([0.7, 0.2, 0.1])), 2)
    0.5
    """
    first, second = np.sort(shares_)[[-1, -2]]
    return float(first - second)


def silent_prior(balance: Array, by_silence: Array) -> Array:
    """Decide what a row without votes is.

    Parameters
    ----------
    balance : (n_classes,)
        Estimated class balance.
    by_silence : (n_classes,)
        What the pairs say of a silent row: their balance, and how readily the functions of each class speak.

    Returns
    -------
    (n_classes,)
        The balance where it is decisive; where it is not, the mean of both if the silence of functions is decisive for the
        same class; otherwise every class alike.
    """
    if lead(balance) >= DECISIVE:
        return balance
    if lead(by_silence) >= DECISIVE and by_silence.argmax() == balance.argmax():
        return geometric_mean(balance, by_silence)
    return np.full(len(balance), 1.0 / len(balance))

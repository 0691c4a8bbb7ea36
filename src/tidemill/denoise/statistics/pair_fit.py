"""Precision of every vote and the class balance, from how often pairs of functions vote together.

Pairs of votes a, b of different functions are seen together more or less often than chance would have it. Where
functions err independently given the class, their lift is ``sum_y P(y|a) P(y|b) / P(y)`` (the second moments behind
Ghosh, Kale and McAfee, EC 2011, and Ratner et al., AAAI 2019). Each kind of vote has one parameter here, the precision
``P(its class | vote)``, errors falling on other classes as these are common; the balance and a common factor for rows
with many votes complete the model. It is fitted by L-BFGS to the table of pair counts, which does not grow with
rows, under a Student-t loss that lets single pairs be as dependent as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tidemill.denoise.statistics.pair_counts import PairCounts
from tidemill.denoise.statistics.votes import Array

DEGREES: Final = 4.0
"""Degrees of freedom of the Student-t loss: 4 forgives dependent pairs and still listens to the rest."""
SPREAD: Final = 0.0125
"""Variance of a pair count beyond Poisson's, as a share of its square: about 11 percent either way."""
TALK: Final = 3.0
"""Rate of the exponential prior on how far talkative rows raise all lifts."""
PRIOR_PRECISION: Final = 0.75
"""Prior mean of a vote's precision: functions are written to be right."""
PRIOR_VOTES: Final = 30.0
"""Weight of that prior, in votes."""


@dataclass(frozen=True)
class PairFit:
    """Precision of the named class per kind of vote, class balance, talk factor."""

    precision: Array
    balance: Array
    talk: float
    given: Array = field(repr=False)
    """(kinds, classes): P(class | vote)."""

    def expected(self, counts: PairCounts) -> Array:
        """Compute the pair counts that the fit expects.

        Parameters
        ----------
        counts
            Those that were fitted.

        Returns
        -------
        (n_kinds, n_kinds)
        """
        return np.asarray(counts.chance * self.talk * ((self.given / self.balance) @ self.given.T))


def fit_pairs(counts: PairCounts, *, included: Any, prior: Array, pseudo_counts: Array) -> PairFit:
    """Fit precisions and the class balance to pair counts.

    Parameters
    ----------
    counts
        How often pairs of kinds of vote are given on one row.
    included : (n_kinds, n_kinds)
        True for the pairs to learn from.
    prior : (n_classes,)
        Dirichlet pseudo-counts of the class balance.
    pseudo_counts : (2, n_kinds)
        Pseudo-counts of each kind of vote: how many were right, and how many there were.

    Returns
    -------
    PairFit
    """
    from scipy.optimize import minimize

    problem = _PairLoss(counts, included & counts.apart & counts.overlapping, prior, pseudo_counts)
    start = np.concatenate(
        [_logit(np.clip(pseudo_counts[0] / pseudo_counts[1], 0.02, 0.98)), np.log(prior / prior.sum()), [0.0]]
    )
    options = {"maxiter": 300, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-5}
    solved = minimize(problem.loss, start, jac=True, method="L-BFGS-B", options=options).x
    precision, balance, talk = problem.unpacked(solved)
    return PairFit(precision, balance, talk, class_given_vote(precision, balance, counts.owner))


def class_given_vote(precision: Array, balance: Array, owner: Any) -> Array:
    """Compute ``P(class | vote)`` of each kind of vote; errors fall on other classes as these are common.

    Parameters
    ----------
    precision : (n_kinds,)
    balance : (n_classes,)
        Share of each class.
    owner : (n_kinds,)
        Class that each kind of vote names.

    Returns
    -------
    (n_kinds, n_classes)

    Examples
    --------
    >>> class_given_vote(np.array([0.8]), np.array([0.5, 0.25, 0.25]), np.array([0])).round(2)
    array([[0.8, 0.1, 0.1]])
    """
    given = (1.0 - precision)[:, None] * balance / (1.0 - balance[owner])[:, None]
    given[np.arange(len(owner)), owner] = precision
    return np.asarray(given)


def _logit(values: Array) -> Array:
    return np.asarray(np.log(values / (1.0 - values)))


class _PairLoss:
    """Negative log posterior of logits of precision, log balance and talk, with its gradient."""

    def __init__(self, counts: PairCounts, included: Any, prior: Array, pseudo_counts: Array) -> None:
        self.owner, self.prior = counts.owner, prior
        self.right, self.tries = pseudo_counts
        self.together = counts.together
        self.chance = counts.chance
        self.included = included.astype(np.float64)
        self.kinds = len(self.owner)

    def unpacked(self, values: Array) -> tuple[Array, Array, float]:
        precision = 1.0 / (1.0 + np.exp(-np.clip(values[: self.kinds], -12.0, 12.0)))
        logs = values[self.kinds : -1]
        balance = np.exp(logs - logs.max())
        balance = np.maximum(balance / balance.sum(), 1e-6)
        return precision, balance / balance.sum(), 1.0 + float(np.logaddexp(0.0, values[-1] - 3.0))

    def loss(self, values: Array) -> tuple[float, Array]:
        precision, balance, talk = self.unpacked(values)
        given = class_given_vote(precision, balance, self.owner)
        ratio = given / balance
        lift = ratio @ given.T
        mean = self.chance * lift * talk
        pairs, slope = _student(self.together, mean)
        by_lift = self.included * slope * self.chance
        by_talk = 0.5 * float((by_lift * lift).sum()) + TALK
        by_given = (by_lift * talk) @ ratio
        direct = -0.5 * talk * ((by_lift @ given) * given).sum(axis=0) / balance**2
        value = 0.5 * float((self.included * pairs).sum()) + self._prior_loss(precision, balance) + TALK * (talk - 1.0)
        return value, self._gradient(values, precision, balance, by_given, direct, by_talk)

    def _prior_loss(self, precision: Array, balance: Array) -> float:
        belief = self.right * np.log(precision) + (self.tries - self.right) * np.log1p(-precision)
        return float(-belief.sum() - (self.prior * np.log(balance)).sum())

    def _gradient(
        self, values: Array, precision: Array, balance: Array, by_given: Array, direct: Array, by_talk: float
    ) -> Array:
        mine = np.zeros_like(by_given)
        mine[np.arange(self.kinds), self.owner] = 1.0
        rest = 1.0 - balance[self.owner]
        spread = by_given * (1.0 - mine)
        spilled = spread @ balance
        by_precision = (by_given * mine).sum(axis=1) - spilled / rest
        by_logit = by_precision * precision * (1.0 - precision) + self.tries * precision - self.right
        share = (1.0 - precision) / rest
        by_balance = direct + share @ spread + (share * spilled / rest) @ mine - self.prior / balance
        by_logs = balance * (by_balance - by_balance @ balance)
        squash = 1.0 / (1.0 + np.exp(-(values[-1] - 3.0)))
        return np.concatenate([by_logit, by_logs, [by_talk * squash]])


def _student(seen: Array, mean: Array) -> tuple[Array, Array]:
    variance = mean + 1.0 + SPREAD * mean**2
    by_mean = 1.0 + 2.0 * SPREAD * mean
    gap = seen - mean
    square = gap**2 / variance
    value = 0.5 * (DEGREES + 1.0) * np.log1p(square / DEGREES) + 0.5 * np.log(variance)
    inner = -2.0 * gap / variance - square * by_mean / variance
    return value, 0.5 * (DEGREES + 1.0) * inner / (DEGREES + square) + 0.5 * by_mean / variance

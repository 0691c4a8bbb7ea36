"""A confusion matrix per function by EM (Dawid and Skene, Applied Statistics 28, 1979).

Plain EM collapses to one class on sparse one-sided functions. Three things keep it upright here: an abstain is a
symbol of the confusion matrix, with a propensity of its own per class; confusions are shrunk to what a function would
vote with one accuracy for all classes; the class balance has a floor. Where EM
still leaves the majority vote behind, the model reports it and predicts by the majority vote.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.models.priors import ModelWithPriors
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_evidence
from tidemill.denoise.statistics.votes import Array, named_classes, one_hot, softmax, sum_evidence, vote_shares


class DawidSkene(ModelWithPriors):
    """Posterior under a confusion matrix per function, abstains included.

    Parameters
    ----------
    strength
        How many rows of belief each confusion is shrunk with.
    balance_floor
        Least share of a class, as a fraction of ``1 / n_classes``.
    iterations
        Steps of EM at most.
    tolerance
        EM ends when no posterior moves more than this.
    balance, accuracies_hint, budget
        See ``ModelWithPriors``; most distinct rows to learn from.

    Attributes
    ----------
    confusions_ : (n_functions, 2 * n_classes + 1, n_classes)
        Probability of a symbol (class, not-class, abstain) given the class.
    fallback_ : bool
        EM left the majority vote behind; predictions are the majority vote's.
    weights_ : (n_functions,)
        How much the evidence of each counts; 1 unless repetition is discounted.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    >>> DawidSkene(n_classes=2).fit(votes).predict_proba(votes[:3]).argmax(axis=1)
    array([0, 0, 1])
    """

    name = "dawid_skene"
    parameters = (
        *("n_classes", "strength", "balance_floor", "iterations", "tolerance"),
        *("budget", "balance", "accuracies_hint"),
    )
    learned = (*ModelWithPriors.learned, "confusions_", "weights_", "fallback_")

    confusions_: Array
    weights_: Array
    fallback_: bool

    def __init__(
        self,
        n_classes: int,
        *,
        strength: float = 10.0,
        balance_floor: float = 0.02,
        iterations: int = 200,
        tolerance: float = 1e-5,
        **priors: Any,
    ) -> None:
        super().__init__(n_classes, **priors)
        self.strength = strength
        self.balance_floor = balance_floor
        self.iterations = iterations
        self.tolerance = tolerance

    def learn(self, rows: DistinctRows) -> None:
        """Fit confusions by EM from the majority vote; fall back to the majority vote where EM departs from it.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        first = vote_shares(rows.votes, self.n_classes)
        posterior = self.iterate(rows, first, np.ones(rows.votes.shape[1]))
        self.fallback_ = _left_behind(posterior, first, rows.covered * rows.weights)
        if self.fallback_:
            self.prior_ = self.balance_ = np.full(self.n_classes, 1.0 / self.n_classes)

    def iterate(self, rows: DistinctRows, start: Array, weights: Array) -> Array:
        """Alternate E and M steps until the posterior converges.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        start : (n_rows, n_classes)
            The first posterior.
        weights : (n_functions,)
            How much the evidence of each function counts.

        Returns
        -------
        (n_rows, n_classes)
            The last posterior.
        """
        self.weights_, self.fallback_, self.functions_ = weights, False, rows.votes.shape[1]
        one_hot_votes, gold_logs = one_hot(rows.votes, self.n_classes), gold_evidence(rows.gold, self.n_classes)
        counts = rows.weights[:, None]
        posterior = start
        for _ in range(self.iterations):
            self._maximise(one_hot_votes, posterior * counts)
            previous, posterior = posterior, softmax(one_hot_votes @ self._evidence() + self._bias() + gold_logs)
            if np.abs(posterior - previous).max() < self.tolerance:
                break
        self.prior_ = softmax(self._bias()[None])[0]
        return posterior

    def _maximise(self, one_hot_votes: Any, weighted: Array) -> None:
        mass = weighted.sum(axis=0)
        believed = mass + self.balance_counts()
        self.balance_ = floored(believed / believed.sum(), self.balance_floor)
        self.confusions_ = confusions(one_hot_votes, weighted, self.strength, pseudo_counts=self.accuracy_counts())

    def _evidence(self) -> Array:
        logs = np.log(self.confusions_)
        of_votes = (logs[:, :-1] - logs[:, -1:]) * self.weights_[:, None, None]
        return np.asarray(of_votes.reshape(-1, self.n_classes))

    def _bias(self) -> Array:
        return np.asarray(np.log(self.balance_) + self.weights_ @ np.log(self.confusions_[:, -1]))

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        if self.fallback_:
            return vote_shares(votes, self.n_classes)
        return softmax(sum_evidence(votes, self._evidence(), self.n_classes) + self._bias())

    def _accuracies(self) -> Array:
        right = named_classes(self.n_classes) > 0
        joint = self.confusions_[:, :-1] * self.balance_
        return np.asarray((joint * right).sum(axis=(1, 2)) / joint.sum(axis=(1, 2)))

    def report(self) -> dict[str, Any]:
        """Report the class balance, whether the model fell back to the majority vote, and why.

        Returns
        -------
        dict
            JSON content.
        """
        why = "EM left the majority vote behind: predictions are the majority vote's" if self.fallback_ else None
        return super().report() | {"fallback": self.fallback_, "fallback_reason": why}


def floored(balance: Array, floor: float) -> Array:
    """Raise the shares of rare classes to ``floor / n_classes``.

    Parameters
    ----------
    balance : (n_classes,)
        Share of each class.
    floor
        From 0 to 1.

    Returns
    -------
    (n_classes,)
        Sums to 1.

    Examples
    --------
    >>> floored(np.array([1.0, 0.0]), 0.1).round(3)
    array([0.952, 0.048])
    """
    raised = np.maximum(balance, floor / len(balance))
    return np.asarray(raised / raised.sum())


def confusions(one_hot_votes: Any, weighted: Array, strength: float, *, pseudo_counts: Array) -> Array:
    """Estimate confusion matrices from the posterior (M step), shrunk.

    Each column is shrunk, with ``strength`` rows of belief, to the function's own habits (how often it gives each
    symbol), tilted to being right with its one accuracy over all classes.

    Parameters
    ----------
    one_hot_votes : scipy.sparse matrix of shape (n_rows, n_functions * 2 * n_classes)
    weighted : (n_rows, n_classes)
        Posterior, times the weight of each row.
    strength
        How many rows of belief each confusion is shrunk with.
    pseudo_counts : (2, n_functions)
        Pseudo-counts of right votes and of all, which join the accuracy.

    Returns
    -------
    (n_functions, 2 * n_classes + 1, n_classes)
        Each column sums to 1.
    """
    n_classes = weighted.shape[1]
    counts = np.asarray(one_hot_votes.T @ weighted).reshape(-1, 2 * n_classes, n_classes)
    mass = weighted.sum(axis=0)
    full = np.concatenate([counts, np.maximum(mass - counts.sum(axis=1), 0.0)[:, None]], axis=1)
    belief = _habits(counts, mass, pseudo_counts)
    return np.asarray((full + strength * belief) / (mass + strength))


def _habits(counts: Array, mass: Array, pseudo_counts: Array) -> Array:
    n_classes = len(mass)
    named, uttered = named_classes(n_classes), counts.sum(axis=2)
    right = named > 0
    accuracy = ((counts * right).sum(axis=(1, 2)) + pseudo_counts[0]) / (counts.sum(axis=(1, 2)) + pseudo_counts[1])
    share = np.clip((mass + 1.0) / (mass + 1.0).sum(), 1e-9, None)
    wrong = np.where(right, 0.0, 1.0) / (~right).sum(axis=1, keepdims=True)
    given = accuracy[:, None, None] * named + (1.0 - accuracy)[:, None, None] * wrong
    rate = (uttered + 0.01)[:, :, None] * given / (mass.sum() + 1.0) / share
    total = rate.sum(axis=1, keepdims=True)
    rate = rate * np.minimum(1.0, 0.99 / total)
    return np.concatenate([rate, 1.0 - rate.sum(axis=1, keepdims=True)], axis=1)


def _left_behind(posterior: Array, first: Array, counts: Array) -> bool:
    covered, before, after = counts.sum(), counts @ first, counts @ posterior
    if covered == 0:
        return False
    lost = (before > 0.02 * covered) & (after < 0.1 * before)
    agreement = (posterior * first).sum(axis=1) @ counts / covered
    chance = 1.0 / posterior.shape[1]
    return bool(lost.any() or agreement < chance)

"""A confusion matrix per function of its votes, abstains left out (Dawid and Skene, 1979).

That a function abstains is not held as evidence, and the class prior is uniform: on
real votes both are where Dawid-Skene goes astray. Of a function that can only name one class next
to nothing is learned, so such functions keep about one vote each, the rarer, more specific ones a little more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.models.priors import PRIOR_RIGHT, PRIOR_VOTES, ModelWithPriors
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_evidence
from tidemill.denoise.statistics.votes import Array, named_classes, one_hot, softmax, sum_evidence, vote_shares


class DawidSkeneVotes(ModelWithPriors):
    """Posterior under a confusion matrix per function, given that it votes.

    Parameters
    ----------
    strength
        Rows of belief in one accuracy for all classes that each confusion is shrunk with.
    balance, accuracies_hint, budget
        See ``ModelWithPriors``; most distinct rows to learn from.

    Attributes
    ----------
    evidence_ : (n_functions * 2 * n_classes, n_classes)
        Log probability of each kind of vote given the class.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    >>> DawidSkeneVotes(n_classes=2).fit(votes).predict_proba(votes[:3]).argmax(axis=1)
    array([0, 0, 1])
    """

    name = "dawid_skene_votes"
    parameters = ("n_classes", "strength", "iterations", "tolerance", "budget", "balance", "accuracies_hint")
    learned = (*ModelWithPriors.learned, "evidence_", "accuracies_")

    evidence_: Array
    accuracies_: Array

    def __init__(
        self,
        n_classes: int,
        *,
        strength: float = 50.0,
        iterations: int = 100,
        tolerance: float = 1e-5,
        **priors: Any,
    ) -> None:
        super().__init__(n_classes, **priors)
        self.strength = strength
        self.iterations = iterations
        self.tolerance = tolerance

    def learn(self, rows: DistinctRows) -> None:
        """Fit confusions by EM, functions that repeat one another counted once.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        self.iterate(rows, np.ones(rows.votes.shape[1]))

    def iterate(self, rows: DistinctRows, weights: Array) -> None:
        """Alternate E and M steps until the posterior converges.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        weights : (n_functions,)
            How much the evidence of each function counts.
        """
        self.functions_ = rows.votes.shape[1]
        self.prior_ = self.balance_ = self.stated_balance()
        pseudo_counts, bias = self.accuracy_counts(), np.log(self.balance_)
        one_hot_votes = one_hot(rows.votes, self.n_classes)
        gold_logs, powers = gold_evidence(rows.gold, self.n_classes), np.repeat(weights, 2 * self.n_classes)[:, None]
        posterior = softmax(np.log(vote_shares(rows.votes, self.n_classes) + 1e-9) + gold_logs)
        for _ in range(self.iterations):
            given, self.accuracies_ = conditional_confusions(
                one_hot_votes, posterior * rows.weights[:, None], self.strength, pseudo_counts=pseudo_counts
            )
            self.evidence_ = np.log(given) * powers
            previous, posterior = posterior, softmax(one_hot_votes @ self.evidence_ + bias + gold_logs)
            if np.abs(posterior - previous).max() < self.tolerance:
                break

    def stated_balance(self) -> Array:
        """Compute the stated class balance, uniform where none is stated.

        Returns
        -------
        (n_classes,)
            Shares that sum to one.
        """
        counts = self.balance_counts() + 1e-9
        return np.asarray(counts / counts.sum())

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return softmax(sum_evidence(votes, self.evidence_, self.n_classes) + np.log(self.balance_))

    def _accuracies(self) -> Array:
        return self.accuracies_


def conditional_confusions(
    one_hot_votes: Any,
    weighted: Array,
    strength: float,
    *,
    pseudo_counts: Array | None = None,
    habits: Array | None = None,
) -> tuple[Array, Array]:
    """Estimate ``P(vote | class, the function votes)`` from the posterior (M step), shrunk.

    Parameters
    ----------
    one_hot_votes : scipy.sparse matrix of shape (n_rows, n_functions * 2 * n_classes)
    weighted : (n_rows, n_classes)
        Posterior, times the weight of each row.
    strength
        Rows of belief in one accuracy that each confusion is shrunk with.
    pseudo_counts : (2, n_functions), optional
        Pseudo-counts of right votes, and of all votes, where accuracies have priors.
    habits : (n_functions, 2 * n_classes), optional
        How readily each function gives each vote; None: its share of votes.

    Returns
    -------
    confusions : (n_functions * 2 * n_classes, n_classes)
    accuracies : (n_functions,)
    """
    n_classes = weighted.shape[1]
    counts = np.asarray(one_hot_votes.T @ weighted).reshape(-1, 2 * n_classes, n_classes)
    uses, total = counts.sum(axis=2), counts.sum(axis=(1, 2))
    named = named_classes(n_classes)
    right = named > 0
    extra = np.array([[PRIOR_RIGHT], [PRIOR_VOTES]]) if pseudo_counts is None else pseudo_counts
    accuracy = ((counts * right).sum(axis=(1, 2)) + extra[0]) / (total + extra[1])
    wrong = ~right / np.maximum((~right).sum(axis=1, keepdims=True), 1)
    tilt = accuracy[:, None, None] * named + (1.0 - accuracy)[:, None, None] * wrong
    chance = np.where(np.arange(2 * n_classes) < n_classes, 0.5, 0.0)
    ready = (uses + chance) / (total[:, None] + 0.5 * n_classes) if habits is None else habits
    belief = tilt * ready[:, :, None]
    belief = belief / belief.sum(axis=1, keepdims=True)
    given = (counts + strength * belief) / (counts.sum(axis=1, keepdims=True) + strength)
    return np.maximum(given, 1e-12).reshape(-1, n_classes), accuracy

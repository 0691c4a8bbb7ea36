"""Votes weighted by how well each function agrees with the others (Wawa: worker agreement with aggregate)."""

from __future__ import annotations

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_evidence
from tidemill.denoise.statistics.votes import Array, named_classes, one_hot, softmax, sum_evidence, vote_shares

BELIEF = 10.0
"""Votes of belief that a function is right as often as all are."""


class WeightedVote(BaseLabelModel):
    """Posterior in which each function weighs the log odds of its agreement with the majority.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    >>> WeightedVote(n_classes=2).fit(votes).accuracies().round(2)
    array([0.81, 0.81, 0.7 ])
    """

    name = "weighted"
    parameters = ("n_classes", "budget")
    learned = (*BaseLabelModel.learned, "accuracies_")

    accuracies_: Array

    def __init__(self, n_classes: int, *, budget: int = 20_000) -> None:
        super().__init__(n_classes)
        self.budget = budget

    def learn(self, rows: DistinctRows) -> None:
        """Measure the agreement of each function with the majority, and with gold where there is some.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        self.prior_ = self.balance_ = np.full(self.n_classes, 1.0 / self.n_classes)
        labels = np.log(np.maximum(vote_shares(rows.votes, self.n_classes), 1e-9))
        posterior = softmax(labels + gold_evidence(rows.gold, self.n_classes))
        self.accuracies_ = smoothed_accuracies(rows, posterior, self.n_classes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return softmax(sum_evidence(votes, one_coin_evidence(self.accuracies_, self.n_classes), self.n_classes))

    def _accuracies(self) -> Array:
        return self.accuracies_


def smoothed_accuracies(rows: DistinctRows, labels: Probabilities, n_classes: int) -> Array:
    """Estimate how often each function is right where it votes, shrunk.

    Parameters
    ----------
    rows
        Distinct rows of votes, their weights and gold.
    labels : (n_rows, n_classes)
        Probabilities to compare with.
    n_classes
        Number of classes.

    Returns
    -------
    (n_functions,)
        Between 0 and 1.
    """
    mass = np.asarray(one_hot(rows.votes, n_classes).T @ (labels * rows.weights[:, None]))
    mass = mass.reshape(-1, 2 * n_classes, n_classes)
    right = (mass * (named_classes(n_classes) > 0)).sum(axis=(1, 2))
    total = mass.sum(axis=(1, 2))
    every = right.sum() / max(total.sum(), 1e-12)
    return np.asarray((right + BELIEF * every) / (total + BELIEF))


def one_coin_evidence(accuracies: Array, n_classes: int) -> Array:
    """Turn accuracies into evidence; errors are spread evenly over all other classes.

    Parameters
    ----------
    accuracies : (n_functions,)
    n_classes
        Number of classes.

    Returns
    -------
    (n_functions * 2 * n_classes, n_classes)
        Log probability of each kind of vote given the class.

    Examples
    --------
    >>> one_coin_evidence(np.array([0.9]), 2)[:2].round(2)
    array([[-0.11, -2.3 ],
           [-2.3 , -0.11]])
    """
    named = named_classes(n_classes)
    wrong = np.where(named > 0, 0.0, 1.0)
    wrong = wrong / wrong.sum(axis=1, keepdims=True)
    rates = np.clip(accuracies, 0.01, 0.99)[:, None, None]
    chance = np.where(named > 0, rates * named, (1.0 - rates) * wrong)
    return np.asarray(np.log(chance).reshape(-1, n_classes))

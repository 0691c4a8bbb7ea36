"""One accuracy per function by EM (Raykar et al., JMLR 11, 2010, without its classifier)."""

from __future__ import annotations

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.models.weighted import one_coin_evidence, smoothed_accuracies
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_evidence
from tidemill.denoise.statistics.votes import Array, one_hot, softmax, sum_evidence, vote_shares


class OneCoin(BaseLabelModel):
    """Posterior under one accuracy per function and a uniform class prior.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    >>> OneCoin(n_classes=2).fit(votes).predict_proba(votes[:3]).argmax(axis=1)
    array([0, 0, 1])
    """

    name = "one_coin"
    parameters = ("n_classes", "iterations", "tolerance", "budget")
    learned = (*BaseLabelModel.learned, "accuracies_")

    accuracies_: Array

    def __init__(self, n_classes: int, *, iterations: int = 100, tolerance: float = 1e-6, budget: int = 20_000) -> None:
        super().__init__(n_classes)
        self.iterations = iterations
        self.tolerance = tolerance
        self.budget = budget

    def learn(self, rows: DistinctRows) -> None:
        """Fit accuracies by EM.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        one_hot_votes, gold_logs = one_hot(rows.votes, self.n_classes), gold_evidence(rows.gold, self.n_classes)
        self.prior_ = self.balance_ = np.full(self.n_classes, 1.0 / self.n_classes)
        posterior = vote_shares(rows.votes, self.n_classes)
        for _ in range(self.iterations):
            self.accuracies_ = smoothed_accuracies(rows, posterior, self.n_classes)
            previous, posterior = posterior, softmax(one_hot_votes @ self._evidence() + gold_logs)
            if np.abs(posterior - previous).max() < self.tolerance:
                break

    def _evidence(self) -> Array:
        return one_coin_evidence(self.accuracies_, self.n_classes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return softmax(sum_evidence(votes, self._evidence(), self.n_classes))

    def _accuracies(self) -> Array:
        return self.accuracies_

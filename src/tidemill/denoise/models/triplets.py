"""Accuracies in closed form from triplets of functions (Fu et al., "Fast and three-rious", ICML 2020).

For one class against the rest, let a vote be +1 or -1. Where functions err independently, the mean product of two is
the product of their accuracies on that scale, so three pairs of three functions give each: ``a_i = sqrt(|M_ij M_ik /
M_jk|)``. Each function takes the median over its triplets and the mean over classes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tidemill.contracts import ABSTAIN, Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.models.weighted import one_coin_evidence
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array, softmax, sum_evidence

PARTNERS: Final = 40
"""Most functions that triplets are made of: those which vote most."""
BELIEF: Final = 20.0
"""Rows of belief that a function is 0.4 better than a coin; pairs that meet rarely count little."""
USUAL: Final = 0.4


class Triplets(BaseLabelModel):
    """Posterior under accuracies from triplets; no iteration, no start to depend on.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> truth = chance.integers(0, 2, 20_000)
    >>> votes = np.stack([np.where(chance.random(20_000) < a, truth, 1 - truth) for a in (0.9, 0.8, 0.7)], axis=1)
    >>> Triplets(n_classes=2).fit(votes).accuracies().round(1)
    array([0.9, 0.8, 0.7])
    """

    name = "triplets"
    parameters = ("n_classes", "budget")
    learned = (*BaseLabelModel.learned, "accuracies_")

    accuracies_: Array

    def __init__(self, n_classes: int, *, budget: int = 20_000) -> None:
        super().__init__(n_classes)
        self.budget = budget

    def learn(self, rows: DistinctRows) -> None:
        """Compute accuracies in closed form; gold is not used.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        self.prior_ = self.balance_ = np.full(self.n_classes, 1.0 / self.n_classes)
        scales = [_accuracies(*_products(rows, k)) for k in range(1 if self.n_classes == 2 else self.n_classes)]  # noqa: PLR2004
        self.accuracies_ = np.clip((1.0 + np.mean(scales, axis=0)) / 2.0, 0.05, 0.95)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return softmax(sum_evidence(votes, one_coin_evidence(self.accuracies_, self.n_classes), self.n_classes))

    def _accuracies(self) -> Array:
        return self.accuracies_


def _products(rows: DistinctRows, k: int) -> tuple[Array, Array]:
    """Over rows on which both functions vote, with how many these are."""
    voted = rows.votes != ABSTAIN
    names = (rows.votes == k) | ((rows.votes < ABSTAIN) & (rows.votes != -2 - k))
    signs = np.where(voted, np.where(names, 1.0, -1.0), 0.0)
    both = voted.astype(np.float64).T @ (voted * rows.weights[:, None])
    product = (signs.T @ (signs * rows.weights[:, None]) + BELIEF * USUAL**2) / (both + BELIEF)
    return np.asarray(product), np.asarray(both)


def _accuracies(product: Array, both: Array) -> Array:
    partners = np.argsort(-np.diag(both), kind="stable")[:PARTNERS]
    return np.array([_accuracy(product, both, i, partners[partners != i]) for i in range(len(product))])


def _accuracy(product: Array, both: Array, i: int, others: Any) -> float:
    """Median over triplets of function ``i``, its sign that of its agreement with all others."""
    if len(others) < 2:  # noqa: PLR2004 - a triplet takes two others
        return USUAL
    first, second = np.triu_indices(len(others), 1)
    j, k = others[first], others[second]
    square = np.abs(product[i, j] * product[i, k]) / np.maximum(np.abs(product[j, k]), 0.01)
    sign = 1.0 if both[i, others] @ product[i, others] >= 0 else -1.0
    return sign * float(np.median(np.sqrt(np.minimum(square, 1.0))))

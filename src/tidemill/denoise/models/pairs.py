"""Class by the precision of each kind of vote, learned from pairs of functions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Features, Probabilities, Votes
from tidemill.denoise.models.priors import ModelWithPriors
from tidemill.denoise.statistics.balance import class_vote_shares
from tidemill.denoise.statistics.dependence import Dependence, dependent_groups, estimate_dependence
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_counts, gold_evidence
from tidemill.denoise.statistics.pair_counts import PairCounts, pair_counts
from tidemill.denoise.statistics.pair_fit import PRIOR_PRECISION, PRIOR_VOTES, class_given_vote
from tidemill.denoise.statistics.votes import Array, one_hot, softmax, sum_evidence

WRONG: Final = 2.0
"""How often at most a vote is expected to be wrong, beside the share of votes for the other classes: a vote for a class that
nearly all votes name is nearly always right."""
DECISIVE: Final = 1.2
"""How much likelier than chance its likeliest class must be before abstains count as evidence for it."""


class PairLifts(ModelWithPriors):
    """Posterior from precisions and a class balance that explain how often pairs of votes occur.

    Repeating functions share their evidence. Classes are equally likely a priori on rows with votes; a row without votes gets
    what the balance and each function's abstaining tell of it, where they tell anything.

    Parameters
    ----------
    anchor
        Dirichlet pseudo-counts of each class in the balance.
    most
        Most kinds of vote whose pairs are counted; precisions of rarer kinds follow from these.
    balance, accuracies_hint, budget
        See ``ModelWithPriors``; most distinct rows to learn from.

    Attributes
    ----------
    balance_ : (n_classes,)
        Estimated class balance.
    evidence_ : (n_functions * 2 * n_classes, n_classes)
        Log of P(class | vote) over the balance.
    weights_ : (n_functions,)
        How much each still counts, repetition discounted.
    """

    name = "pairs"
    parameters = ("n_classes", "anchor", "most", "budget", "balance", "accuracies_hint")
    learned = (*ModelWithPriors.learned, "evidence_", "weights_", "excess_", "precision_", "uses_", "talk_")

    evidence_: Array
    weights_: Array
    excess_: Array
    precision_: Array
    uses_: Array
    talk_: float
    dependence_: Dependence
    counts_: PairCounts

    def __init__(
        self,
        n_classes: int,
        *,
        anchor: float = 2.0,
        most: int = 200,
        **priors: Any,
    ) -> None:
        super().__init__(n_classes, **priors)
        self.anchor = anchor
        self.most = most

    def learn(self, rows: DistinctRows) -> None:
        """Fit precisions and balance to pair counts.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        self.functions_ = rows.votes.shape[1]
        self.counts_ = pair_counts(rows, self.n_classes, most=self.most)
        prior = self.anchor + self.balance_counts() + gold_counts(rows, self.n_classes)
        learned = self.dependence_ = estimate_dependence(
            self.counts_,
            self.functions_,
            prior=prior,
            pseudo_counts=self._precision_counts(rows),
            known=self.of_one_group(),
        )
        self.balance_, self.talk_ = learned.fit.balance, learned.fit.talk
        self.weights_, self.excess_ = learned.weights, learned.excess
        self.precision_, self.uses_ = self._all_precisions(rows)
        self.evidence_ = self._evidence()
        self.prior_ = self._silent()

    def _precision_counts(self, rows: DistinctRows) -> Array:
        believed = self.stated_accuracies()[self.counts_.functions]
        others = 1.0 - class_vote_shares(rows, self.n_classes)[self.counts_.owner]
        usual = np.maximum(PRIOR_PRECISION, 1.0 - WRONG * others)
        right = np.clip(np.where(np.isnan(believed), usual, believed), 0.02, 0.999)
        refuses = self.counts_.symbols >= self.n_classes
        pseudo_counts = np.stack(
            [np.where(refuses, (1.0 - right) / self.n_classes, right) * PRIOR_VOTES, np.full(len(right), PRIOR_VOTES)]
        )
        labeled = np.flatnonzero(rows.gold != NO_GOLD)
        one_hot_votes = one_hot(rows.votes[labeled], self.n_classes)[:, self.counts_.columns]
        truth = np.eye(self.n_classes)[rows.gold[labeled]] * rows.weights[labeled][:, None]
        seen = np.asarray(one_hot_votes.T @ truth)
        return np.asarray(pseudo_counts + np.stack([seen[np.arange(len(right)), self.counts_.owner], seen.sum(axis=1)]))

    def _all_precisions(self, rows: DistinctRows) -> tuple[Array, Array]:
        """Precision of every kind of vote; kinds that were not counted in pairs follow from those that were."""
        counts, width = self.counts_, 2 * self.n_classes
        one_hot_votes = one_hot(rows.votes, self.n_classes)
        gold_logs = gold_evidence(rows.gold, self.n_classes)
        uses = np.asarray(one_hot_votes.T @ rows.weights).ravel() / rows.weights.sum()
        evidence = np.zeros((self.functions_ * width, self.n_classes))
        evidence[counts.columns] = np.log(np.maximum(self.dependence_.fit.given, 1e-12) / self.balance_)
        mass = np.asarray(one_hot_votes.T @ (softmax(one_hot_votes @ evidence + gold_logs) * rows.weights[:, None]))
        owner = np.tile(np.arange(width) % self.n_classes, self.functions_)
        hint = np.tile(
            np.where(np.arange(width) < self.n_classes, PRIOR_PRECISION, (1 - PRIOR_PRECISION) / self.n_classes),
            len(owner) // width,
        )
        precision = (mass[np.arange(len(owner)), owner] + PRIOR_VOTES * hint) / (mass.sum(axis=1) + PRIOR_VOTES)
        precision[counts.columns] = self.dependence_.fit.precision
        return precision, uses

    def given(self) -> Array:
        """Compute ``P(class | vote)`` of each kind of vote.

        Returns
        -------
        (n_functions * 2 * n_classes, n_classes)
        """
        owner = np.tile(np.arange(2 * self.n_classes) % self.n_classes, self.functions_)
        return class_given_vote(self.precision_, self.balance_, owner)

    def _evidence(self) -> Array:
        logs = np.log(np.maximum(self.given(), 1e-12) / self.balance_)
        return np.asarray(logs * np.repeat(self.weights_, 2 * self.n_classes)[:, None])

    def _silent(self) -> Array:
        """What a silent row is: the balance, and what each function's silence says of the classes it speaks on."""
        speaks = (self.uses_[:, None] * self.given() / self.balance_).reshape(self.functions_, -1, self.n_classes)
        silence = np.log(np.clip(1.0 - speaks.sum(axis=1), 0.02, 1.0))
        silent = softmax((np.log(self.balance_) + self.weights_ @ silence)[None])[0]
        uniform = np.full(self.n_classes, 1.0 / self.n_classes)
        return np.asarray(silent if silent.max() >= DECISIVE / self.n_classes else uniform)

    def mismatch(self, rows: DistinctRows) -> float:
        """Compute the share of rows that are given a class beyond its share in the estimated balance.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.

        Returns
        -------
        float
            From 0 to 1.
        """
        posterior = softmax(one_hot(rows.votes, self.n_classes) @ self.evidence_)
        share = (rows.weights * rows.covered) @ posterior / rows.weights.sum()
        return float(np.maximum(share - self.balance_, 0.0).sum())

    def posterior(self, rows: DistinctRows) -> Array:
        """Compute the posterior of rows with the estimated balance as prior.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.

        Returns
        -------
        (n_rows, n_classes)
            Rows without votes get the prior.
        """
        bias = np.log(self.balance_)
        posterior = softmax(one_hot(rows.votes, self.n_classes) @ self.evidence_ + bias)
        posterior[~rows.covered] = self.prior_
        return posterior

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return softmax(sum_evidence(votes, self.evidence_, self.n_classes))

    def _accuracies(self) -> Array:
        return self.precisions()

    def precisions(self) -> Array:
        """Compute the precision of each function's votes.

        Returns
        -------
        (n_functions,)
            In the model's order; NaN for a function that never votes.
        """
        width = 2 * self.n_classes
        refuses = np.tile(np.arange(width) >= self.n_classes, self.functions_)
        right = np.where(refuses, 1.0 - self.precision_, self.precision_) * self.uses_
        uses = self.uses_.reshape(-1, width).sum(axis=1)
        return np.asarray(np.where(uses > 0, right.reshape(-1, width).sum(axis=1) / np.maximum(uses, 1e-12), np.nan))

    def report(self) -> dict[str, Any]:
        """Report the balance, groups of repeating functions and the effective number of functions.

        Returns
        -------
        dict
            JSON content.
        """
        groups = [sorted(int(self.order_[j]) for j in group) for group in self.groups()]
        return super().report() | {
            "effective_functions": round(self.effective(), 3),
            "groups": sorted(groups),
            "talk": round(float(self.talk_), 4),
        }

    def effective(self) -> float:
        """Compute the effective number of functions, of those that ever vote, repetition discounted.

        Returns
        -------
        float
            At most the number of functions that ever vote.
        """
        speaks = self.uses_.reshape(self.functions_, -1).sum(axis=1) > 0
        return float(self.weights_[speaks].sum())

    def groups(self) -> list[list[int]]:
        """List groups of functions that repeat one another, by their indices in the model's order.

        Returns
        -------
        list of list of int
            Indices of each group.
        """
        return dependent_groups(self.excess_)

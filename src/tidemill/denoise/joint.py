"""votes and features -> class: a linear classifier and the meaning of votes, each learned from the other.

The classifier learns the current labels and is asked about rows it has not seen (cross-fitting); its answers say what
each kind of vote means (``P(class | vote)``), and both together make the next labels. Raykar et al., "Learning from
Crowds" (JMLR 2010) do the same by EM with one-coin workers. Errors of functions that share words stand out against a
view that knows nothing of functions; rows on which all are silent get the classifier's answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tidemill.contracts import NO_GOLD, DataError, Features, Probabilities, Votes
from tidemill.denoise.base import Gold, LabelModel, silent
from tidemill.denoise.pool import Pool
from tidemill.denoise.softmax import Linear, fit_linear
from tidemill.denoise.spoken import gold_evidence
from tidemill.denoise.votes import Array, normalised, one_hot, weigh


@dataclass(frozen=True)
class Rows:
    """The rows learned from, in an order that depends on them alone."""

    said: Any
    features: Features
    gold: Array
    heard: Any


class Joint(LabelModel):
    """Votes and features -> posterior of a linear classifier and of what each kind of vote means.

    Parameters
    ----------
    penalty
        Weight of the classifier's squared coefficients, in rows.
    strength
        Votes of belief in the class balance that the meaning of each kind of vote is shrunk with.
    rounds, folds
        How often labels are made anew; parts for cross-fitting.
    most
        Most rows to learn from.

    Attributes
    ----------
    evidence_
        (functions * 2 * classes, classes): log of P(class | vote) over the balance.
    coefficients_, centre_, scale_
        The classifier: (dimensions + 1, classes), centre and scale of features.
    """

    name = "joint"
    parameters = ("n_classes", "penalty", "strength", "rounds", "folds", "most")
    learned = (*LabelModel.learned, "evidence_", "coefficients_", "centre_", "scale_", "accuracies_")
    uses_features = True

    evidence_: Array
    coefficients_: Array
    centre_: Array
    scale_: Array
    accuracies_: Array

    def __init__(
        self,
        n_classes: int,
        *,
        penalty: float = 30.0,
        strength: float = 10.0,
        rounds: int = 5,
        folds: int = 4,
        most: int = 20_000,
    ) -> None:
        super().__init__(n_classes)
        self.penalty = penalty
        self.strength = strength
        self.rounds = rounds
        self.folds = folds
        self.most = most

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:
        pool = Pool(self.n_classes).fit(votes, gold=gold)
        self.learn(votes, features, gold=gold, start=pool.predict_proba(votes))

    def learn(self, votes: Votes, features: Features | None, *, gold: Gold, start: Probabilities) -> None:
        """Votes, features, gold and first labels -> what ``fit`` learns."""
        if features is None:
            raise DataError("label model joint needs features: configure denoise.use_features, or give --features")
        self.functions_ = votes.shape[1]
        order = row_order(votes, features)[: self.most]
        rows = self._rows(votes[order], features[order], gold if gold is None else np.asarray(gold)[order])
        labels, warm = start[order], [None] * (self.folds + 1)
        for _ in range(self.rounds):
            seen, whole = self._cross_fitted(rows, labels, warm)
            self._read_votes(rows.said, seen)
            labels = normalised(rows.said @ self.evidence_ + np.log(np.maximum(seen, 1e-9)) + rows.gold)
        self.coefficients_, self.centre_, self.scale_ = whole.weights, whole.centre, whole.scale
        self.prior_ = self.balance_ = labels.mean(axis=0) / labels.mean(axis=0).sum()

    def _rows(self, votes: Votes, features: Features, gold: Gold) -> Rows:
        known = np.full(len(votes), NO_GOLD) if gold is None else gold
        evidence = gold_evidence(known, self.n_classes)
        heard = ~silent(votes) | (known != NO_GOLD)
        return Rows(one_hot(votes, self.n_classes), np.asarray(features, dtype=np.float32), evidence, heard)

    def _cross_fitted(self, rows: Rows, labels: Array, warm: list[Any]) -> tuple[Array, Linear]:
        """Rows and labels -> the classifier's answers on rows it did not see, and the classifier of all rows."""
        place = np.arange(len(labels)) % self.folds
        seen = np.zeros_like(labels)
        for fold in range(self.folds):
            model = self._classifier(rows, labels, rows.heard & (place != fold), warm[fold])
            warm[fold], seen[place == fold] = model.weights, model.predict(rows.features[place == fold])
        whole = self._classifier(rows, labels, rows.heard, warm[-1])
        warm[-1] = whole.weights
        return seen, whole

    def _classifier(self, rows: Rows, labels: Array, chosen: Any, start: Array | None) -> Linear:
        chosen = chosen if chosen.any() else np.ones_like(chosen)
        weights = np.ones(int(chosen.sum()))
        return fit_linear(rows.features[chosen], labels[chosen], weights=weights, penalty=self.penalty, start=start)

    def _read_votes(self, said: Any, seen: Probabilities) -> None:
        balance = seen.mean(axis=0)
        mass = np.asarray(said.T @ seen)
        meaning = (mass + self.strength * balance) / (mass.sum(axis=1, keepdims=True) + self.strength)
        self.evidence_ = np.log(np.maximum(meaning, 1e-9) / np.maximum(balance, 1e-9))
        self.accuracies_ = _accuracies(meaning, mass.sum(axis=1), self.n_classes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:
        logits = weigh(votes, self.evidence_, self.n_classes)
        if features is None:
            return normalised(logits + np.log(self.balance_))
        linear = Linear(self.coefficients_, self.centre_, self.scale_)
        return normalised(logits + np.log(np.maximum(linear.predict(features), 1e-9)))

    def _predict_or_prior(self, votes: Votes, features: Features | None = None) -> Probabilities:
        found = self._predict(votes, features)
        if features is None:
            found[silent(votes)] = self.prior_
        return found

    def _accuracies(self) -> Array:
        return self.accuracies_


def row_order(votes: Votes, features: Features) -> Any:
    """Rows in an order that depends on what is said and seen of them, not on where they stand."""
    words = np.ascontiguousarray(np.asarray(features, dtype=np.float32)).view(np.uint32).astype(np.uint64)
    spread = np.random.default_rng(0).integers(1, 2**63, words.shape[1] + votes.shape[1], dtype=np.uint64) | np.uint64(
        1
    )
    total = (words * spread[: words.shape[1]]).sum(axis=1, dtype=np.uint64)
    total += ((votes.astype(np.int64) + 256).astype(np.uint64) * spread[words.shape[1] :]).sum(axis=1, dtype=np.uint64)
    return np.argsort(total ^ (total >> np.uint64(29)), kind="stable")


def _accuracies(meaning: Array, uses: Array, n_classes: int) -> Array:
    kinds = np.tile(np.arange(2 * n_classes), len(uses) // (2 * n_classes))
    named = meaning[np.arange(len(kinds)), kinds % n_classes]
    right = (np.where(kinds < n_classes, named, 1.0 - named) * uses).reshape(-1, 2 * n_classes).sum(axis=1)
    total = uses.reshape(-1, 2 * n_classes).sum(axis=1)
    return np.asarray(np.where(total > 0, right / np.maximum(total, 1e-12), np.nan))

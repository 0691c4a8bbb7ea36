"""A linear classifier of features and the meaning of votes, each learned from the other.

The classifier is trained on current labels and predicts rows it has not seen (cross-fitting); predictions estimate what
each kind of vote means (``P(class | vote)``), and both together make the next labels. Raykar et al., "Learning from
Crowds" (JMLR 2010) do the same by EM with one-coin workers. Errors of functions that share words stand out against a
view that knows nothing of functions; rows without votes get the classifier's prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from tidemill.contracts import NO_GOLD, DataError, Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel, Gold, from_dict
from tidemill.denoise.models.smoothed import SmoothedVote
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_evidence, gold_scores
from tidemill.denoise.statistics.logistic_regression import LinearClassifier, fit_logistic_regression
from tidemill.denoise.statistics.row_order import gold_first, row_order
from tidemill.denoise.statistics.votes import Array, one_hot, softmax, sum_evidence, uncovered

UNSKILLED: Final = 0.1
"""Skill at which the features predict nothing: the votes alone are used."""
SKILLED: Final = 0.5
"""Skill from which the meaning of votes is the classifier's alone."""

ROUNDS_OF_SHIFT: Final = 1_000

RECALLED: Final = 0.25
"""How far above its mean the prediction of a class must be, where it is the label, for the classifier to know the class."""


@dataclass(frozen=True)
class TrainingRows:
    """The rows learned from, in an order that depends on them alone."""

    one_hot_votes: Any
    features: Features
    gold: Array
    covered: Any


class Joint(BaseLabelModel):
    """Posterior of a linear classifier and of what each kind of vote means.

    Parameters
    ----------
    penalty
        Weight of the classifier's squared coefficients, in rows.
    strength
        Votes of belief in the class balance that the meaning of each kind of vote is shrunk with.
    rounds
        How often labels are made anew.
    folds
        Parts for cross-fitting.
    most
        Most rows to learn from.

    Attributes
    ----------
    evidence_ : (n_functions * 2 * n_classes, n_classes)
        Log of P(class | vote) over the balance.
    coefficients_ : (n_dimensions + 1, n_classes)
        Of the classifier, the intercept last.
    centre_, scale_ : (n_dimensions,)
        Of the features.
    skill_ : float
        Agreement of the classifier with the votes' labels on rows it has not seen, beyond the commonest class; 0 to 1.
    base_ : LabelModel
        The label model of votes alone; it predicts where the classifier has no skill.
    uncovered_bias_ : (n_classes,)
        Log odds added on rows without votes, where their default class is stated; 0: none.
    held_out_ : dict or None
        Scores on gold rows, each by a classifier that was not fitted on the row; None where there is no gold.
    """

    name = "joint"
    parameters = ("n_classes", "penalty", "strength", "rounds", "folds", "most")
    learned = (
        *BaseLabelModel.learned,
        "evidence_",
        "coefficients_",
        "centre_",
        "scale_",
        "accuracies_",
        "skill_",
        "uncovered_bias_",
    )
    uses_features = True

    evidence_: Array
    coefficients_: Array
    centre_: Array
    scale_: Array
    accuracies_: Array
    skill_: float
    uncovered_bias_: Array | float = 0.0
    base_: BaseLabelModel
    held_out_: dict[str, float] | None

    def __init__(
        self,
        n_classes: int,
        *,
        penalty: float = 30.0,
        strength: float = 10.0,
        rounds: int = 4,
        folds: int = 3,
        most: int = 5_000,
    ) -> None:
        super().__init__(n_classes)
        self.penalty = penalty
        self.strength = strength
        self.rounds = rounds
        self.folds = folds
        self.most = most

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:
        votes = votes[:, self.order_]
        self.learn_rows(votes, features, gold=gold, base=SmoothedVote(self.n_classes).fit(votes, gold=gold))

    def learn(self, rows: DistinctRows) -> None:  # noqa: ARG002 - refused
        """Refuse to learn: distinct rows have no features.

        Parameters
        ----------
        rows
            Not read.

        Raises
        ------
        DataError
            Always; the model is fitted on rows by ``fit``.
        """
        raise DataError("label model joint learns from features of rows, which cannot be counted: fit it on rows")

    def learn_rows(
        self, votes: Votes, features: Features | None, *, gold: Gold, base: BaseLabelModel, default: Array | None = None
    ) -> None:
        """Fit classifier and meaning of votes on top of a label model of votes.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            In the model's order of functions.
        features : (n_rows, n_dimensions) or None
            Features of the rows.
        gold : (n_rows,) or None
            Class index or ``NO_GOLD``.
        base
            Fitted on the same votes.
        default : (n_classes,), optional
            Stated shares of the classes among rows without votes, which predictions of these rows then have on average.

        Raises
        ------
        DataError
            There are no features.
        """
        if features is None:
            raise DataError("label model joint needs features: configure denoise.use_features, or give --features")
        self.functions_ = votes.shape[1]
        order = gold_first(row_order(votes, features), gold)[: self.most]
        gold_labels = np.full(len(order), NO_GOLD) if gold is None else np.asarray(gold)[order]
        rows = self._rows(votes[order], features[order], gold_labels)
        self.base_, alone = base, base.predict_proba(votes[order])
        start = base.first_labels(votes[order]) if isinstance(base, SmoothedVote) else alone
        labels, warm = start, [None] * (self.folds + 1)
        for turn in range(self.rounds):
            seen, whole = self._cross_fitted(rows, labels, warm)
            if turn == 0:
                self.skill_ = 0.0 if too_dependent(base) else informedness(seen[rows.covered], start[rows.covered])
                recall = class_recall(seen[rows.covered], start[rows.covered])
            self._read_votes(rows.one_hot_votes, seen, start, recall)
            labels = self._combined(rows.one_hot_votes @ self.evidence_, alone, seen, rows.gold)
        self.coefficients_, self.centre_, self.scale_ = whole.weights, whole.centre, whole.scale
        self._answer_silence(labels, uncovered(votes[order]), default)
        answers = self._combined(rows.one_hot_votes @ self.evidence_, alone, seen, 0.0)
        self.held_out_ = gold_scores(self._shifted(answers, uncovered(votes[order])), gold_labels)

    def _answer_silence(self, labels: Array, uncovered: Any, default: Array | None) -> None:
        if default is not None:
            self.uncovered_bias_ = bias_to_shares(labels[uncovered] if uncovered.any() else labels, default)
        labels = self._shifted(labels.copy(), uncovered)
        mean = labels.mean(axis=0)
        self.balance_ = mean / mean.sum()
        without = labels[uncovered].mean(axis=0) if uncovered.any() else self.balance_
        self.prior_ = without / without.sum() if default is None else default

    def _shifted(self, answers: Array, uncovered: Any) -> Array:
        if np.any(self.uncovered_bias_):
            answers[uncovered] = softmax(np.log(np.maximum(answers[uncovered], 1e-12)) + self.uncovered_bias_)
        return answers

    def _combined(self, meaning: Array, alone: Probabilities, seen: Probabilities, gold: Array | float) -> Array:
        """What votes mean to the classifier, what they say alone, and the classifier, each by the classifier's skill."""
        trust = float(np.clip((self.skill_ - UNSKILLED) / (SKILLED - UNSKILLED), 0.0, 1.0))
        weight = min(2.0 * trust, 1.0)
        by_votes = np.log(np.maximum(alone, 1e-9))
        return softmax(trust * meaning + (1.0 - trust) * by_votes + weight * np.log(np.maximum(seen, 1e-9)) + gold)

    def _rows(self, votes: Votes, features: Features, gold_labels: Any) -> TrainingRows:
        evidence = gold_evidence(gold_labels, self.n_classes)
        covered = ~uncovered(votes) | (gold_labels != NO_GOLD)
        return TrainingRows(one_hot(votes, self.n_classes), np.asarray(features, dtype=np.float32), evidence, covered)

    def _cross_fitted(self, rows: TrainingRows, labels: Array, warm: list[Any]) -> tuple[Array, LinearClassifier]:
        place = np.arange(len(labels)) % self.folds
        seen = np.zeros_like(labels)
        for fold in range(self.folds):
            model = self._classifier(rows, labels, rows.covered & (place != fold), warm[fold])
            warm[fold], seen[place == fold] = model.weights, model.predict(rows.features[place == fold])
        whole = self._classifier(rows, labels, rows.covered, warm[-1])
        warm[-1] = whole.weights
        return seen, whole

    def feature_fit(self, votes: Votes, features: Features, labels: Probabilities) -> float:
        """Measure how well a classifier predicts a label model's labels on rows that it has not seen.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
        features : (n_rows, n_dimensions)
            Features of the rows.
        labels : (n_rows, n_classes)
            Probabilistic labels.

        Returns
        -------
        float
            See ``informedness``.
        """
        rows = self._rows(votes, features, np.full(len(votes), NO_GOLD))
        seen, _ = self._cross_fitted(rows, labels, [None] * (self.folds + 1))
        return informedness(seen[rows.covered], labels[rows.covered])

    def _classifier(self, rows: TrainingRows, labels: Array, chosen: Any, start: Array | None) -> LinearClassifier:
        chosen = chosen if chosen.any() else np.ones_like(chosen)
        weights = np.ones(int(chosen.sum()))
        return fit_logistic_regression(
            rows.features[chosen], labels[chosen], weights=weights, penalty=self.penalty, start=start
        )

    def _read_votes(self, one_hot_votes: Any, seen: Probabilities, start: Probabilities, recall: Array) -> None:
        """What each kind of vote means to the classifier; of classes that it does not recall, to the votes' model."""
        balance = seen.mean(axis=0)
        trusted = np.tile(recall, one_hot_votes.shape[1] // self.n_classes)[:, None]
        mass = trusted * np.asarray(one_hot_votes.T @ seen) + (1.0 - trusted) * np.asarray(one_hot_votes.T @ start)
        meaning = (mass + self.strength * balance) / (mass.sum(axis=1, keepdims=True) + self.strength)
        self.evidence_ = np.log(np.maximum(meaning, 1e-9) / np.maximum(balance, 1e-9))
        self.accuracies_ = _accuracies(meaning, mass.sum(axis=1), self.n_classes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:
        start = self.base_.predict_proba(votes)
        if features is None:
            return start
        seen = LinearClassifier(self.coefficients_, self.centre_, self.scale_).predict(features)
        answers = self._combined(sum_evidence(votes, self.evidence_, self.n_classes), start, seen, 0.0)
        return self._shifted(answers, uncovered(votes))

    def _predict_or_prior(self, votes: Votes, features: Features | None = None) -> Probabilities:
        probabilities = self._predict(votes, features)
        if features is None:
            probabilities[uncovered(votes)] = self.prior_
        return probabilities

    def _accuracies(self) -> Array:
        return self.accuracies_

    def report(self) -> dict[str, Any]:
        """Report the class balance and the classifier's skill at labels of rows it has not seen.

        Returns
        -------
        dict
            JSON content.
        """
        return super().report() | {"classifier_skill": round(self.skill_, 6)}

    def to_dict(self) -> dict[str, Any]:
        """Convert the model to JSON content, which contains the label model of votes alone.

        Returns
        -------
        dict
            JSON content, as ``from_dict`` takes it.
        """
        return super().to_dict() | {"base": self.base_.to_dict()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Restore a model from what ``to_dict`` gave.

        Parameters
        ----------
        content
            Parsed JSON.

        Returns
        -------
        Self
            Fitted, with its label model of votes alone.
        """
        model = super().from_dict(content)
        model.base_ = from_dict(content["base"])
        return model


def too_dependent(base: BaseLabelModel) -> bool:
    """Test whether a label model of votes considers them too dependent to train a classifier on.

    Parameters
    ----------
    base
        Fitted label model of votes.

    Returns
    -------
    bool
        False also for models that do not measure dependence.
    """
    return isinstance(base, SmoothedVote) and base.too_dependent


def bias_to_shares(given: Probabilities, shares: Array) -> Array:
    """Solve for the log odds that give probabilities the stated mean (Saerens, Latinne and Decaestecker, 2002).

    Parameters
    ----------
    given : (n_rows, n_classes)
    shares : (n_classes,)
        Above 0, sum 1.

    Returns
    -------
    (n_classes,)

    References
    ----------
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the Outputs of a Classifier to New a Priori
    Probabilities: A Simple Procedure. Neural Computation 14.

    Examples
    --------
    >>> bias = bias_to_shares(np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([0.2, 0.8]))
    >>> softmax(np.log([[0.5, 0.5], [0.9, 0.1]]) + bias).mean(axis=0).round(3)
    array([0.2, 0.8])
    """
    logs, bias = np.log(np.maximum(given, 1e-12)), np.zeros(len(shares))
    for _ in range(ROUNDS_OF_SHIFT):
        step = np.log(shares) - np.log(np.maximum(softmax(logs + bias).mean(axis=0), 1e-12))
        bias += step
        if np.abs(step).max() < 1e-9:  # noqa: PLR2004 - rounding
            break
    return bias


def informedness(seen: Probabilities, labels: Probabilities) -> float:
    """Measure agreement beyond naming the commonest class.

    Parameters
    ----------
    seen : (n_rows, n_classes)
        Predictions of rows that the classifier has not seen.
    labels : (n_rows, n_classes)
        Probabilistic labels.

    Returns
    -------
    float
        0 none, 1 all.

    Examples
    --------
    >>> informedness(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.7, 0.3], [0.4, 0.6]]))
    1.0
    """
    if not len(labels):
        return 0.0
    given = labels.argmax(axis=1)
    commonest = np.bincount(given).max() / len(given)
    agreed = float((seen.argmax(axis=1) == given).mean())
    return float((agreed - commonest) / max(1.0 - commonest, 1e-9))


def class_recall(seen: Probabilities, labels: Probabilities) -> Array:
    """Measure how well features separate each class from the others.

    It is the mean prediction of a class where it is the label, beyond its mean anywhere; a rare class that features do not
    show is taken for its neighbours by the classifier, and votes for it must not be read as votes for these.

    Parameters
    ----------
    seen : (n_rows, n_classes)
        Predictions of rows that the classifier has not seen.
    labels : (n_rows, n_classes)
        Probabilistic labels.

    Returns
    -------
    (n_classes,)
        0 not at all, 1 enough.

    Examples
    --------
    >>> class_recall(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([0., 0.])
    """
    if not len(labels):
        return np.zeros(labels.shape[1])
    mean = seen.mean(axis=0)
    there = (labels * seen).sum(axis=0) / np.maximum(labels.sum(axis=0), 1e-9)
    return np.asarray(np.clip((there - mean) / np.maximum(1.0 - mean, 1e-9) / RECALLED, 0.0, 1.0))


def _accuracies(meaning: Array, uses: Array, n_classes: int) -> Array:
    kinds = np.tile(np.arange(2 * n_classes), len(uses) // (2 * n_classes))
    named = meaning[np.arange(len(kinds)), kinds % n_classes]
    right = (np.where(kinds < n_classes, named, 1.0 - named) * uses).reshape(-1, 2 * n_classes).sum(axis=1)
    total = uses.reshape(-1, 2 * n_classes).sum(axis=1)
    return np.asarray(np.where(total > 0, right / np.maximum(total, 1e-12), np.nan))

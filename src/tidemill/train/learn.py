"""rows with probabilistic labels -> a head, by one recipe against noise.

A recipe is settings: the loss, which rows teach, what their labels become, and how often the model teaches itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from tidemill.contracts import NO_GOLD, Features, Probabilities
from tidemill.train.cut import subset
from tidemill.train.fit import fit_head
from tidemill.train.head import Head
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, Ints, Mask, confidence, row_weights

FOLDS: Final = 3
"""Parts for predictions of rows that a model has not seen."""


@dataclass(frozen=True)
class Lesson:
    """Rows that may teach: (rows, dimensions), (rows, classes) labels, whether a function speaks of them, gold, texts."""

    features: Features
    targets: Probabilities
    covered: Mask
    gold: Ints
    texts: Sequence[str] | None = None

    def part(self, rows: Mask) -> Self:
        """Mask -> the lesson of these rows alone."""
        kept = np.arange(len(self.targets))[rows].tolist()
        return replace(
            self,
            texts=None if self.texts is None else [self.texts[row] for row in kept],
            features=self.features[rows],
            targets=self.targets[rows],
            covered=self.covered[rows],
            gold=self.gold[rows],
        )


def learn(lesson: Lesson, settings: TrainSettings) -> Head:
    """Lesson and a recipe -> the head."""
    targets, weights = taught(lesson, settings)
    head = fit_head(lesson.features, targets, settings=settings, weights=weights)
    for _ in range(settings.self_training):
        targets, weights = own_labels(head.predict_proba(lesson.features), lesson, settings)
        head = fit_head(lesson.features, targets, settings=settings, weights=weights)
    return head


def taught(lesson: Lesson, settings: TrainSettings) -> tuple[Probabilities, Array]:
    """Lesson and a recipe -> the labels as they teach, and (rows,) weights; 0: the row does not."""
    targets, weights = lesson.targets, row_weights(lesson.targets, lesson.covered, settings)
    if settings.smoothing and (weights > 0).any():
        targets = smoothed(lesson.features, targets, weights, settings)
    if settings.subset < 1.0 and (weights > 0).any():
        rows = np.flatnonzero(weights > 0)
        kept = subset(lesson.features[rows], targets[rows], share=settings.subset, neighbours=settings.neighbours)
        weights[rows[~kept]] = 0.0
    return with_gold(targets, weights, lesson.gold, settings)


def with_gold(
    targets: Probabilities, weights: Array, gold: Ints, settings: TrainSettings
) -> tuple[Probabilities, Array]:
    """Labels, weights and gold -> the same, rows with gold being certain and heavy where gold is used."""
    known = gold != NO_GOLD
    if not settings.use_gold or not known.any():
        return targets, weights
    targets, weights = targets.copy(), weights.copy()
    mean = weights[weights > 0].mean() if (weights > 0).any() else 1.0
    targets[known] = np.eye(targets.shape[1])[gold[known]]
    weights[known] = settings.gold_weight * mean
    return targets, weights


def own_labels(said: Probabilities, lesson: Lesson, settings: TrainSettings) -> tuple[Probabilities, Array]:
    """What a model says of all rows -> sharpened labels, and weights: its confidence, 0 where it is not sure.

    Yu et al., "Fine-Tuning Pre-trained Language Model with Weak Supervision: A Contrastive-Regularized Self-Training
    Approach" (COSINE, NAACL 2021), without its contrastive term, which needs a backbone that learns. Of rows that a
    function speaks of, ``own_share`` below 1 leaves the rest to their label, and a sure label weighs where the model is
    not sure (soft bootstrapping, Reed et al., 2015): a model that is sure of little is not left with little to learn.
    """
    sharp = said**2 / np.maximum(said.sum(axis=0), 1e-12)
    sharp = sharp / sharp.sum(axis=1, keepdims=True)
    weights = np.where(confidence(said) >= settings.sure, confidence(said), 0.0)
    if settings.own_share < 1.0:
        share = np.where(lesson.covered, settings.own_share, 1.0)[:, None]
        sharp = share * sharp + (1.0 - share) * lesson.targets
        weights = np.where(lesson.covered, np.maximum(weights, confidence(lesson.targets)), weights)
    if not (weights > 0).any():
        weights = confidence(said)
    return with_gold(sharp, weights, lesson.gold, settings)


def smoothed(features: Features, targets: Probabilities, weights: Array, settings: TrainSettings) -> Probabilities:
    """Labels -> labels that doubt as much as they err: each class becomes what others say of rows labeled so.

    Rows are counted by their label and by the class that models of the other rows give them, surer labels counting
    more, as in Northcutt et al., "Confident Learning" (2021): their shares stand in for the label.
    """
    said = np.eye(targets.shape[1])[out_of_fold(features, targets, weights, settings).argmax(axis=1)]
    heard = (targets * (weights * confidence(targets))[:, None]).T
    meaning = (heard @ said + np.eye(targets.shape[1])) / (heard.sum(axis=1, keepdims=True) + 1.0)
    return np.asarray(targets @ meaning)


def out_of_fold(features: Features, targets: Probabilities, weights: Array, settings: TrainSettings) -> Probabilities:
    """Rows with labels and weights -> what models of the other rows say of each."""
    fold = folds(len(targets), FOLDS, settings.seed)
    said = np.zeros_like(targets)
    for part in range(FOLDS):
        head = fit_head(features, targets, settings=settings, weights=np.where(fold == part, 0.0, weights))
        said[fold == part] = head.predict_proba(features[fold == part])
    return said


def folds(rows: int, parts: int, seed: int) -> Ints:
    """Number of rows and parts -> (rows,) the part of each, of like size."""
    return np.random.default_rng([seed, 11]).permutation(rows) % parts

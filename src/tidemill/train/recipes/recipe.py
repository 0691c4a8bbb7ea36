"""Fit a head by one recipe against label noise.

A recipe is settings: the loss, which rows are trained on, what their labels become, and rounds of self-training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from tidemill.contracts import NO_GOLD, Features, Probabilities
from tidemill.train.head.fit import fit_head
from tidemill.train.head.head import Head
from tidemill.train.recipes.cut_statistic import select_subset
from tidemill.train.row_weights import Array, Ints, Mask, confidence, row_weights
from tidemill.train.settings import TrainSettings

FOLDS: Final = 3
"""Folds for out-of-fold predictions."""


@dataclass(frozen=True)
class TrainingSet:
    """Rows to train on.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    covered : (n_rows,)
        Whether any labeling function votes on the row.
    gold : (n_rows,)
        Class index, or ``NO_GOLD``.
    texts
        As many texts, where models read them.
    """

    features: Features
    targets: Probabilities
    covered: Mask
    gold: Ints
    texts: Sequence[str] | None = None

    def part(self, rows: Mask) -> Self:
        """Select rows.

        Parameters
        ----------
        rows : (n_rows,)
            Mask.

        Returns
        -------
        TrainingSet
            Those rows.
        """
        kept = np.arange(len(self.targets))[rows].tolist()
        return replace(
            self,
            texts=None if self.texts is None else [self.texts[row] for row in kept],
            features=self.features[rows],
            targets=self.targets[rows],
            covered=self.covered[rows],
            gold=self.gold[rows],
        )


def fit_head_by_recipe(training_set: TrainingSet, settings: TrainSettings) -> Head:
    """Fit a head by a recipe.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        The recipe.

    Returns
    -------
    Head
        Fitted.

    Raises
    ------
    DataError
        No row has weight.
    """
    targets, weights = recipe_targets(training_set, settings)
    head = fit_head(training_set.features, targets, settings=settings, weights=weights)
    for _ in range(settings.self_training.rounds):
        targets, weights = self_training_targets(head.predict_proba(training_set.features), training_set, settings)
        head = fit_head(training_set.features, targets, settings=settings, weights=weights)
    return head


def recipe_targets(training_set: TrainingSet, settings: TrainSettings) -> tuple[Probabilities, Array]:
    """Prepare labels and weights as a recipe trains on them.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        The recipe.

    Returns
    -------
    targets : (n_rows, n_classes)
    weights : (n_rows,)
        0: the row is not trained on.
    """
    weights = row_weights(training_set.targets, training_set.covered, settings)
    targets = sharpened(training_set.targets, settings.labels.sharpening)
    if settings.labels.noise_transition and (weights > 0).any():
        targets = noise_corrected_targets(training_set.features, targets, weights, settings)
    if settings.cut_statistic.fraction < 1.0 and (weights > 0).any():
        rows = np.flatnonzero(weights > 0)
        selected = select_subset(
            training_set.features[rows],
            targets[rows],
            share=settings.cut_statistic.fraction,
            neighbours=settings.cut_statistic.n_neighbors,
        )
        weights[rows[~selected]] = 0.0
    return with_gold_labels(targets, weights, training_set.gold, settings)


def sharpened(targets: Probabilities, power: float) -> Probabilities:
    """Raise labels to a power and normalise them.

    Calibrated labels are uncertain one by one; a classifier averages errors out, and learns more from confident ones.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilistic labels.
    power
        1 leaves the labels as they are.

    Returns
    -------
    (n_rows, n_classes)

    Examples
    --------
    >>> sharpened(np.array([[0.75, 0.25], [1.0, 0.0]]), 2.0).tolist()
    [[0.9, 0.1], [1.0, 0.0]]
    """
    if power == 1.0:
        return targets
    raised = targets**power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def with_gold_labels(
    targets: Probabilities, weights: Array, gold: Ints, settings: TrainSettings
) -> tuple[Probabilities, Array]:
    """Replace labels by gold where gold is used, and weigh these rows by ``gold.weight``.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    gold : (n_rows,)
        Class index, or ``NO_GOLD``.
    settings
        The recipe.

    Returns
    -------
    targets, weights
        As given; what was given is left as it is.
    """
    labeled = gold != NO_GOLD
    if not settings.gold.use or not labeled.any():
        return targets, weights
    targets, weights = targets.copy(), weights.copy()
    mean = weights[weights > 0].mean() if (weights > 0).any() else 1.0
    targets[labeled] = np.eye(targets.shape[1])[gold[labeled]]
    weights[labeled] = settings.gold.weight * mean
    if settings.gold.alone:
        weights[~labeled] = 0.0
    return targets, weights


def self_training_targets(
    predictions: Probabilities, training_set: TrainingSet, settings: TrainSettings
) -> tuple[Probabilities, Array]:
    """Sharpen a model's own predictions into labels, weighted by their confidence; 0 where the confidence is low.

    Yu et al., "Fine-Tuning Pre-trained Language Model with Weak Supervision: A Contrastive-Regularized Self-Training
    Approach" (COSINE, NAACL 2021), without its contrastive term, which needs a backbone that learns. Of covered rows,
    ``prediction_weight`` below 1 leaves the rest to their label, and a confident label weighs where the model is not sure (soft
    bootstrapping, Reed et al., 2015): a model that is sure of little is not left with little to learn from.

    Parameters
    ----------
    predictions : (n_rows, n_classes)
        Of all rows.
    training_set
        Rows to train on.
    settings
        The recipe.

    Returns
    -------
    targets : (n_rows, n_classes)
    weights : (n_rows,)
    """
    sharp = predictions**2 / np.maximum(predictions.sum(axis=0), 1e-12)
    sharp = sharp / sharp.sum(axis=1, keepdims=True)
    weights = np.where(confidence(predictions) >= settings.self_training.min_confidence, confidence(predictions), 0.0)
    if settings.self_training.prediction_weight < 1.0:
        share = np.where(training_set.covered, settings.self_training.prediction_weight, 1.0)[:, None]
        sharp = share * sharp + (1.0 - share) * training_set.targets
        weights = np.where(training_set.covered, np.maximum(weights, confidence(training_set.targets)), weights)
    if not (weights > 0).any():
        weights = confidence(predictions)
    return with_gold_labels(sharp, weights, training_set.gold, settings)


def noise_corrected_targets(
    features: Features, targets: Probabilities, weights: Array, settings: TrainSettings
) -> Probabilities:
    """Correct labels by an estimated noise-transition matrix.

    Rows are counted by their label and by the class that models of the other rows predict, more confident labels counting
    more, as in Northcutt et al., "Confident Learning" (2021): the shares of the predicted classes stand in for the label.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    settings
        The recipe.

    Returns
    -------
    (n_rows, n_classes)
    """
    predicted = np.eye(targets.shape[1])[out_of_fold_predictions(features, targets, weights, settings).argmax(axis=1)]
    counted = (targets * (weights * confidence(targets))[:, None]).T
    transition = (counted @ predicted + np.eye(targets.shape[1])) / (counted.sum(axis=1, keepdims=True) + 1.0)
    return np.asarray(targets @ transition)


def out_of_fold_predictions(
    features: Features, targets: Probabilities, weights: Array, settings: TrainSettings
) -> Probabilities:
    """Predict each row by a head of the other folds.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    settings
        The recipe.

    Returns
    -------
    (n_rows, n_classes)
    """
    fold = folds(len(targets), FOLDS, settings.seed)
    predictions = np.zeros_like(targets)
    for part in range(FOLDS):
        head = fit_head(features, targets, settings=settings, weights=np.where(fold == part, 0.0, weights))
        predictions[fold == part] = head.predict_proba(features[fold == part])
    return predictions


def folds(rows: int, parts: int, seed: int) -> Ints:
    """Draw folds of like size.

    Parameters
    ----------
    rows, parts
        How many there are.
    seed
        Of the draw.

    Returns
    -------
    (rows,)
        Fold of each row.
    """
    return np.random.default_rng([seed, 11]).permutation(rows) % parts

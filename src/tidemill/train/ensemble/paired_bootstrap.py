"""Compare models on rows they have not seen, with intervals of the paired bootstrap.

With gold (``train.use_gold`` and enough of it in ``dev``) the loss of a row is its squared error (Brier, 1950); without, the
cross entropy against its soft label. The same rows are drawn for both models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.reports.train import ModelComparison
from tidemill.train.recipes.choose_recipe import MIN_GOLD_ROWS, confident_rows, squared_errors
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.row_weights import Array, Ints, Mask, class_balance_factors
from tidemill.train.settings import TrainSettings

_DRAWS: Final = 1000
_AT_ONCE: Final = 2_000_000  # numbers drawn at a time
_LEAST: Final = 1e-4


@dataclass(frozen=True)
class Estimate:
    """A mean and the ends of its 95% interval."""

    mean: float
    low: float
    high: float

    def rounded(self) -> tuple[float, float, float]:
        """Round estimate and interval to six decimals.

        Returns
        -------
        mean, low, high : float
        """
        return round(self.mean, 6), round(self.low, 6), round(self.high, 6)


@dataclass(frozen=True)
class Comparison:
    """The rows and losses by which models are compared.

    Parameters
    ----------
    by_gold
        Whether gold decides; else soft labels do.
    truth : (n_rows, n_classes)
        Gold or labels.
    loss_rows : (n_rows,)
        Rows whose loss counts.
    loss_weights : (n_loss_rows,)
        Of mean 1.
    accuracy_rows : (n_rows,)
        Rows whose class counts.
    accuracy_weights : (n_accuracy_rows,)
        Of mean 1.
    seed
        Of the bootstrap.
    """

    by_gold: bool
    truth: Probabilities
    loss_rows: Mask
    loss_weights: Array
    accuracy_rows: Mask
    accuracy_weights: Array
    seed: int

    def losses(self, predictions: Probabilities) -> Array:
        """Compute weighted losses.

        Parameters
        ----------
        predictions : (n_rows, n_classes)
            Class probabilities of each row.

        Returns
        -------
        (n_loss_rows,)
        """
        predictions, truth = predictions[self.loss_rows], self.truth[self.loss_rows]
        rows = (
            squared_errors(predictions, truth)
            if self.by_gold
            else -(truth * np.log(np.maximum(predictions, _LEAST))).sum(axis=1)
        )
        return np.asarray(rows * self.loss_weights)

    def correct(self, predictions: Probabilities) -> Array:
        """Compute whether the predicted class is the true one, weighted.

        Parameters
        ----------
        predictions : (n_rows, n_classes)
            Class probabilities of each row.

        Returns
        -------
        (n_accuracy_rows,)
        """
        is_correct = predictions[self.accuracy_rows].argmax(axis=1) == self.truth[self.accuracy_rows].argmax(axis=1)
        return np.asarray(is_correct * self.accuracy_weights)

    def loss_name(self) -> str:
        """Name the loss that was compared.

        Returns
        -------
        str
            Name for reports.
        """
        return "squared error on gold" if self.by_gold else "cross entropy against soft labels"


def comparison_rows(training_set: TrainingSet, weights: Array, settings: TrainSettings) -> Comparison:
    """Choose the rows and losses by which models are compared.

    Parameters
    ----------
    training_set
        Rows to train on.
    weights : (n_rows,)
        Their weights.
    settings
        Settings of train.

    Returns
    -------
    Comparison
    """
    labeled = training_set.gold != NO_GOLD
    by_gold = settings.gold.use and int(labeled.sum()) >= MIN_GOLD_ROWS
    if by_gold:
        truth, loss_rows, accuracy_rows = (
            np.eye(training_set.targets.shape[1])[np.where(labeled, training_set.gold, 0)],
            labeled,
            labeled,
        )
    else:
        truth, loss_rows, accuracy_rows = training_set.targets, weights > 0, confident_rows(training_set)
    even = settings.labels.class_balance
    return Comparison(
        by_gold,
        truth,
        loss_rows,
        _mean_one(truth[loss_rows], np.ones(loss_rows.sum()) if by_gold else weights[loss_rows], even=even),
        accuracy_rows,
        _mean_one(np.eye(truth.shape[1])[truth[accuracy_rows].argmax(axis=1)], np.ones(accuracy_rows.sum()), even=even),
        settings.seed,
    )


def _mean_one(truth: Probabilities, weights: Array, *, even: bool) -> Array:
    if even and len(weights):
        weights = weights * class_balance_factors(truth, weights)
    return np.asarray(weights / weights.mean()) if len(weights) else weights


def bootstrap_mean(rows: Array, classes: Ints, seed: int) -> Estimate:
    """Estimate a mean; each class keeps its number of rows in every resample.

    Parameters
    ----------
    rows : (n_rows,)
        Values.
    classes : (n_rows,)
        Class of each.
    seed
        Of the resamples.

    Returns
    -------
    Estimate
    """
    if not len(rows):
        return Estimate(0.0, 0.0, 0.0)
    rng = np.random.default_rng([seed, 17])
    means = np.zeros(_DRAWS)
    for label in np.unique(classes):
        values = rows[classes == label]
        size = max(1, _AT_ONCE // len(values))
        for start in range(0, _DRAWS, size):
            drawn = rng.integers(len(values), size=(min(size, _DRAWS - start), len(values)))
            means[start : start + size] += values[drawn].sum(axis=1)
    low, high = np.quantile(means / len(rows), [0.025, 0.975])
    return Estimate(float(rows.mean()), float(low), float(high))


def compare(comparison: Comparison, predictions: Probabilities, other: Probabilities) -> ModelComparison:
    """Compare a model with another one.

    Parameters
    ----------
    comparison
        The rows and losses.
    predictions : (n_rows, n_classes)
        Of the model.
    other : (n_rows, n_classes)
        Of the other model.

    Returns
    -------
    ModelComparison
    """
    classes = comparison.truth.argmax(axis=1)
    correct, losses = comparison.correct(predictions), comparison.losses(predictions)
    values = {
        "accuracy": (correct, comparison.accuracy_rows),
        "loss": (losses, comparison.loss_rows),
        "accuracy_gain": (correct - comparison.correct(other), comparison.accuracy_rows),
        "gain": (comparison.losses(other) - losses, comparison.loss_rows),
    }
    means = {name: bootstrap_mean(rows, classes[of], comparison.seed) for name, (rows, of) in values.items()}
    return ModelComparison(**{name: mean.rounded() for name, mean in means.items()})

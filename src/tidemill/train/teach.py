"""Which rows teach the head, and how much each of them weighs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Probabilities
from tidemill.train.settings import TrainSettings

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def row_weights(targets: Probabilities, covered: Mask, settings: TrainSettings) -> Array:
    """(rows, classes) labels and whether a function speaks of the row -> (rows,) weights; 0: the row does not teach."""
    confident = targets.max(axis=1) >= settings.min_confidence
    heard = covered if settings.uncovered == "drop" else np.ones_like(covered)
    weights = confidence(targets) if settings.confidence_weighting else np.ones(len(targets))
    return np.where(confident & heard, weights, 0.0)


def confidence(targets: Probabilities) -> Array:
    """Labels -> 0 where all classes are alike, 1 where one is certain: one minus entropy over its greatest value.

    >>> confidence(np.array([[0.5, 0.5], [0.0, 1.0]])).tolist()
    [0.0, 1.0]
    """
    logs = np.log(np.where(targets > 0, targets, 1.0))
    entropy = -(targets * logs).sum(axis=1) / np.log(targets.shape[1])
    return np.asarray(np.clip(1.0 - entropy, 0.0, 1.0))


def balance(targets: Probabilities, weights: Array) -> Array:
    """Labels and weights -> factors that give all classes the same total weight, of mean about 1.

    >>> balance(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.ones(4)).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    shares = (weights[:, None] * targets).sum(axis=0) / weights.sum()
    there = shares > 0
    factors = np.where(there, 1.0 / (there.sum() * np.where(there, shares, 1.0)), 0.0)
    return np.asarray(targets @ factors)


def evened(targets: Probabilities, weights: Array, settings: TrainSettings) -> Array:
    """Labels, weights and settings -> the weights, all classes alike where ``class_balance`` asks for it."""
    if not settings.class_balance or not (weights > 0).any():
        return weights
    return np.asarray(np.where(weights > 0, weights * balance(targets, weights), 0.0))

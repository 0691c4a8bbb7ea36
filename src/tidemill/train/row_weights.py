"""Weights of rows: which rows the head is trained on, and how much each of them counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Probabilities
from tidemill.train.settings import TrainSettings

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def row_weights(targets: Probabilities, covered: Mask, settings: TrainSettings) -> Array:
    """Weigh rows by coverage and confidence.

    Where all rows with votes are of one class, as where functions are written for a rare class alone, the others are trained on
    too, whatever ``labels.uncovered`` says: their labels are the default class, and no other rows have it.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilistic labels.
    covered : (n_rows,)
        Whether any labeling function votes on the row.
    settings
        Settings of train.

    Returns
    -------
    (n_rows,)
        0: the row is not trained on.
    """
    confident = targets.max(axis=1) >= settings.labels.min_confidence
    one_class = len(np.unique(targets[covered].argmax(axis=1))) < 2  # noqa: PLR2004 - nothing to tell apart
    has_label = covered if settings.labels.uncovered == "drop" and not one_class else np.ones_like(covered)
    weights = confidence(targets) if settings.labels.confidence_weighting else np.ones(len(targets))
    return np.where(confident & has_label, weights, 0.0)


def confidence(targets: Probabilities) -> Array:
    """Measure how certain labels are: one minus entropy over its greatest value.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilities.

    Returns
    -------
    (n_rows,)
        0 where all classes are alike, 1 where one is certain.

    Examples
    --------
    >>> confidence(np.array([[0.5, 0.5], [0.0, 1.0]])).tolist()
    [0.0, 1.0]
    """
    logs = np.log(np.where(targets > 0, targets, 1.0))
    entropy = -(targets * logs).sum(axis=1) / np.log(targets.shape[1])
    return np.asarray(np.clip(1.0 - entropy, 0.0, 1.0))


def class_balance_factors(targets: Probabilities, weights: Array) -> Array:
    """Compute factors that give all classes the same total weight.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    (n_rows,)
        Of mean about 1.

    Examples
    --------
    >>> class_balance_factors(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.ones(4)).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    shares = (weights[:, None] * targets).sum(axis=0) / weights.sum()
    is_present = shares > 0
    factors = np.where(is_present, 1.0 / (is_present.sum() * np.where(is_present, shares, 1.0)), 0.0)
    return np.asarray(targets @ factors)


def class_balanced_weights(targets: Probabilities, weights: Array, settings: TrainSettings) -> Array:
    """Balance the classes of weighted rows where ``labels.class_balance`` is set.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    settings
        Settings of train.

    Returns
    -------
    (n_rows,)
    """
    if not settings.labels.class_balance or not (weights > 0).any():
        return weights
    return np.asarray(np.where(weights > 0, weights * class_balance_factors(targets, weights), 0.0))

"""The cut statistic: which rows' labels their neighbours share.

Muhlenbach, Lallich and Zighed, "Identifying and Handling Mislabelled Instances" (2004); as a choice of rows for weak
supervision: Lang, Vijayaraghavan and Sontag, "Training Subset Selection for Weak Supervision" (NeurIPS 2022). Unlike
there the share is kept within each class, so that no class is lost.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Features, Probabilities
from tidemill.train.row_weights import Array, Mask

_AT_ONCE: Final = 512  # rows whose distances to all others are in memory


def select_subset(features: Features, targets: Probabilities, *, share: float, neighbours: int) -> Mask:
    """Select the share of each class whose labels their neighbours share most.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    share
        Of each class.
    neighbours
        How many neighbours to compare with.

    Returns
    -------
    (n_rows,)
        Booleans.
    """
    labels = targets.argmax(axis=1)
    order = cut_statistic(features, labels, neighbours=min(neighbours, len(labels) - 1))
    kept = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        kept[rows[np.argsort(order[rows], kind="stable")[: math.ceil(share * len(rows))]]] = True
    return kept


def cut_statistic(features: Features, labels: npt.NDArray[np.int64], *, neighbours: int) -> Array:
    """Compute how many standard deviations more neighbours differ in label than by chance.

    Neighbours are the nearest by angle; an edge weighs 1 / (1 + distance).

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    labels : (n_rows,)
        Class indices.
    neighbours
        How many neighbours to compare with.

    Returns
    -------
    (n_rows,)

    Examples
    --------
    >>> line = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]], dtype=np.float32)
    >>> cut_statistic(line, np.array([0, 0, 1, 1]), neighbours=1).round(3).tolist()
    [-1.0, -1.0, -1.0, -1.0]
    """
    if neighbours < 1:
        return np.zeros(len(labels))
    distance, near = _nearest(features, neighbours)
    weights = 1.0 / (1.0 + distance.astype(np.float64))
    share = np.bincount(labels)[labels] / len(labels)
    differ = (weights * (labels[near] != labels[:, None])).sum(axis=1)
    spread = np.sqrt(np.maximum(share * (1.0 - share), 1e-12) * (weights**2).sum(axis=1))
    return np.asarray((differ - (1.0 - share) * weights.sum(axis=1)) / spread)


def neighbour_agreement(features: Features, labels: npt.NDArray[np.int64], *, neighbours: int) -> tuple[float, float]:
    """Compute how often neighbours have a row's label.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    labels : (n_rows,)
        Class indices.
    neighbours
        How many neighbours to compare with.

    Returns
    -------
    agreement, chance : float
        The share of such neighbours, and what it would be by chance.

    Examples
    --------
    >>> line = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]], dtype=np.float32)
    >>> neighbour_agreement(line, np.array([0, 0, 1, 1]), neighbours=1)
    (1.0, 0.5)
    """
    counts = np.bincount(labels) / max(len(labels), 1)
    if neighbours < 1:
        return float((counts**2).sum()), float((counts**2).sum())
    near = _nearest(features, neighbours)[1]
    return float((labels[near] == labels[:, None]).mean()), float((counts**2).sum())


def _nearest(features: Features, neighbours: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Distances and indices of each row's nearest others, by angle, in no order.

    All pairs, part by part, in NumPy: scikit-learn's brute search does the same, and importing it takes longer than a retraining
    of a head has time for.
    """
    unit = features.astype(np.float64)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    near = np.zeros((len(unit), neighbours), dtype=np.int64)
    distance = np.zeros((len(unit), neighbours))
    for start in range(0, len(unit), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, len(unit)))
        cosines = unit[rows] @ unit.T
        cosines[rows - start, rows] = -np.inf
        near[rows] = np.argpartition(-cosines, neighbours - 1, axis=1)[:, :neighbours]
        cosine = np.take_along_axis(cosines, near[rows], axis=1)
        distance[rows] = np.sqrt(np.maximum(2.0 - 2.0 * cosine, 0.0))
    return distance, near

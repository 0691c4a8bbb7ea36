"""features and labels -> the rows whose label their neighbours share: the cut statistic.

Muhlenbach, Lallich and Zighed, "Identifying and Handling Mislabelled Instances" (2004); as a choice of rows for weak
supervision: Lang, Vijayaraghavan and Sontag, "Training Subset Selection for Weak Supervision" (NeurIPS 2022). Unlike
there the share is kept within each class, so that no class is lost.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Features, Probabilities
from tidemill.train.teach import Array, Mask


def subset(features: Features, targets: Probabilities, *, share: float, neighbours: int) -> Mask:
    """(rows, dimensions), (rows, classes) labels -> mask of the share of each class that its neighbours speak for."""
    labels = targets.argmax(axis=1)
    order = cut_statistic(features, labels, neighbours=min(neighbours, len(labels) - 1))
    kept = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        kept[rows[np.argsort(order[rows], kind="stable")[: math.ceil(share * len(rows))]]] = True
    return kept


def cut_statistic(features: Features, labels: npt.NDArray[np.int64], *, neighbours: int) -> Array:
    """Features and labels (rows,) -> (rows,) how many standard deviations more neighbours differ than chance has it.

    Neighbours are the nearest by angle; an edge weighs 1 / (1 + distance).

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


def shared(features: Features, labels: npt.NDArray[np.int64], *, neighbours: int) -> tuple[float, float]:
    """Features and labels (rows,) -> the share of neighbours that bear a row's label, and what it would be by chance.

    >>> line = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]], dtype=np.float32)
    >>> shared(line, np.array([0, 0, 1, 1]), neighbours=1)
    (1.0, 0.5)
    """
    counts = np.bincount(labels) / max(len(labels), 1)
    if neighbours < 1:
        return float((counts**2).sum()), float((counts**2).sum())
    near = _nearest(features, neighbours)[1]
    return float((labels[near] == labels[:, None]).mean()), float((counts**2).sum())


def _nearest(features: Features, neighbours: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Features -> distances and places of each row's nearest others, by angle."""
    from sklearn.neighbors import NearestNeighbors

    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    distance, near = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(unit).kneighbors()
    return distance, near

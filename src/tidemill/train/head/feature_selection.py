"""Selection of the dimensions that separate the classes: analysis of variance, one dimension at a time.

Fisher's F (1925) of each dimension: how far the classes' means lie apart, in terms of the spread within them. A row counts
for each class as much as its label says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Features, Probabilities
from tidemill.train.row_weights import Array


def select_dimensions(
    features: Features, targets: Probabilities, weights: Array, share: float
) -> npt.NDArray[np.int64]:
    """Select the dimensions of largest F.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    share
        Of the dimensions.

    Returns
    -------
    (n_selected,)
        Indices, in their order.
    """
    count = max(1, round(share * features.shape[1]))
    best = np.argsort(-f_scores(features, targets, weights), kind="stable")[:count]
    return np.sort(best)


def f_scores(features: Features, targets: Probabilities, weights: Array) -> Array:
    """Compute Fisher's F of each dimension.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    (n_dimensions,)
        0 where a dimension does not vary.

    Examples
    --------
    >>> f_scores(np.array([[0.0], [2.0], [4.0], [6.0]], dtype=np.float32), np.eye(2)[[0, 0, 1, 1]], np.ones(4)).tolist()
    [8.0]
    """
    values = features - features.mean(axis=0, dtype=np.float64)  # far from zero squares lose what differs
    of_class = weights[:, None] * targets
    rows = of_class.sum(axis=0)
    is_present = rows > 0
    of_class, rows = of_class[:, is_present], rows[is_present]
    means = (of_class.T @ values) / rows[:, None]
    mean = rows @ means / rows.sum()
    between = rows @ (means - mean) ** 2 / max(len(rows) - 1, 1)
    within = (of_class.sum(axis=1) @ values**2 - rows @ means**2) / max(rows.sum() - len(rows), 1e-12)
    return np.where(between > 0, between / np.maximum(within, 1e-12), 0.0)

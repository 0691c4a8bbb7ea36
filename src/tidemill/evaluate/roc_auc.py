"""Area under the ROC curve, with its bootstrap; it is no sum over rows, so it stands apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array
from tidemill.evaluate.metrics import Gold


def roc_auc(gold: Gold, probabilities: Probabilities, times: Array | None = None) -> npt.NDArray[np.float64]:
    """Compute the area under the ROC curve.

    The chance that a row of the class has a higher probability of it than a row of another, ties counting half (Hanley
    and McNeil, 1982); of more than two classes the mean of each against the rest.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    times : (n_draws, n_rows), optional
        How often each row is drawn; None: once, in one draw.

    Returns
    -------
    (n_draws,)
        From 0 to 1; NaN without two classes.

    Examples
    --------
    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])).tolist()
    [0.75]
    """
    times = np.ones((1, len(gold))) if times is None else times
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])  # noqa: PLR2004 - alike for both
    each = np.stack([_one(gold == k, probabilities[:, k], times) for k in classes])
    defined = ~np.isnan(each)
    with_any = defined.any(axis=0)
    mean = np.where(defined, each, 0.0).sum(axis=0) / np.maximum(defined.sum(axis=0), 1)
    return np.where(with_any, mean, np.nan)


def _one(positive: npt.NDArray[np.bool_], score: Array, times: Array) -> Array:
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0]) if len(score) else np.zeros(0, dtype=np.int64)
    if not len(score):
        return np.full(len(times), np.nan)
    drawn, is_positive = times[:, order], positive[order]
    hits = np.add.reduceat(drawn * is_positive, starts, axis=1)
    misses = np.add.reduceat(drawn * ~is_positive, starts, axis=1)
    below = np.cumsum(misses, axis=1) - misses / 2.0
    pairs = hits.sum(axis=1) * misses.sum(axis=1)
    return np.asarray(np.where(pairs > 0, (hits * below).sum(axis=1) / np.where(pairs > 0, pairs, 1.0), np.nan))

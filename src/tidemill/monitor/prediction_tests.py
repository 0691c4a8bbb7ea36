"""Whether what the champion predicts moved.

A row falls into a cell: the predicted class and a bin of its probability. The Jensen-Shannon distance (the root of the
divergence in bits, 0 to 1) of the two histograms is tested by drawing them from their union without replacement, which
is the exact permutation distribution. The population stability index is reported besides because people know it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Probabilities
from tidemill.monitor.rows import Array, Finding, Names, Rows, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import permutation_p
from tidemill.reports.monitor import PredictionDrift, Shift


def detect(
    reference: Rows, batch: Rows, names: Names, settings: MonitorSettings, *, alpha: float
) -> Finding[PredictionDrift]:
    """Test whether predictions moved.

    Parameters
    ----------
    reference, batch : Rows
        Rows to compare.
    names : Names
        Of classes and functions.
    settings : MonitorSettings
        Of the stage.
    alpha : float
        Level of the test.

    Returns
    -------
    finding
        With distance, p, stability index and class shares.
    """
    own = settings.predictions
    one, other = (histogram(rows.probabilities, own.n_bins) for rows in (reference, batch))
    rng = np.random.default_rng(settings.seed)
    distance = float(js_distance(one, other))
    drawn = rng.multivariate_hypergeometric(one + other, int(other.sum()), size=own.n_permutations)
    p = permutation_p(distance, js_distance(one + other - drawn, drawn))
    drift = p <= alpha and distance >= own.min_distance
    shares = {
        name: Shift(reference=rounded(before), batch=rounded(after))
        for name, before, after in zip(names.classes, _shares(reference), _shares(batch), strict=True)
    }
    message = ", ".join(f"{name} {share.reference:.2f} -> {share.batch:.2f}" for name, share in shares.items())
    text = f"predictions moved: {message} of the rows; Jensen-Shannon distance {distance:.2f} (p {p:.3f})"
    report = PredictionDrift(
        drift=drift,
        p=rounded(p),
        js_distance=rounded(distance),
        stability_index=rounded(stability_index(one, other)),
        class_shares=shares,
    )
    return Finding(report, (text,) if drift else ())


def histogram(probabilities: Probabilities, n_bins: int) -> npt.NDArray[np.int64]:
    """Count rows by predicted class and bin of its probability.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
    n_bins : int
        Of each class.

    Returns
    -------
    (n_classes * n_bins,)

    Examples
    --------
    >>> histogram(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), 2)
    array([0, 2, 1, 0])
    """
    n_classes = probabilities.shape[1]
    lowest = 1.0 / n_classes
    place = (probabilities.max(axis=1) - lowest) / (1.0 - lowest) * n_bins
    bins = np.clip(place.astype(np.int64), 0, n_bins - 1)
    return np.bincount(probabilities.argmax(axis=1) * n_bins + bins, minlength=n_classes * n_bins)


def js_distance(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Array:
    """Compute the Jensen-Shannon distance.

    Parameters
    ----------
    one, other : (..., n_cells)
        Histograms.

    Returns
    -------
    (...)
        In root bits, from 0 to 1.

    Examples
    --------
    >>> float(js_distance(np.array([4, 0]), np.array([0, 9])))
    1.0
    """
    p, q = (part / part.sum(axis=-1, keepdims=True) for part in (one, other))
    middle = (p + q) / 2.0
    divergence = (_relative(p, middle) + _relative(q, middle)) / 2.0
    return np.asarray(np.sqrt(np.maximum(divergence, 0.0)))


def _relative(p: Array, middle: Array) -> Array:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray((p * np.log2(ratio)).sum(axis=-1))


def stability_index(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Compute the population stability index; half a row is added to each cell.

    Parameters
    ----------
    one, other : (n_cells,)
        Histograms.

    Returns
    -------
    float

    Examples
    --------
    >>> stability_index(np.array([10, 10]), np.array([10, 10]))
    0.0
    """
    p, q = ((part + 0.5) / (part + 0.5).sum() for part in (one, other))
    return float(((q - p) * np.log(q / p)).sum())


def _shares(rows: Rows) -> Array:
    predicted = np.bincount(rows.probabilities.argmax(axis=1), minlength=rows.probabilities.shape[1])
    return predicted / len(rows)

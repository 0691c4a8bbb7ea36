"""Expected calibration error of the likeliest class: how far confidence is from accuracy.

Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017). Labels and end models are judged by the same formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def calibration_bins(confidence: Array, n_bins: int) -> npt.NDArray[np.int64]:
    """Find the bin of each confidence; bins are of equal width, open below and closed above.

    Parameters
    ----------
    confidence : (n_rows,)
        In (0, 1].
    n_bins : int
        Number of bins.

    Returns
    -------
    (n_rows,)

    Examples
    --------
    >>> calibration_bins(np.array([0.1, 0.100001, 1.0]), 10)
    array([0, 1, 9])
    """
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def calibration_terms(probabilities: Array, truth: Any, n_bins: int) -> Array:
    """Compute what the calibration error sums over rows: excess confidence, in the column of the row's bin.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    truth : (n_rows,)
        Class index.
    n_bins
        Bins of equal width, by the probability of the likeliest class.

    Returns
    -------
    (n_rows, n_bins)
        Confidence less correctness in one column, 0 in the others.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    return np.asarray(np.eye(n_bins)[calibration_bins(confidence, n_bins)] * (confidence - right)[:, None])


def calibration_error_of_sums(sums: Array, rows: Array) -> Array:
    """Compute the expected calibration error from sums of ``calibration_terms``, of several resamples at once.

    Parameters
    ----------
    sums : (..., n_bins)
        Sums over rows.
    rows : (...)
        Number of rows summed.

    Returns
    -------
    (...)
        From 0 to 1; NaN without rows.
    """
    total = np.abs(sums).sum(axis=-1)
    return np.asarray(np.divide(total, rows, out=np.full(np.shape(total), np.nan), where=np.asarray(rows) > 0))


def calibration_error(probabilities: Array, truth: Any, *, n_bins: int = 15) -> float:
    """Compute the expected calibration error: the mean distance of confidence from accuracy over bins of confidence.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    truth : (n_rows,)
        Class index.
    n_bins : int
        Bins of equal width, by the probability of the likeliest class.

    Returns
    -------
    float
        From 0 to 1; 0 without rows.

    Examples
    --------
    >>> calibration_error(np.array([[0.8, 0.2]] * 5), np.array([0, 0, 0, 0, 1]))
    0.0
    """
    sums = calibration_terms(probabilities, truth, n_bins).sum(axis=0)
    return round(float(calibration_error_of_sums(sums, np.array(max(len(truth), 1)))), 12)

"""Temperature scaling: one number that calibrates confidence.

Guo et al., "On Calibration of Modern Neural Networks" (2017): the temperature by which logits are divided so that the
cross entropy on rows that no model was trained on is least. It changes no prediction.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array, bootstrap_counts

_LEAST: Final = 1e-9
RANGE: Final = (0.05, 20.0)
"""Temperatures that are looked at."""
MOST_DRAWS: Final = 200
"""Resamples of a temperature's interval: each is a fit, where those of scores are sums."""


def fit_temperature(probabilities: Probabilities, targets: Probabilities, times: Array | None = None) -> float:
    """Fit the temperature.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    targets : (n_rows, n_classes)
        Probabilities, certain or not.
    times : (n_rows,), optional
        How often each row counts.

    Returns
    -------
    float
        1 where there are no rows.
    """
    if not len(probabilities):
        return 1.0
    from scipy.optimize import minimize_scalar

    times = np.ones(len(targets)) if times is None else times

    def loss(log_t: float) -> float:
        predicted = np.maximum(scale_by_temperature(probabilities, float(np.exp(log_t))), _LEAST)
        return float(-(targets * np.log(predicted)).sum(axis=1) @ times / times.sum())

    result = minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded", options={"xatol": 1e-4})
    return round(float(np.exp(result.x)), 4)


def bootstrap_temperatures(
    probabilities: Probabilities, targets: Probabilities, *, n_bootstrap: int, seed: int
) -> Array:
    """Fit the temperature anew on resamples of the rows.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    n_bootstrap
        At most ``MOST_DRAWS`` resamples are fitted.
    seed
        Seed of the random generator.

    Returns
    -------
    (n_draws,)
    """
    count = min(n_bootstrap, MOST_DRAWS)
    return np.array(
        [
            fit_temperature(probabilities, targets, counts)
            for times in bootstrap_counts(len(targets), count, seed)
            for counts in times
        ]
    )


def scale_by_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Divide logits by a temperature.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    temperature
        The temperature.

    Returns
    -------
    (n_rows, n_classes)

    Examples
    --------
    >>> scale_by_temperature(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    logs = np.log(np.maximum(probabilities, _LEAST)) / temperature
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

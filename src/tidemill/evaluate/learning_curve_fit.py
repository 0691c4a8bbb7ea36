"""Learning curves: the law that scores at numbers of rows follow, and what it predicts of more rows, or why it predicts nothing.

The score rises as ``limit - gap * rows ** -rate``: the inverse power law of Cortes et al., "Learning Curves: Asymptotic
Values and Rate of Convergence" (NIPS 1993), which Figueroa et al. (2012) found to hold for text classifiers.

Its interval comes from resampled scores, each with a law of its own. What is resampled: the test rows, the same for all
models, for they err on them together; the scatter of the models of one size about their mean; and how far that mean lies
off the law, both with random signs (the wild bootstrap of Wu, 1986), since models of few rows scatter most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tidemill.contracts import DataError
from tidemill.evaluate.bootstrap import Array, bootstrap_counts, interval
from tidemill.evaluate.metrics import MetricSpec, metrics_from_sums
from tidemill.reports.evaluate import CurveCheck, CurvePrediction

LEAST: Final = 4
"""Different numbers of rows that a curve needs: the law has three parameters."""
_BEYOND: Final = 4  # the check foretells the last point from those of at most a quarter of its rows
_START: Final = (0.5, 0.5)


@dataclass(frozen=True)
class PowerLawFit:
    """What was fitted: (draws, 3) of limit, gap and rate, the fit to the scores as measured first."""

    parameters: Array
    most: int

    def at(self, rows: float) -> Array:
        """Compute the score at a number of rows.

        Parameters
        ----------
        rows
            Number of training rows, above 0.

        Returns
        -------
        (n_draws,)
            Between 0 and 1.
        """
        limit, gap, rate = self.parameters.T
        return np.asarray(np.clip(limit - gap * float(rows) ** -rate, 0.0, 1.0))


def scores_by_size(terms: Sequence[Array], spec: MetricSpec, metric: str, *, n_bootstrap: int, seed: int) -> Array:
    """Score models on the test rows and on resamples of them.

    Parameters
    ----------
    terms : sequence of (n_rows, n_columns)
        Of each model.
    spec
        Classes, positive class and bins by which metrics are computed.
    metric
        Name of the metric.
    n_bootstrap
        Number of resamples.
    seed
        Seed of the random generator.

    Returns
    -------
    (1 + n_bootstrap, n_models)
        Scores on the rows as they are come first.
    """
    stacked = np.stack(terms, axis=1)  # (rows, models, columns)
    flat = stacked.reshape(len(stacked), -1)
    sums = [flat.sum(axis=0)[None], *(times @ flat for times in bootstrap_counts(len(flat), n_bootstrap, seed))]
    return metrics_from_sums(np.concatenate(sums).reshape(-1, *stacked.shape[1:]), spec)[metric]


def fit_power_law(rows: Sequence[int], seen: Array, *, seed: int) -> PowerLawFit:
    """Fit the law, once per draw.

    Parameters
    ----------
    rows
        Number of rows of each model.
    seen : (1 + n_draws, n_models)
        Scores, as ``measured`` gives them.
    seed
        Seed of the random generator.

    Returns
    -------
    PowerLawFit

    Raises
    ------
    DataError
        There are fewer than four different numbers of rows.
    """
    sizes = np.asarray(rows, dtype=np.float64)
    if len(np.unique(sizes)) < LEAST:
        raise DataError(
            f"a curve through {len(np.unique(sizes))} sizes is not enough for a curve: measure at {LEAST} or more"
        )
    best = _fit(sizes, seen[0], np.array([min(float(seen[0].max()) + 0.01, 1.0), *_START]))
    fitted = best[0] - best[1] * sizes ** -best[2]
    rng = np.random.default_rng(seed)
    off, scatter = _residuals(sizes, seen[0] - fitted)
    place = np.unique(sizes, return_inverse=True)[1]
    again = []
    for drawn in seen[1:]:
        signs = rng.choice([-1.0, 1.0], place.max() + 1)[place], rng.choice([-1.0, 1.0], len(sizes))
        again.append(_fit(sizes, fitted + (drawn - seen[0]) + signs[0] * off + signs[1] * scatter, best))
    return PowerLawFit(np.stack([best, *again]), int(sizes.max()))


def _residuals(sizes: Array, residuals: Array) -> tuple[Array, Array]:
    """From the mean of a model's size, and of that mean from the law, both corrected for what was fitted."""
    place, count = np.unique(sizes, return_inverse=True, return_counts=True)[1:]
    mean = np.bincount(place, weights=residuals) / count
    of_one = np.where(count > 1, np.sqrt(count / np.maximum(count - 1, 1)), 1.0)
    off = mean * np.sqrt(len(count) / (len(count) - LEAST + 1))
    return off[place], (residuals - mean[place]) * of_one[place]


def extrapolate(
    law: PowerLawFit, asked: Sequence[int], *, confidence: float, reach: float
) -> tuple[CurvePrediction, ...]:
    """Predict scores at numbers of rows.

    Parameters
    ----------
    law
        The fitted law.
    asked
        Numbers of rows.
    confidence
        Of the intervals.
    reach
        Times the largest size measured, beyond which nothing is predicted.

    Returns
    -------
    tuple of CurvePrediction
        For each number of rows the score with its interval, or why there is none.
    """
    lines = []
    for rows in asked:
        if rows > reach * law.most:
            refusal = (
                f"no prediction: {rows:,} rows are {rows / law.most:,.0f} times as many as were measured "
                f"({law.most:,}); a curve extrapolates to at most {reach:g} times"
            )
            lines.append(CurvePrediction(rows=rows, reason=refusal))
            continue
        score, low, high = _interval(law.at(rows), confidence)
        lines.append(CurvePrediction(rows=rows, score=score, low=low, high=high))
    return tuple(lines)


def check_extrapolation(rows: Sequence[int], seen: Array, *, seed: int, confidence: float) -> CurveCheck | None:
    """Compare what a law of few rows predicts of the most with what was measured there.

    Parameters
    ----------
    rows
        Number of rows of each model.
    seen : (1 + n_draws, n_models)
        Scores, as ``measured`` gives them.
    seed
        Seed of the random generator.
    confidence
        Of the interval.

    Returns
    -------
    prediction and measurement, or None
        None where too few sizes are left once those above a quarter of the most are put aside.
    """
    sizes = np.asarray(rows)
    kept = sizes <= sizes.max() / _BEYOND
    if len(np.unique(sizes[kept])) < LEAST:
        return None
    law = fit_power_law(sizes[kept].tolist(), seen[:, kept], seed=seed)
    score, low, high = _interval(law.at(sizes.max()), confidence)
    measured_there = round(float(seen[0][sizes == sizes.max()].mean()), 4)
    return CurveCheck(
        fitted_rows=law.most,
        rows=int(sizes.max()),
        score=score,
        low=low,
        high=high,
        measured=measured_there,
        held=low <= measured_there <= high,
    )


def _interval(at: Array, confidence: float) -> tuple[float, float, float]:
    low, high = interval(at[1:], confidence)
    return round(float(at[0]), 4), round(low, 4), round(high, 4)


def _fit(sizes: Array, seen: Array, start: Array) -> Array:
    from scipy.optimize import least_squares

    def residuals(of: Array) -> Array:
        return np.asarray(of[0] - of[1] * sizes ** -of[2] - seen)

    bounds = ([0.0, 0.0, 0.01], [1.0, 10.0, 2.0])
    inside = np.clip(start, np.array(bounds[0]) + 1e-6, np.array(bounds[1]) - 1e-6)
    return np.asarray(least_squares(residuals, inside, bounds=bounds).x)

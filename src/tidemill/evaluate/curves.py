"""scores at numbers of rows -> the law they follow, what it says of more rows, and where it says nothing.

The score rises as ``limit - gap * rows ** -rate``: the inverse power law of Cortes et al., "Learning Curves: Asymptotic
Values and Rate of Convergence" (NIPS 1993), which Figueroa et al. (2012) found to hold for text classifiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError
from tidemill.evaluate.bootstrap import Array, interval

REACH: Final = 50
"""Times the most rows measured, beyond which nothing is predicted: no point of the curve tells of the plateau there."""
ASKED: Final = (100, 1_000, 5_000, 10_000_000)
_LEAST: Final = 4
_START: Final = (0.5, 0.5)


@dataclass(frozen=True)
class Law:
    """What was fitted: (draws, 3) of limit, gap and rate, the fit to all points first."""

    parameters: Array
    most: int

    def at(self, rows: float) -> Array:
        """Number of rows -> (draws,) scores."""
        limit, gap, rate = self.parameters.T
        return np.asarray(limit - gap * float(rows) ** -rate)


def fit_law(rows: Sequence[int], scores: Sequence[float], *, draws: int, seed: int) -> Law:
    """Numbers of rows and the scores there, one or more of each -> the law, and what resampled residuals make of it.

    Raises
    ------
    DataError
        There are fewer than four different numbers of rows.
    """
    sizes, seen = np.asarray(rows, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if len(np.unique(sizes)) < _LEAST:
        raise DataError(f"a curve through {len(np.unique(sizes))} sizes says nothing: measure at {_LEAST} or more")
    best = _fit(sizes, seen, np.array([min(seen.max() + 0.01, 1.0), *_START]))
    fitted = best[0] - best[1] * sizes ** -best[2]
    generator = np.random.default_rng(seed)
    residuals = seen - fitted
    again = [_fit(sizes, fitted + generator.choice(residuals, len(seen)), best) for _ in range(draws)]
    return Law(np.stack([best, *again]), int(sizes.max()))


def predictions(law: Law, asked: Sequence[int], *, confidence: float) -> list[dict[str, Any]]:
    """Law and numbers of rows -> for each the score with its interval, or why there is none."""
    told: list[dict[str, Any]] = []
    for rows in asked:
        if rows > REACH * law.most:
            refusal = (
                f"no prediction: {rows:,} rows are {rows / law.most:,.0f} times as many as were measured "
                f"({law.most:,}); a curve tells of at most {REACH} times"
            )
            told.append({"rows": rows, "refused": refusal})
            continue
        at = np.clip(law.at(rows), 0.0, 1.0)
        low, high = interval(at[1:], confidence)
        told.append({"rows": rows, "score": round(float(at[0]), 4), "low": round(low, 4), "high": round(high, 4)})
    return told


def _fit(sizes: Array, scores: Array, start: Array) -> Array:
    from scipy.optimize import least_squares

    def residuals(of: Array) -> Array:
        return np.asarray(of[0] - of[1] * sizes ** -of[2] - scores)

    bounds = ([0.0, 0.0, 0.01], [1.0, 10.0, 2.0])
    inside = np.clip(start, np.array(bounds[0]) + 1e-6, np.array(bounds[1]) - 1e-6)
    return np.asarray(least_squares(residuals, inside, bounds=bounds).x)

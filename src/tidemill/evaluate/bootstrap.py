"""tallies -> sums over resampled rows, and intervals from them (Efron, 1979; percentile method)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_CELLS: Final = 4_000_000  # numbers in one block of resamples: 32 MB


def resample(tallies: Array, *, n_bootstrap: int, seed: int) -> Array:
    """Tallies (rows, columns) -> (n_bootstrap, columns) sums over rows drawn with replacement.

    Columns of several models side by side are resampled by the same rows, so their differences are paired.
    """
    done = [times @ tallies for times in draws(len(tallies), n_bootstrap, seed)]
    return np.concatenate(done)


def draws(rows: int, n_bootstrap: int, seed: int) -> Iterator[Array]:
    """Number of rows and of resamples -> blocks of (resamples, rows): how often each row is drawn."""
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // max(rows, 1))
    for start in range(0, n_bootstrap, block):
        count = min(block, n_bootstrap - start)
        drawn = rng.integers(0, rows, size=(count, rows)) + np.arange(count)[:, None] * rows
        times = np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows)
        yield times.astype(np.float64)


def interval(samples: Array, confidence: float) -> tuple[float, float]:
    """Resampled scores (n_bootstrap,) -> the ends between which the share ``confidence`` of them lies.

    Resamples in which the score has no meaning (NaN) are left out; (NaN, NaN) when nothing is left.

    >>> interval(np.arange(101.0), 0.50)
    (25.0, 75.0)
    """
    known = samples[~np.isnan(samples)]
    if not known.size:
        return float("nan"), float("nan")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return float(low), float(high)

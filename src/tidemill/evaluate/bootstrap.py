"""Sums over resampled rows, and intervals from them (Efron, 1979; percentile method)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_CELLS: Final = 4_000_000  # numbers in one block of resamples: 32 MB


def resample(terms: Array, *, n_bootstrap: int, seed: int) -> Array:
    """Sum tallies over rows drawn with replacement.

    Columns of several models side by side are resampled by the same rows, so their differences are paired.

    Parameters
    ----------
    terms : (n_rows, n_columns)
    n_bootstrap
        Number of resamples.
    seed
        Seed of the random generator.

    Returns
    -------
    (n_bootstrap, n_columns)
    """
    done = [times @ terms for times in bootstrap_counts(len(terms), n_bootstrap, seed)]
    return np.concatenate(done)


def bootstrap_counts(rows: int, n_bootstrap: int, seed: int) -> Iterator[Array]:
    """Draw rows with replacement.

    Parameters
    ----------
    rows
        Number of rows.
    n_bootstrap
        Number of resamples.
    seed
        Seed of the random generator.

    Yields
    ------
    (n_resamples, n_rows)
        Block by block, how often each row is drawn.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // max(rows, 1))
    for start in range(0, n_bootstrap, block):
        count = min(block, n_bootstrap - start)
        drawn = rng.integers(0, rows, size=(count, rows)) + np.arange(count)[:, None] * rows
        times = np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows)
        yield times.astype(np.float64)


def interval(samples: Array, confidence: float) -> tuple[float, float]:
    """Compute the interval that holds a share of resampled scores.

    Parameters
    ----------
    samples : (n_bootstrap,)
        Scores; those that have no meaning (NaN) are left out.
    confidence
        The share, from 0 to 1.

    Returns
    -------
    low, high : float
        NaN when nothing is left.

    Examples
    --------
    >>> interval(np.arange(101.0), 0.50)
    (25.0, 75.0)
    """
    defined = samples[~np.isnan(samples)]
    if not defined.size:
        return float("nan"), float("nan")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return float(low), float(high)

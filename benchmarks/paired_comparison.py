"""Two methods on the same test rows, each with several seeds: mean scores and the interval of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from denoise_sets import score

DRAWS = 500


def mean_score(predicted: Sequence[Any], gold: Any, metric: str) -> float:
    """What a method says with each seed -> its mean score x 100."""
    return float(np.mean([score(item, gold, metric) for item in predicted]))


def paired(ours: Sequence[Any], theirs: Sequence[Any], gold: Any, metric: str) -> list[float]:
    """What two methods say with each seed -> 95% interval of the mean gain of the first, over test rows and seeds."""
    gains = _resampled(
        lambda rows, k: _one(ours[k], gold, metric, rows) - _one(theirs[k], gold, metric, rows), gold, len(ours)
    )
    return _ends(gains)


def spread(predicted: Sequence[Any], gold: Any, metric: str) -> list[float]:
    """What a method says with each seed -> 95% interval of its mean score, over test rows and seeds."""
    return _ends(_resampled(lambda rows, k: _one(predicted[k], gold, metric, rows), gold, len(predicted)))


def _one(predicted: Any, gold: Any, metric: str, rows: Any) -> float:
    return score(predicted[rows], gold[rows], metric, draws=1)


def _resampled(each: Any, gold: Any, seeds: int) -> list[float]:
    generator = np.random.default_rng(0)
    results = []
    for _ in range(DRAWS):
        rows = generator.integers(0, len(gold), len(gold))
        results.append(np.mean([each(rows, k) for k in generator.integers(0, seeds, seeds)]))
    return [float(item) for item in results]


def _ends(samples: Sequence[float]) -> list[float]:
    low, high = np.quantile(samples, [0.025, 0.975])
    return [round(float(low), 2), round(float(high), 2)]

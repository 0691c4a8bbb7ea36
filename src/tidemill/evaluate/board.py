"""yardsticks and slices -> one table of scores with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array, interval, resample
from tidemill.evaluate.scores import LOWER_IS_BETTER, METRICS, Gold, Ruler, scores, tally
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice

ALL = "all"
_DIGITS = 6
_NOTHING = 1e-12  # a difference below this is rounding


def rounded(value: float) -> float | None:
    """Number -> six decimals, None for NaN: what JSON can hold and `dvc metrics diff` can compare.

    >>> rounded(1 / 3), rounded(float("nan"))
    (0.333333, None)
    """
    return None if math.isnan(value) else round(float(value), _DIGITS) + 0.0


def board(
    gold: Gold, models: Mapping[str, Probabilities], slices: Sequence[Slice], by: Ruler, settings: EvaluateSettings
) -> pl.DataFrame:
    """Gold, yardstick -> probabilities, and slices -> one row per slice, yardstick and metric.

    Columns: slice, yardstick, metric, rows, classes (how many the slice's gold holds), score, low, high.
    The slice ``all`` comes first. Without rows the table is empty.
    """
    if not len(gold):
        return pl.DataFrame(schema=_SCHEMA)
    tallies = np.hstack([tally(gold, probabilities, by) for probabilities in models.values()])
    everything = Slice(ALL, ALL, np.ones(len(gold), dtype=np.bool_))
    lines: list[dict[str, Any]] = []
    for one in (everything, *slices):
        name = ALL if one is everything else one.name
        about = {"slice": name, "rows": int(one.rows.sum()), "classes": len(np.unique(gold[one.rows]))}
        lines += [about | line for line in _lines(tallies[one.rows], list(models), by, settings)]
    return pl.DataFrame(lines, schema=_SCHEMA)


_SCHEMA = {
    "slice": pl.String,
    "yardstick": pl.String,
    "metric": pl.String,
    "rows": pl.Int64,
    "classes": pl.Int64,
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def _lines(tallies: Array, names: list[str], by: Ruler, settings: EvaluateSettings) -> list[dict[str, Any]]:
    drawn = resample(tallies, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    width = tallies.shape[1] // len(names)
    lines = []
    for k, name in enumerate(names):
        part = slice(k * width, (k + 1) * width)
        seen, samples = scores(tallies[:, part].sum(axis=0), by), scores(drawn[:, part], by)
        for metric in METRICS:
            low, high = interval(samples[metric], settings.confidence)
            found = {"score": rounded(float(seen[metric])), "low": rounded(low), "high": rounded(high)}
            lines.append({"yardstick": name, "metric": metric, **found})
    return lines


def difference(
    gold: Gold, one: Probabilities, other: Probabilities, by: Ruler, settings: EvaluateSettings, *, metric: str
) -> tuple[float, Array]:
    """Two models on the same rows -> how much better the first is, and the same over paired resamples.

    Positive means better for every metric: for log loss and calibration error the sign is turned.
    """
    tallies = np.hstack([tally(gold, one, by), tally(gold, other, by)])
    drawn = resample(tallies, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    width = tallies.shape[1] // 2
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    first, second = (slice(0, width), slice(width, None))
    seen = tallies.sum(axis=0)
    gain = scores(seen[first], by)[metric] - scores(seen[second], by)[metric]
    gains = scores(drawn[:, first], by)[metric] - scores(drawn[:, second], by)[metric]
    return sign * float(gain), sign * gains


def share_better(gains: Array) -> float:
    """Paired gains over resamples -> the share in which the first model is strictly better; NaN counts as not."""
    return float(np.mean(gains > _NOTHING))

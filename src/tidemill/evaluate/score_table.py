"""One table of scores with intervals, of all baselines and slices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.baselines import MAJORITY_CLASS
from tidemill.evaluate.bootstrap import Array, bootstrap_counts, interval, resample
from tidemill.evaluate.metrics import LOWER_IS_BETTER, Gold, MetricSpec, metric_terms, metrics_from_sums
from tidemill.evaluate.proportions import LEAST_ROWS, proportion_intervals
from tidemill.evaluate.roc_auc import roc_auc
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice
from tidemill.reports.base import Estimate

ALL = "all"
DIGITS = 6
_NOTHING = 1e-12  # a difference below this is rounding


def rounded(value: float) -> float | None:
    """Round to six decimals: what JSON can hold and `dvc metrics diff` can compare.

    Parameters
    ----------
    value
        Any number, NaN where it is undefined.

    Returns
    -------
    float or None
        None for NaN; never -0.0.

    Examples
    --------
    >>> rounded(1 / 3), rounded(float("nan"))
    (0.333333, None)
    """
    return None if math.isnan(value) else round(float(value), DIGITS) + 0.0


def estimate(value: float, samples: Array, settings: EvaluateSettings) -> Estimate:
    """Give a score the interval that its resamples span.

    Parameters
    ----------
    value
        The score over all rows.
    samples : (n_bootstrap,)
        The score over resampled rows.
    settings
        Settings of evaluate.

    Returns
    -------
    Estimate
        Rounded to six decimals.
    """
    low, high = interval(samples, settings.confidence_level)
    return Estimate(score=rounded(value), low=rounded(low), high=rounded(high))


def score_table(
    gold: Gold,
    models: Mapping[str, Probabilities],
    slices: Sequence[Slice],
    spec: MetricSpec,
    settings: EvaluateSettings,
) -> pl.DataFrame:
    """Make the table of scores.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by each baseline.
    slices
        Slices of the rows, each with its mask.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate.

    Returns
    -------
    polars.DataFrame
        A row per slice, baseline and metric: slice, model, metric, rows, classes (how many the slice's gold holds), score,
        low, high. The slice ``all`` comes first. Without rows the table is empty; of fewer than 10 rows there are no scores.
    """
    if not len(gold):
        return pl.DataFrame(schema=_SCHEMA)
    everything = Slice(ALL, ALL, np.ones(len(gold), dtype=np.bool_))
    lines: list[dict[str, Any]] = []
    for item in (everything, *slices):
        part = {name: probabilities[item.rows] for name, probabilities in models.items()}
        name = ALL if item is everything else item.name
        about = {"slice": name, "rows": int(item.rows.sum()), "classes": len(np.unique(gold[item.rows]))}
        lines += [about | line for line in _lines(gold[item.rows], part, spec, settings)]
    return pl.DataFrame(lines, schema=_SCHEMA)


_SCHEMA = {
    "slice": pl.String,
    "model": pl.String,
    "metric": pl.String,
    "rows": pl.Int64,
    "classes": pl.Int64,
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}


def _lines(
    gold: Gold, models: Mapping[str, Probabilities], spec: MetricSpec, settings: EvaluateSettings
) -> list[dict[str, Any]]:
    terms = {name: metric_terms(gold, predicted, spec) for name, predicted in models.items()}
    if len(gold) < LEAST_ROWS:
        metrics = metrics_from_sums(next(iter(terms.values())).sum(axis=0), spec) | {"auc": 0.0}
        empty = {"score": None, "low": None, "high": None}
        return [{"model": name, "metric": metric, **empty} for name in models for metric in metrics]
    seen = {
        name: metrics_from_sums(item.sum(axis=0), spec) | {"auc": roc_auc(gold, models[name])[0]}
        for name, item in terms.items()
    }
    drawn = _drawn(gold, models, terms, spec, settings)
    lines = []
    for name, metrics in seen.items():
        sums = terms[name].sum(axis=0)
        known = {} if name == MAJORITY_CLASS else proportion_intervals(sums, spec, settings.confidence_level)
        for metric, value in metrics.items():
            low, high = known.get(metric) or interval(drawn[name][metric], settings.confidence_level)
            results = {"score": rounded(float(value)), "low": rounded(low), "high": rounded(high)}
            lines.append({"model": name, "metric": metric, **results})
    return lines


def _drawn(
    gold: Gold,
    models: Mapping[str, Probabilities],
    terms: Mapping[str, Array],
    spec: MetricSpec,
    settings: EvaluateSettings,
) -> dict[str, dict[str, Array]]:
    """The same rows are drawn for all baselines, so that differences are paired."""
    sums: dict[str, list[Array]] = {name: [] for name in models}
    areas: dict[str, list[Array]] = {name: [] for name in models}
    for times in bootstrap_counts(len(gold), settings.n_bootstrap, settings.seed):
        for name, predicted in models.items():
            sums[name].append(times @ terms[name])
            areas[name].append(roc_auc(gold, predicted, times))
    return {
        name: metrics_from_sums(np.concatenate(sums[name]), spec) | {"auc": np.concatenate(areas[name])}
        for name in models
    }


def difference(
    gold: Gold, one: Probabilities, other: Probabilities, spec: MetricSpec, settings: EvaluateSettings, *, metric: str
) -> tuple[float, Array]:
    """Compare two models on the same rows.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    one, other : (n_rows, n_classes)
        Probabilities.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate.
    metric
        Name of the metric.

    Returns
    -------
    gain : float
        Positive where the first is better, for every metric: for log loss and calibration error the sign is turned.
    resampled : (n_bootstrap,)
        The gain over paired resamples.
    """
    terms = np.hstack([metric_terms(gold, one, spec), metric_terms(gold, other, spec)])
    drawn = resample(terms, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    width = terms.shape[1] // 2
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    first, second = (slice(0, width), slice(width, None))
    seen = terms.sum(axis=0)
    gain = metrics_from_sums(seen[first], spec)[metric] - metrics_from_sums(seen[second], spec)[metric]
    gains = metrics_from_sums(drawn[:, first], spec)[metric] - metrics_from_sums(drawn[:, second], spec)[metric]
    return sign * float(gain), sign * gains


def share_better(gains: Array) -> float:
    """Compute the share of resamples in which the first model is strictly better.

    Parameters
    ----------
    gains : (n_bootstrap,)
        Paired gains; NaN counts as not better.

    Returns
    -------
    float
        In [0, 1].
    """
    return float(np.mean(gains > _NOTHING))

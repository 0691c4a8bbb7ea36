"""Slices on which the candidate may not fall, and how a fall is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import resample
from tidemill.evaluate.metrics import Gold, MetricSpec, metric_terms, metrics_from_sums
from tidemill.evaluate.score_table import DIGITS, difference, estimate
from tidemill.evaluate.score_text import format_gain, format_score, metric_label
from tidemill.evaluate.settings import EvaluateSettings, Guard
from tidemill.evaluate.slices import slice_of_value, values_of
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import GuardGain, GuardResult

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GuardedSlice:
    """Rows on which the candidate may not fall.

    Attributes
    ----------
    name
        Of the slice.
    rows : (n_rows,)
        Which rows are in it.
    metric
        Score that may not fall.
    tolerance
        Fall that is allowed.
    min_rows
        Least number of rows to judge.
    breach_probability
        Share of resamples with a larger fall from which on the guard blocks.
    """

    name: str
    rows: Mask
    metric: str
    tolerance: float
    min_rows: int
    breach_probability: float


def guarded_slices(columns: pl.DataFrame, settings: EvaluateSettings) -> list[GuardedSlice]:
    """Cut the slices that the settings guard.

    Parameters
    ----------
    columns
        Columns that describe the rows.
    settings
        Settings of evaluate.

    Returns
    -------
    list of GuardedSlice
        One for each value of a guard without a value.
    """
    gate = settings.gate
    return [
        _of_value(columns, guard, value, gate.guard_probability)
        for guard in gate.guards
        for value in ([guard.value] if guard.value is not None else values_of(columns, guard.column))
    ]


def _of_value(columns: pl.DataFrame, guard: Guard, value: str, breach_probability: float) -> GuardedSlice:
    part = slice_of_value(columns, guard.column, value)
    return GuardedSlice(part.name, part.rows, guard.metric, guard.tolerance, guard.min_rows, breach_probability)


def judge_guard(
    guard: GuardedSlice,
    gold: Gold,
    candidate: Probabilities,
    champion: Probabilities,
    spec: MetricSpec,
    settings: EvaluateSettings,
) -> GuardResult:
    """Judge one guard.

    Parameters
    ----------
    guard
        The slice.
    gold : (n_rows,)
        Class index.
    candidate, champion : (n_rows, n_classes)
        Probabilities.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate.

    Returns
    -------
    GuardResult
        Not judged, ``passed=None``, where the slice has too few rows.
    """
    rows = int(guard.rows.sum())
    asked: Any = {"slice": guard.name, "metric": guard.metric, "tolerance": guard.tolerance, "rows": rows}
    if rows < guard.min_rows:
        text = f"guard {guard.name} is not judged: {rows} valid rows, {guard.min_rows} are asked"
        return GuardResult(**asked, passed=None, reason=text)
    gold, candidate, champion = gold[guard.rows], candidate[guard.rows], champion[guard.rows]
    gain, gains = difference(gold, candidate, champion, spec, settings, metric=guard.metric)
    breach = float(np.mean(gains < -guard.tolerance - 1e-9))
    passed = breach < guard.breach_probability
    before, after = (score_of(gold, model, spec, settings, guard.metric) for model in (champion, candidate))
    interval = estimate(gain, gains, settings)
    reason = (
        f"guard {guard.name} {'holds' if passed else 'falls'}: {metric_label(guard.metric)} "
        f"{format_score(before.score)} -> {format_score(after.score)} ({format_gain(interval)}) "
        f"on {rows} rows; a fall of more than {guard.tolerance:g} in {breach:.1%} of resamples"
    )
    loss = GuardGain(**dict(interval), probability_of_breach=round(breach, DIGITS))
    return GuardResult(**asked, passed=passed, reason=reason, candidate=after, champion=before, gain=loss)


def score_of(gold: Gold, model: Probabilities, spec: MetricSpec, settings: EvaluateSettings, metric: str) -> Estimate:
    """Score a model on some rows, with the interval of their resamples.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    model : (n_rows, n_classes)
        Probabilities.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate.
    metric
        Name of the score.

    Returns
    -------
    Estimate
    """
    terms = metric_terms(gold, model, spec)
    drawn = resample(terms, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    return estimate(
        float(metrics_from_sums(terms.sum(axis=0), spec)[metric]), metrics_from_sums(drawn, spec)[metric], settings
    )

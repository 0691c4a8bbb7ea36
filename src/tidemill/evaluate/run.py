"""Metrics, verdict and tables for plots, from rows with gold and the predictions of each baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.baselines import CHAMPION, END_MODEL, LABEL_MODEL, MAJORITY_CLASS, ORDER
from tidemill.evaluate.bootstrap import Array, interval
from tidemill.evaluate.confidence_report import GATED, REPORTED, confidence_report, part
from tidemill.evaluate.gate import GateInput, gate_verdict
from tidemill.evaluate.metrics import Gold, MetricSpec, metric_spec
from tidemill.evaluate.ood_rejection import ood_rejection
from tidemill.evaluate.proportions import LEAST_ROWS
from tidemill.evaluate.reliability import confusion_table, reliability_table
from tidemill.evaluate.score_table import ALL, difference, rounded, score_table, share_better
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import slice_columns, slices_of_columns
from tidemill.evaluate.thresholds import thresholds
from tidemill.reports.base import Interval
from tidemill.reports.evaluate import CleanProcessCheck, Comparison, Metrics, Verdict

CALIBRATED: Final = (LABEL_MODEL, END_MODEL, CHAMPION)
_ABOUT_ROWS: Final = ("row_id", "split", "gold")


@dataclass(frozen=True)
class Evaluated:
    """What the stage writes."""

    metrics: Metrics
    verdict: Verdict
    scores: pl.DataFrame
    reliability_table: pl.DataFrame
    confusion_table: pl.DataFrame
    thresholds: pl.DataFrame


def evaluate(  # noqa: PLR0913 - rows, models and what is known of the two that are compared
    rows: pl.DataFrame,
    models: Mapping[str, Probabilities],
    classes: tuple[str, ...],
    settings: EvaluateSettings,
    *,
    version: str | None,
    champion_batches: tuple[str, ...] | None = None,
    champion_classes: tuple[str, ...] | None = None,
    check: CleanProcessCheck | None = None,
    outlier: Array | None = None,
) -> Evaluated:
    """Evaluate the candidate.

    Parameters
    ----------
    rows
        Rows with gold of splits valid and test: row_id, split, gold and any columns that describe the rows. Test rows are
        reported, valid rows judged.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by names of ``baselines.ORDER``.
    classes
        Names of the classes in the order of their indices.
    settings
        Settings of evaluate.
    version
        The champion's.
    champion_batches
        Names of the batches that the champion was trained on.
    champion_classes
        Names of the classes that it knows; None: all.
    check
        What the candidate answered in a clean process.
    outlier : (n_rows,), optional
        Outlier scores by the end model, where it rejects rows.

    Returns
    -------
    Evaluated
        Metrics, verdict and tables of scores.
    """
    spec = metric_spec(classes, settings.positive_class, settings.n_bins)
    ordered = {name: models[name] for name in ORDER if name in models}
    columns = rows.drop(*_ABOUT_ROWS)
    test, gold = part(rows, ordered, REPORTED)
    cuts = slice_columns(columns, settings.slices, max_values=settings.max_slice_values)
    slices = slices_of_columns(columns.filter(rows["split"] == REPORTED), cuts, min_rows=settings.min_slice_rows)
    scored = score_table(gold, test, slices, spec, settings)
    covered, temperature = confidence_report(rows, ordered, slices, spec, settings)
    rejected = None
    if outlier is not None:
        unlike = outlier[(rows["split"] == REPORTED).to_numpy()]
        rejected = ood_rejection(unlike, gold, test[END_MODEL], slices, settings)
    unknown = (
        () if champion_classes is None else tuple(k for k, name in enumerate(classes) if name not in champion_classes)
    )
    contest = replace(_contest(rows, ordered, version), champion_batches=champion_batches, unknown=unknown, check=check)
    whole = scored.filter(pl.col("slice") == ALL)
    parts = scored.filter((pl.col("slice") != ALL) & (pl.col("model") == END_MODEL))
    return Evaluated(
        metrics=Metrics(
            split=REPORTED,
            rows=len(gold),
            metric=settings.gate.metric,
            confidence=settings.confidence_level,
            scores={name: _scores(whole, name) for name in test},
            intervals={name: _intervals(whole, name) for name in test},
            end_model_gains=_gains(gold, test, spec, settings) if len(gold) >= LEAST_ROWS else {},
            slices=_slice_scores(parts),
            slice_intervals=_slice_intervals(parts),
            coverage=covered,
            temperature=temperature,
            none_of_the_above=rejected,
        ),
        verdict=gate_verdict(contest, spec, settings),
        scores=scored,
        reliability_table=reliability_table(gold, {k: test[k] for k in CALIBRATED if k in test}, settings.n_bins),
        confusion_table=confusion_table(gold, test[END_MODEL], classes),
        thresholds=thresholds(gold, test[END_MODEL], classes, settings),
    )


def _contest(rows: pl.DataFrame, models: Mapping[str, Probabilities], version: str | None) -> GateInput:
    valid, gold = part(rows, models, GATED)
    columns = rows.filter(pl.col("split") == GATED).drop(*_ABOUT_ROWS)
    return GateInput(gold, columns, valid[MAJORITY_CLASS], valid[END_MODEL], valid.get(CHAMPION), version)


def _scores(whole: pl.DataFrame, name: str) -> dict[str, float | None]:
    return dict(whole.filter(pl.col("model") == name).select("metric", "score").iter_rows())


def _intervals(whole: pl.DataFrame, name: str) -> dict[str, Interval]:
    """Ends of the intervals as lists, over which `dvc metrics diff` passes."""
    table = whole.filter(pl.col("model") == name).select("metric", "low", "high")
    return {metric: (low, high) for metric, low, high in table.iter_rows()}


def _slice_scores(parts: pl.DataFrame) -> dict[str, dict[str, int | float]]:
    return {
        str(name): {metric: score for metric, score in table.select("metric", "score").iter_rows() if score is not None}
        | {"rows": table["rows"][0]}
        for (name,), table in parts.group_by("slice", maintain_order=True)
    }


def _slice_intervals(parts: pl.DataFrame) -> dict[str, dict[str, Interval]]:
    return {
        str(name): {
            metric: (low, high)
            for metric, score, low, high in table.select("metric", "score", "low", "high").iter_rows()
            if score is not None
        }
        for (name,), table in parts.group_by("slice", maintain_order=True)
    }


def _gains(
    gold: Gold, models: Mapping[str, Probabilities], spec: MetricSpec, settings: EvaluateSettings
) -> dict[str, Comparison]:
    """How much better the candidate is than each model, in the gate's metric, on paired resamples."""
    results = {}
    for name in models:
        if name != END_MODEL:
            metric = settings.gate.metric
            gain, gains = difference(gold, models[END_MODEL], models[name], spec, settings, metric=metric)
            low, high = interval(gains, settings.confidence_level)
            ends = rounded(low), rounded(high)
            results[name] = Comparison(gain=rounded(gain), interval=ends, probability=rounded(share_better(gains)))
    return results

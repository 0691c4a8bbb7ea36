"""How far the candidate's confidence is to be trusted: temperature, and coverage at a precision.

Both are fitted on rows other than those of test, and reported of test, of all its rows and of each slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.baselines import END_MODEL, LABEL_MODEL
from tidemill.evaluate.bootstrap import interval
from tidemill.evaluate.metrics import Gold, MetricSpec
from tidemill.evaluate.score_table import ALL, rounded, score_table
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice
from tidemill.evaluate.temperature import bootstrap_temperatures, fit_temperature, scale_by_temperature
from tidemill.evaluate.thresholds import coverage_at, least_confidence
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import Coverage, SliceTemperature, Temperature

REPORTED: Final = "test"
GATED: Final = "valid"
FITTED: Final = {"weak": GATED, "dev": "dev"}
"""Rows on which the temperature is fitted, by whose labels they have."""


def confidence_report(
    rows: pl.DataFrame,
    models: Mapping[str, Probabilities],
    slices: Sequence[Slice],
    spec: MetricSpec,
    settings: EvaluateSettings,
) -> tuple[Coverage, Temperature | None]:
    """Measure selective prediction, and temperature scaling where the settings request it.

    Parameters
    ----------
    rows
        Rows with gold, with their split.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by each baseline.
    slices
        Of the rows of test.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate.

    Returns
    -------
    coverage : Coverage
    temperature : Temperature or None
        None where it is not fitted.
    """
    covered = _coverage(rows, models, slices, settings)
    if settings.calibrate_on == "none" or (settings.calibrate_on == "weak" and LABEL_MODEL not in models):
        return covered, None
    return covered, _temperature(rows, models, slices, spec, settings)


def part(rows: pl.DataFrame, models: Mapping[str, Probabilities], split: str) -> tuple[dict[str, Probabilities], Gold]:
    """Select the rows of a split.

    Parameters
    ----------
    rows
        Rows with gold.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by each baseline.
    split
        Name of the split.

    Returns
    -------
    models : dict of str to (n_split_rows, n_classes)
    gold : (n_split_rows,)
    """
    mask = (rows["split"] == split).to_numpy()
    return {name: model[mask] for name, model in models.items()}, rows["gold"].to_numpy()[mask]


def _temperature(
    rows: pl.DataFrame,
    models: Mapping[str, Probabilities],
    slices: Sequence[Slice],
    spec: MetricSpec,
    settings: EvaluateSettings,
) -> Temperature:
    """The candidate's temperature, and its calibration error on test before and after it."""
    fitted_on: Literal["weak", "dev"] = "weak" if settings.calibrate_on == "weak" else "dev"
    asked, gold = part(rows, models, FITTED[fitted_on])
    targets = asked[LABEL_MODEL] if fitted_on == "weak" else np.eye(spec.n_classes)[gold]
    temperature = fit_temperature(asked[END_MODEL], targets)
    ends = None
    if len(targets):
        drawn = bootstrap_temperatures(asked[END_MODEL], targets, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
        low, high = interval(drawn, settings.confidence_level)
        ends = rounded(low), rounded(high)
    test, truth = part(rows, {END_MODEL: models[END_MODEL]}, REPORTED)
    both = {"before": test[END_MODEL], "after": scale_by_temperature(test[END_MODEL], temperature)}
    table = score_table(truth, both, slices, spec, settings).filter(pl.col("metric") == "calibration_error")
    estimate: dict[str, dict[str, Estimate]] = {}
    for line in table.iter_rows(named=True):
        of_slice = Estimate(score=line["score"], low=line["low"], high=line["high"])
        estimate.setdefault(line["slice"], {})[line["model"]] = of_slice
    whole = estimate.pop(ALL, {})
    return Temperature(
        value=temperature,
        fitted_on=fitted_on,
        rows=len(targets),
        interval=ends,
        slices={name: SliceTemperature(**both) for name, both in estimate.items()},
        **whole,
    )


def _coverage(
    rows: pl.DataFrame, models: Mapping[str, Probabilities], slices: Sequence[Slice], settings: EvaluateSettings
) -> Coverage:
    valid, gold = part(rows, {END_MODEL: models[END_MODEL]}, GATED)
    least = least_confidence(gold, valid[END_MODEL], settings.target_precision)
    test, truth = part(rows, {END_MODEL: models[END_MODEL]}, REPORTED)
    if least is None or not len(truth):
        return Coverage(target_precision=settings.target_precision, threshold=least)
    predicted = test[END_MODEL]
    whole = coverage_at(truth, predicted, least, settings)
    return Coverage(
        target_precision=settings.target_precision,
        threshold=least,
        coverage=whole.coverage,
        precision=whole.precision,
        slices={item.name: coverage_at(truth[item.rows], predicted[item.rows], least, settings) for item in slices},
    )

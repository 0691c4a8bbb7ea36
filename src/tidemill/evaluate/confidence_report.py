"""How far the candidate's confidence is to be trusted: temperature, and coverage at a precision.

Both are fitted on rows other than those of test, and reported of test, of all its rows and of each slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.baselines import CANDIDATE, LABELS
from tidemill.evaluate.bootstrap import interval
from tidemill.evaluate.metrics import Gold, Ruler
from tidemill.evaluate.score_table import ALL, board, rounded
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice
from tidemill.evaluate.temperature import cooled, resampled, temperature
from tidemill.evaluate.thresholds import coverage, least_confidence
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import Coverage, SliceTemperature, Temperature

REPORTED: Final = "test"
GATED: Final = "valid"
FITTED: Final = {"weak": GATED, "dev": "dev"}
"""Rows on which the temperature is fitted, by whose labels they have."""


def honesty(
    rows: pl.DataFrame,
    models: Mapping[str, Probabilities],
    slices: Sequence[Slice],
    by: Ruler,
    settings: EvaluateSettings,
) -> tuple[Coverage, Temperature | None]:
    """Measure selective prediction, and temperature scaling where it is asked for.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows with gold, with their split.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by each baseline.
    slices : sequence of Slice
        Of the rows of test.
    by : Ruler
    settings : EvaluateSettings

    Returns
    -------
    coverage : Coverage
    temperature : Temperature or None
        None where it is not fitted.
    """
    covered = _coverage(rows, models, slices, settings)
    if settings.calibrate_on == "none" or (settings.calibrate_on == "weak" and LABELS not in models):
        return covered, None
    return covered, _temperature(rows, models, slices, by, settings)


def part(rows: pl.DataFrame, models: Mapping[str, Probabilities], split: str) -> tuple[dict[str, Probabilities], Gold]:
    """Select the rows of a split.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows with gold.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by each baseline.
    split : str

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
    by: Ruler,
    settings: EvaluateSettings,
) -> Temperature:
    """The candidate's temperature, and its calibration error on test before and after it."""
    fitted_on: Literal["weak", "dev"] = "weak" if settings.calibrate_on == "weak" else "dev"
    asked, gold = part(rows, models, FITTED[fitted_on])
    targets = asked[LABELS] if fitted_on == "weak" else np.eye(by.n_classes)[gold]
    degrees = temperature(asked[CANDIDATE], targets)
    ends = None
    if len(targets):
        drawn = resampled(asked[CANDIDATE], targets, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
        low, high = interval(drawn, settings.confidence_level)
        ends = rounded(low), rounded(high)
    test, truth = part(rows, {CANDIDATE: models[CANDIDATE]}, REPORTED)
    both = {"before": test[CANDIDATE], "after": cooled(test[CANDIDATE], degrees)}
    table = board(truth, both, slices, by, settings).filter(pl.col("metric") == "calibration_error")
    found: dict[str, dict[str, Estimate]] = {}
    for line in table.iter_rows(named=True):
        of_slice = Estimate(score=line["score"], low=line["low"], high=line["high"])
        found.setdefault(line["slice"], {})[line["yardstick"]] = of_slice
    whole = found.pop(ALL, {})
    return Temperature(
        value=degrees,
        fitted_on=fitted_on,
        rows=len(targets),
        interval=ends,
        slices={name: SliceTemperature(**both) for name, both in found.items()},
        **whole,
    )


def _coverage(
    rows: pl.DataFrame, models: Mapping[str, Probabilities], slices: Sequence[Slice], settings: EvaluateSettings
) -> Coverage:
    valid, gold = part(rows, {CANDIDATE: models[CANDIDATE]}, GATED)
    least = least_confidence(gold, valid[CANDIDATE], settings.target_precision)
    test, truth = part(rows, {CANDIDATE: models[CANDIDATE]}, REPORTED)
    if least is None or not len(truth):
        return Coverage(target_precision=settings.target_precision, threshold=least)
    said = test[CANDIDATE]
    whole = coverage(truth, said, least, settings)
    return Coverage(
        target_precision=settings.target_precision,
        threshold=least,
        coverage=whole.coverage,
        precision=whole.precision,
        slices={one.name: coverage(truth[one.rows], said[one.rows], least, settings) for one in slices},
    )

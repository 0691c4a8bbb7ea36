"""the candidate on rows with gold -> how far its confidence is to be believed: temperature, and coverage at a precision.

Both are fitted on rows other than those of test, and told of test, of all its rows and of each slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.board import ALL, board, rounded
from tidemill.evaluate.bootstrap import interval
from tidemill.evaluate.scores import Gold, Ruler
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice
from tidemill.evaluate.temperature import cooled, resampled, temperature
from tidemill.evaluate.thresholds import coverage, least_confidence
from tidemill.evaluate.yardsticks import CANDIDATE, LABELS

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
) -> dict[str, Any]:
    """Rows with gold, yardstick -> what it says of them, and slices of test -> ``temperature`` and ``coverage``."""
    told = _coverage(rows, models, slices, settings)
    if settings.calibrate_on == "none" or (settings.calibrate_on == "weak" and LABELS not in models):
        return {"coverage": told}
    return {"coverage": told, "temperature": _temperature(rows, models, slices, by, settings)}


def part(rows: pl.DataFrame, models: Mapping[str, Probabilities], split: str) -> tuple[dict[str, Probabilities], Gold]:
    """Rows, models and a split -> the models and the gold of its rows alone."""
    mask = (rows["split"] == split).to_numpy()
    return {name: model[mask] for name, model in models.items()}, rows["gold"].to_numpy()[mask]


def _temperature(
    rows: pl.DataFrame,
    models: Mapping[str, Probabilities],
    slices: Sequence[Slice],
    by: Ruler,
    settings: EvaluateSettings,
) -> dict[str, Any]:
    """The candidate's temperature, and its calibration error on test before and after it."""
    asked, gold = part(rows, models, FITTED[settings.calibrate_on])
    targets = asked[LABELS] if settings.calibrate_on == "weak" else np.eye(by.n_classes)[gold]
    degrees = temperature(asked[CANDIDATE], targets)
    told: dict[str, Any] = {"value": degrees, "fitted_on": settings.calibrate_on, "rows": len(targets)}
    if len(targets):
        drawn = resampled(asked[CANDIDATE], targets, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
        told["interval"] = [rounded(end) for end in interval(drawn, settings.confidence_level)]
    test, truth = part(rows, {CANDIDATE: models[CANDIDATE]}, REPORTED)
    both = {"before": test[CANDIDATE], "after": cooled(test[CANDIDATE], degrees)}
    table = board(truth, both, slices, by, settings).filter(pl.col("metric") == "calibration_error")
    found: dict[str, dict[str, Any]] = {}
    for line in table.iter_rows(named=True):
        found.setdefault(line["slice"], {})[line["yardstick"]] = {key: line[key] for key in ("score", "low", "high")}
    return told | found.pop(ALL, {}) | {"slices": found}


def _coverage(
    rows: pl.DataFrame, models: Mapping[str, Probabilities], slices: Sequence[Slice], settings: EvaluateSettings
) -> dict[str, Any]:
    valid, gold = part(rows, {CANDIDATE: models[CANDIDATE]}, GATED)
    least = least_confidence(gold, valid[CANDIDATE], settings.target_precision)
    test, truth = part(rows, {CANDIDATE: models[CANDIDATE]}, REPORTED)
    told: dict[str, Any] = {"asked": settings.target_precision, "least_confidence": least}
    if least is None or not len(truth):
        return told
    said = test[CANDIDATE]
    parts = {one.name: coverage(truth[one.rows], said[one.rows], least, settings) for one in slices}
    return told | coverage(truth, said, least, settings) | {"slices": parts}

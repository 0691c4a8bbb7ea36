"""Settings of `conf/evaluate/`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tidemill.contracts import Settings

Metric = Literal["accuracy", "balanced_accuracy", "f1", "log_loss", "calibration_error"]


class Guard(Settings):
    """A slice that may not get worse; ``value: null`` guards every value of the column, each by itself."""

    column: str
    value: str | None
    metric: Metric
    tolerance: float = Field(ge=0.0)
    min_rows: int = Field(ge=1)


class GateSettings(Settings):
    """When the candidate replaces the champion."""

    metric: Metric
    min_rows: int = Field(ge=1)
    min_probability: float = Field(gt=0.0, le=1.0)
    margin: float = Field(ge=0.0)
    fresh_rows: int | None = Field(ge=1)
    older_tolerance: float = Field(ge=0)
    ask: float | None = Field(ge=0.0, le=1.0)
    ask_gain: float = Field(ge=0.0)
    guard_probability: float = Field(gt=0.0, le=1.0)
    guards: tuple[Guard, ...]


class CurveSettings(Settings):
    """What `tidemill learning-curves` measures, and the numbers of rows that it predicts."""

    sizes: tuple[int, ...] = Field(min_length=4)
    n_repeats: int = Field(ge=2)
    n_bootstrap: int = Field(ge=20)
    extrapolate_to: tuple[int, ...]
    max_extrapolation: float = Field(ge=1)


class ErrorSettings(Settings):
    """What `tidemill label-errors` calls suspect, and how it ranks that."""

    filter_by: Literal["confident_learning", "prune_by_noise_rate", "prune_by_class", "both", "predicted_neq_given"]
    rank_by: Literal["normalized_margin", "self_confidence", "confidence_weighted_entropy"]
    max_errors: int | None = Field(ge=1)
    page_rows: int = Field(ge=1)


class EvaluateSettings(Settings):
    """How scores are measured, cut into slices and judged."""

    positive_class: str | None
    n_bins: int = Field(ge=2)
    n_bootstrap: int = Field(ge=50)
    confidence_level: float = Field(gt=0.0, lt=1.0)
    seed: int
    slices: tuple[str, ...] | None
    max_slice_values: int = Field(ge=1)
    min_slice_rows: int = Field(ge=1)
    calibrate_on: Literal["weak", "dev", "none"]
    target_precision: float = Field(gt=0.0, lt=1.0)
    curves: CurveSettings
    errors: ErrorSettings
    gate: GateSettings

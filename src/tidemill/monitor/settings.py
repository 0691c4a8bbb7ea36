"""Settings of `conf/monitor/`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tidemill.contracts import Settings


class EmbeddingSettings(Settings):
    """Test of the features."""

    max_rows: int = Field(ge=20)
    n_permutations: int = Field(ge=19)
    min_auc: float = Field(ge=0.0, le=1.0)


class FunctionSettings(Settings):
    """Tests of every labeling function's coverage and conflict."""

    min_coverage_change: float = Field(ge=0.0)
    min_conflict_change: float = Field(ge=0.0)


class PredictionSettings(Settings):
    """Test of what the champion predicts."""

    n_bins: int = Field(ge=1)
    n_permutations: int = Field(ge=19)
    min_distance: float = Field(ge=0.0, le=1.0)


class HarmSettings(Settings):
    """When a fall of the champion's agreement with the functions counts as harm, and when functions must be written."""

    min_rows: int = Field(ge=1)
    min_agreement_drop: float = Field(ge=0.0)
    min_coverage_drop: float = Field(ge=0.0)


class SequentialSettings(Settings):
    """How the stream of batches is watched for drift."""

    horizon: int = Field(ge=1)
    min_reference: int = Field(ge=2)
    strata: tuple[str, ...]
    weights: dict[str, Annotated[float, Field(ge=0.0)]]


class MonitorSettings(Settings):
    """How a new batch is compared with the champion's reference."""

    alpha: float = Field(gt=0.0, lt=1.0)
    seed: int
    min_rows: int = Field(ge=1)
    retrain_on: Literal["harm", "drift", "arrival"]
    detectors: tuple[str, ...]
    embeddings: EmbeddingSettings
    functions: FunctionSettings
    predictions: PredictionSettings
    harm: HarmSettings
    sequential: SequentialSettings

"""Settings of `conf/monitor/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import Settings
from tidemill.reports.monitor import ACTIONS, CONDITIONS, Action, Condition


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
    """Which fall of the champion's accuracy is harm, how many labels may be asked to decide, and when functions must be written."""

    tolerated_drop: float = Field(gt=0.0, lt=1.0)
    max_labels: int = Field(ge=1)
    min_rows: int = Field(ge=1)
    min_agreement_drop: float = Field(ge=0.0)
    min_coverage_drop: float = Field(ge=0.0)


class SequentialSettings(Settings):
    """How the stream of batches is watched for drift."""

    horizon: int = Field(ge=1)
    min_reference: int = Field(ge=2)
    strata: tuple[str, ...]
    weights: dict[str, Annotated[float, Field(ge=0.0)]]


class RetrainSettings(Settings):
    """How often a model may be retrained by itself, and how long harm must last before."""

    harm_checks: int = Field(ge=1)
    cooldown_checks: int = Field(ge=0)
    cooldown_hours: float = Field(ge=0.0)
    budget: int = Field(ge=1)
    budget_days: float = Field(gt=0.0)
    growth: float = Field(gt=1.0)
    new_labels: int = Field(ge=1)


class BrokenSettings(Settings):
    """From which on a batch is broken."""

    min_rows: int = Field(ge=1)
    max_null_increase: float = Field(ge=0.0, le=1.0)


class MonitorSettings(Settings):
    """How a new batch is compared with the champion's reference, and what is done about what is found."""

    alpha: float = Field(gt=0.0, lt=1.0)
    seed: int
    min_rows: int = Field(ge=1)
    actions: dict[Condition, Action]
    retrain: RetrainSettings
    broken: BrokenSettings
    detectors: tuple[str, ...]
    embeddings: EmbeddingSettings
    functions: FunctionSettings
    predictions: PredictionSettings
    harm: HarmSettings
    sequential: SequentialSettings

    @property
    def look_alpha(self) -> float:
        """Level of one look at rows that have not drifted, so that among ``horizon`` looks any false harm has a chance of ``alpha``."""
        return self.alpha / self.sequential.horizon

    @property
    def batch_alpha(self) -> float:
        """The same of one batch by itself, where ``harm_checks`` in a row have to be harmed."""
        return float(self.look_alpha ** (1.0 / self.retrain.harm_checks))

    @field_validator("actions", mode="before")
    @classmethod
    def _is_known(cls, value: object) -> object:
        for condition, action in value.items() if isinstance(value, Mapping) else ():
            if condition not in CONDITIONS:
                raise ValueError(f"there is no condition {condition!r}{did_you_mean(str(condition), CONDITIONS)}")
            if action not in ACTIONS:
                raise ValueError(
                    f"{condition}: there is no action {action!r}{did_you_mean(str(action), ACTIONS)}"
                    f" (all are {', '.join(ACTIONS)})"
                )
        return value

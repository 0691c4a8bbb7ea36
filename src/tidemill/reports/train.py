"""Report of train: classical models alongside the head, and whether an ensemble of them is the end model."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tidemill.reports.base import Count, Part, Report
from tidemill.reports.model import CombinationRecord

Ends = tuple[float, float, float]


class ModelComparison(Part):
    """One model on held-out rows; each figure with the ends of its 95% interval."""

    accuracy: Ends = Field(description="balanced where classes are")
    loss: Ends = Field(description="that decides")
    accuracy_gain: Ends = Field(description="on the model that it is compared with")
    gain: Ends = Field(description="less loss than the model that it is compared with")


class EnsembleReport(Report):
    """Why the end model is an ensemble, or the head alone."""

    FILE: ClassVar[str] = "reports/<problem>/train/ensemble.json"

    used: bool = Field(description="whether an ensemble is the end model")
    reason: str = Field(description="why")
    way: str | None = Field(default=None, description="blend, stack, mean or co-training")
    members: tuple[str, ...] | None = Field(default=None, description="models alongside the head")
    left_out: tuple[str, ...] | None = Field(default=None, description="members that read texts, where rows are images")
    folds: Count | None = Field(default=None, description="of the held-out predictions")
    rows: Count | None = Field(default=None, description="held-out rows that decide")
    judged_by: str | None = Field(default=None, description="the loss")
    lines: dict[str, ModelComparison] | None = Field(default=None, description="model: against the head alone")
    without: dict[str, ModelComparison] | None = Field(default=None, description="model: the ensemble without it")
    sentences: tuple[str, ...] = Field(default=(), description="the same in words")
    combination: CombinationRecord | None = Field(default=None, description="of head and members")

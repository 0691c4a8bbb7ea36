"""Report of search: the settings that were tried, and whether any are better."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, JsonValue

from tidemill.reports.base import Count, Part, Report

Ends = tuple[float, float, float]


class FinalistReport(Part):
    """A trial that was scored again, on rows by which no trial was."""

    trial: int = Field(description="its number")
    backbone: str = Field(description="its backbone")
    changes: dict[str, JsonValue] = Field(description="settings of train that it changes")
    gain: Ends = Field(description="gain in loss on the current settings, and the ends of its interval")
    points: Ends = Field(description="gain in accuracy, percentage points, and the ends of its interval")


class Holdout(Part):
    """The best trials scored again."""

    rows: Count = Field(description="rows that no trial was scored on")
    rounds: Count = Field(description="fits of each finalist")
    finalists: tuple[FinalistReport, ...] = Field(description="the largest gain first")


class SearchReport(Report):
    """What a search found; of a search that was not asked for, ``minutes`` is 0 and most is left out."""

    FILE: ClassVar[str] = "reports/<problem>/search/search.json"

    problem: str = Field(description="its name")
    minutes: float = Field(ge=0.0, description="budget")
    trials: Count = Field(description="trials that ended, pruned ones too")
    verdict: str = Field(description="a sentence")
    rows: Count | None = Field(default=None, description="rows of train and dev that were searched on")
    pruned: Count | None = Field(default=None, description="trials that were pruned")
    failed: Count | None = Field(default=None, description="trials that failed")
    backbones: tuple[str, ...] | None = Field(default=None, description="that were tried")
    measure: str | None = Field(default=None, description="the loss")
    holdout: Holdout | None = Field(default=None, description="the best trials scored again")
    suggested_hidden: tuple[int, ...] | None = Field(default=None, description="units of hidden layers to start from")
    suggestion: str | None = Field(default=None, description="why these")
    gain: float | None = Field(default=None, description="gain in loss of the best finalist")
    interval: tuple[float, float] | None = Field(default=None, description="ends of its interval")
    points: Ends | None = Field(default=None, description="its gain in accuracy, percentage points, with interval")
    backbone: str | None = Field(default=None, description="its backbone")
    embed: dict[str, JsonValue] | None = Field(default=None, description="settings of embed that it changes")
    changes: dict[str, JsonValue] | None = Field(default=None, description="settings of train that it changes")
    command: str | None = Field(default=None, description="that trains with them")
    elapsed_seconds: float | None = Field(default=None, description="wall clock")

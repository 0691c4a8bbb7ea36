"""How far a run of a problem's stages is: written by the run, read by the studio."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tidemill.reports.base import Part, Report


class StageProgress(Part):
    """One stage of a run."""

    stage: str = Field(description="its name")
    state: Literal["waiting", "running", "done", "restored", "not needed", "failed"] = Field(
        description="restored: outputs of an earlier run with the same inputs; not needed: nothing changed"
    )
    error: str | None = Field(default=None, description="why it failed")


class RunProgress(Report):
    """The stages of a problem's last run, wherever it was started."""

    FILE: ClassVar[str] = ".tidemill/progress/<problem>.json"
    REMEDY: ClassVar[str] = "the next run writes it again"

    flow_run: str | None = Field(description="id of the Prefect run; null: the stages were run in place")
    started: str = Field(description="UTC time at which the stages were planned")
    stages: tuple[StageProgress, ...] = Field(description="in an order in which each follows those it waits for")

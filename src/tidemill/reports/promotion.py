"""Records of promotions: a candidate about which a person is asked."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tidemill.reports.base import Report


class PendingCandidate(Report):
    """A candidate that waits for a person's decision: the text of an annotated tag on the commit whose ``dvc.lock`` holds it."""

    FILE: ClassVar[str] = "git: refs/tidemill/pending/<problem>"
    REMEDY: ClassVar[str] = "`tidemill run` asks again"

    problem: str = Field(description="name of the problem")
    candidate: str = Field(description="MD5 of the candidate's folder in dvc.lock")
    champion: str | None = Field(description="version that it would replace; it expires when another one is champion")
    reasons: tuple[str, ...] = Field(description="of the gate's verdict")
    flow_run: str | None = Field(default=None, description="id of the Prefect run that asks")

"""Report of embed: how far the rows are from what the backbone has learned on."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tidemill.reports.base import Count, Part, Report, Share


class DomainMeasures(Part):
    """What was measured; the first two of images, the others of texts."""

    divergence: float | None = Field(
        default=None, description="mean over layers of the symmetric KL divergence, in nats"
    )
    layers: dict[str, float] | None = Field(default=None, description="divergence by batch norm")
    pieces_per_word: float | None = Field(default=None, description="tokens that a word is spelled in")
    unknown: Share | None = Field(default=None, description="share of tokens that stand for what cannot be read")
    mean_cosine: float | None = Field(default=None, description="of the features of two rows; 1 is all alike")


class Domain(Report):
    """How far a sample of the rows is from the backbone's source."""

    FILE: ClassVar[str] = "reports/<problem>/domain.json"

    rows: Count = Field(description="rows that were looked at")
    verdict: Literal["near", "some way off", "far", "unknown"] = Field(description="by the limits of docs/train.md")
    measures: DomainMeasures = Field(description="what it is by")
    summary: str = Field(description="the same in words")

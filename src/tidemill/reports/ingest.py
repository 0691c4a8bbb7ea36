"""Reports of ingest: how many rows of each batch were read, kept and dropped; as of when labels by people are."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tidemill.reports.base import Count, Part, Report


class BatchCounts(Part):
    """Rows of one batch."""

    read: Count = Field(description="rows of the source")
    kept: Count = Field(description="rows that were taken in")
    same_content: Count = Field(description="dropped: content that was there already")
    near_duplicates: Count = Field(description="dropped: nearly the content of another row")
    grouped: Count = Field(default=0, description="kept in the split of a text that they are like")
    quarantined: Count = Field(description="set aside: rows that cannot be taken")
    train: Count = Field(description="kept rows of this split")
    dev: Count = Field(description="kept rows of this split")
    valid: Count = Field(description="kept rows of this split")
    test: Count = Field(description="kept rows of this split")


class IngestReport(Report):
    """Rows of all batches; a file of `dvc metrics`."""

    FILE: ClassVar[str] = "reports/<problem>/ingest.json"

    rows: Count = Field(description="rows kept of all batches")
    batches: dict[str, BatchCounts] = Field(description="by name of the batch")


class GoldState(Report):
    """As of when the gold labels are; scores repeat it, and git does not keep it."""

    FILE: ClassVar[str] = "data/<problem>/gold/as_of.json"

    labels: Count = Field(description="rows with a label, of all splits")
    late: Count = Field(description="of these, labels that came after their row's batch")
    as_of: str | None = Field(description="UTC time of the newest label that counts; null: none came after its batch")

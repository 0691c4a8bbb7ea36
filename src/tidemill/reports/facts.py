"""Report of facts: how many there are, how they were computed, and how far they are true."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tidemill.reports.base import Count, Interval, Part, Report, Share


class PrecisionAt(Part):
    """Precision of held-out facts from a probability on."""

    threshold: Share = Field(description="least probability")
    facts: Count = Field(description="held-out facts from it on")
    true: Count = Field(description="of these, those that are true")
    precision: float | None = Field(description="share of them; null: there are none")
    interval: Interval = Field(description="Wilson's interval of it, at 95%")
    expected: float | None = Field(description="mean probability of these facts")


class FunctionErrors(Part):
    """What a labeling function voted on held-out facts that came out wrong."""

    function: str = Field(description="name of the function")
    false_facts: Count = Field(description="false facts, from one half on, for which it voted")
    missed_facts: Count = Field(description="true facts, below one half, against which it voted")
    votes: Count = Field(description="held-out facts on which it voted at all")


class FactsReport(Report):
    """Facts of a relation problem."""

    FILE: ClassVar[str] = "reports/<problem>/facts.json"

    candidates: Count = Field(description="candidates of all batches")
    facts: Count = Field(description="different facts that they may state")
    published: Count = Field(description="facts that are published")
    publish: Share = Field(description="probability from which on facts are published")
    broken: Count = Field(description="constraints without exception that published facts break")
    withheld: Count = Field(description="likely facts that are not published, since they break one")
    alone: Count = Field(description="facts that no constraint connects with another")
    exact: Count = Field(description="connected facts whose probability is exact")
    sampled: Count = Field(description="connected facts whose probability was sampled")
    further: Share = Field(description="weight of further sentences in the noisy-or")
    slope: float = Field(description="slope of its score")
    offset: float = Field(description="offset of its score, in log-odds")
    fitted_to: Count = Field(
        description="held-out facts of valid that these were fitted to; 0: too few, nothing was fitted"
    )
    held_out: Count = Field(description="facts of test alone, by which precision is measured")
    calibration_error: float | None = Field(
        description="mean difference of probability and share of true facts, by tenths"
    )
    precision: list[PrecisionAt] = Field(description="precision at thresholds")
    errors: list[FunctionErrors] = Field(description="by labeling function")

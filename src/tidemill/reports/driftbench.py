"""Report of driftbench: false alarms and delays of the sequential drift monitor."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tidemill.reports.base import Count, Part, Report, Share


class NullCell(Part):
    """Streams in which nothing changes."""

    problem: str = Field(description="whose rows they are of")
    kind: str = Field(description="how rows arrive")
    streams: Count = Field(description="of 365 checks each")
    alarms: Count = Field(description="streams with any alarm")
    rate: Share = Field(description="share of the streams with any alarm")
    upper: Share = Field(description="one-sided upper 95% bound, Clopper and Pearson")


class ShiftCell(Part):
    """Streams in which rows of an unseen source arrive from some check on."""

    problem: str = Field(description="whose rows they are of")
    kind: str = Field(description="how many, from when on, and what is watched")
    streams: Count = Field(description="how many there are")
    early: Count = Field(description="streams with an alarm before the change")
    caught: Share = Field(description="share with an alarm within 60 checks of 50 rows after it, and none before")
    median_rows: int | None = Field(description="rows from the change to the alarm; null: half are not caught")
    p90_rows: int | None = Field(description="the same for nine in ten streams")
    first_named: str = Field(description="score that alarms first most often")


class RivalCell(Part):
    """The same for a test of each batch that other tools run, with a threshold by which it alarms falsely in a twentieth of the years."""

    problem: str = Field(description="whose rows they are of")
    kind: str = Field(description="how many, from when on, and what is watched")
    rival: str = Field(description="name of the test")
    window_rows: Count = Field(description="rows that it compares with the reference at each check")
    streams: Count = Field(description="how many there are")
    caught: Share = Field(description="share with an alarm within 60 checks of 50 rows after the change")
    median_rows: int | None = Field(description="rows from the change to the alarm; null: half are not caught")
    p90_rows: int | None = Field(description="the same for nine in ten streams")


class DecayCell(Part):
    """Streams in which a labeling function becomes right by chance, at unchanged coverage."""

    problem: str = Field(description="whose rows they are of")
    function: str = Field(description="its name")
    coverage: Share = Field(description="share of rows on which it votes")
    accuracy: Share = Field(description="before")
    streams: Count = Field(description="how many there are")
    early: Count = Field(description="streams with an alarm before the change")
    change: Count = Field(description="check from which on it is")
    rows_allowed: Count = Field(
        description="500, or as many as have 50 of its votes where it votes on less than a tenth"
    )
    caught: Share = Field(description="share with an alarm within them")
    named_first: Share = Field(description="share with an alarm in which it has the most evidence of all functions")
    median_rows: int | None = Field(description="rows from the change to the alarm; null: half are not caught")


class HarmCell(Part):
    """Batches of one mix of rows, of 300 rows each, in which a drift is harm or not."""

    problem: str = Field(description="whose rows they are of")
    kind: str = Field(description="what arrives")
    hard: bool = Field(description="whether rows are picked by gold, which no score without labels can see")
    draws: Count = Field(description="batches, each with a reference of its own")
    accuracy: Share = Field(description="the champion's on such rows")
    fall: float = Field(description="of the accuracy, against rows of the first source")
    effect: Literal["harmful", "benign", "between"] = Field(
        description="a fall of 1.5 times the tolerated one or more, of half of it or less, or between"
    )
    covered: Share = Field(description="share of batches whose accuracy is in the interval made without labels")
    width: float = Field(description="mean width of the interval")
    decided_alone: Share = Field(description="share that is decided without labels")
    right_alone: Share = Field(description="share that is not decided wrongly without labels")
    right: Share = Field(description="share that is decided rightly with the labels asked for")
    median_labels: Count = Field(description="labels asked for")


class HarmRanking(Part):
    """How well falls that are estimated without labels rank harmful batches before benign ones."""

    problem: str = Field(description="its name")
    hard: bool = Field(description="whether cells are counted whose rows are picked by gold")
    auc: Share = Field(description="area under the curve")


class YearCell(Part):
    """Simulated years with a season, broken days and three real shifts, in which a trigger decides when a model is retrained."""

    problem: str = Field(description="whose rows they are of")
    trigger: str = Field(description="what decides")
    years: Count = Field(description="how many")
    retrains: Count = Field(description="in all of them")
    needless: Count = Field(description="after which the model was not a point more accurate on rows of its day")
    accuracy: Share = Field(description="mean over the days")
    labels: Count = Field(description="hand labels that it asked for, in all years")


class CheckCost(Part):
    """Processor time of one check of 100 rows of 384 features and 40 functions."""

    milliseconds_first: float = Field(description="median of the first twenty checks")
    milliseconds_last: float = Field(description="median of the last twenty of 365")
    state_bytes: Count = Field(description="size of the state after them")


class DriftBench(Report):
    """What `tidemill driftbench` measures."""

    FILE: ClassVar[str] = "reports/driftbench.json"
    REMEDY: ClassVar[str] = "`tidemill driftbench` makes it again"

    quick: bool = Field(description="whether of a few streams of each kind")
    nulls: tuple[NullCell, ...] = Field(description="false alarms")
    shifts: tuple[ShiftCell, ...] = Field(description="delays at unseen sources")
    rivals: tuple[RivalCell, ...] = Field(default=(), description="the same changes as other tests find them")
    decays: tuple[DecayCell, ...] = Field(description="labeling functions that decay")
    harms: tuple[HarmCell, ...] = Field(default=(), description="harm, without labels and with those asked for")
    rankings: tuple[HarmRanking, ...] = Field(default=(), description="of harmful against benign batches")
    years: tuple[YearCell, ...] = Field(default=(), description="simulated years of retrains")
    cost: CheckCost = Field(description="of one check")
    missed: tuple[str, ...] = Field(description="targets that are missed, a sentence each")

"""Answers of `tidemill studio` to its pages; none is kept in a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tidemill.reports.base import Count, Estimate, Part, Share
from tidemill.reports.run_progress import StageProgress
from tidemill.reports.workbench import FunctionChange


class VersionScore(Part):
    """One version of a problem's model."""

    version: str = Field(description="such as v1.0.0")
    champion: bool = Field(description="whether it is in production")
    metric: str | None = Field(description="the gate's metric; null: its commit has no scores")
    score: Estimate | None = Field(description="of the version, on gold rows of test when it was made")


class ProblemSummary(Part):
    """A problem on the first page."""

    name: str = Field(description="its name")
    modality: str = Field(description="text or image")
    classes: tuple[str, ...] = Field(description="their names")
    rows: Count = Field(description="rows that have arrived")
    batches: Count = Field(description="batches that have arrived")
    versions: tuple[VersionScore, ...] = Field(description="oldest first")
    drift: str | None = Field(description="the last decision; null: new batches were never looked at")
    drift_reasons: tuple[str, ...] = Field(description="why, a sentence each")
    waiting: tuple[str, ...] = Field(description="what a person should do next, a sentence each")
    error: str | None = Field(default=None, description="why nothing can be shown of it")


class TextPart(Part):
    """A piece of a row's text."""

    text: str = Field(description="the piece")
    matched: bool = Field(description="whether the selected function matched it")


class ShownVote(Part):
    """A vote on a row."""

    function: str = Field(description="who votes")
    vote: str = Field(description="what for")


class ShownRow(Part):
    """A row in the list."""

    row_id: str = Field(description="its id")
    batch: str = Field(description="batch that it came with")
    split: str = Field(description="its split")
    parts: tuple[TextPart, ...] = Field(description="its text, in order; empty for an image")
    metadata: dict[str, str] = Field(description="its other columns that functions see, written as text")
    gold: str | None = Field(description="class by a person, of dev alone")
    label: str | None = Field(description="likeliest class by the label model")
    probability: Share | None = Field(description="of that class")
    votes: tuple[ShownVote, ...] = Field(description="in the order of the functions")


class RowPage(Part):
    """A page of the rows that were asked for."""

    found: Count = Field(description="rows that match")
    of: Count = Field(description="rows in all")
    page: Count = Field(description="from 0")
    pages: Count = Field(description="how many there are")
    rows: tuple[ShownRow, ...] = Field(description="of this page")


class RowToLabel(Part):
    """A row that a person is asked to label."""

    row_id: str = Field(description="its id")
    batch: str = Field(description="batch that it came with")
    key: str = Field(description="its name in that batch")
    picked: str = Field(description="uncertain: models doubt or differ; random: drawn by chance, for scores")
    text: str | None = Field(description="null: it is an image")


class LabelCounts(Part):
    """How many labels by people there are."""

    rows: Count = Field(description="rows in all")
    labels: Count = Field(description="of them with a label that counts")
    splits: dict[str, Count] = Field(description="labels by split")


class LabelPage(Part):
    """What rows can be labeled as, and of which batches."""

    name: str = Field(description="of the problem")
    classes: tuple[str, ...] = Field(description="names of the classes")
    batches: tuple[str, ...] = Field(description="names of the batches, in the order in which they came")


class KeptLabel(Part):
    """A label that was kept."""

    answer: str = Field(description="id of the answer in the history of gold, by which it is taken back")
    counts: LabelCounts = Field(description="with it")


class LabelQueue(Part):
    """The next rows to label."""

    rows: tuple[RowToLabel, ...] = Field(description="in the order in which they are asked")
    by: str = Field(description="what those that are not random were chosen by")
    counts: LabelCounts = Field(description="before the first of them")


class OfferedFunction(Part):
    """A labeling function that is suggested, with its evidence."""

    yaml: str = Field(description="as it would stand in a file")
    source: str = Field(description="where it comes from")
    adds: Count = Field(description="rows of the sample that get a vote, or a vote against a conflict")
    dev_correct: Count = Field(description="its votes on labeled rows that are right")
    dev_votes: Count = Field(description="its votes on labeled rows")
    precision_at_least: Share = Field(description="lower end of the interval of its precision")
    examples: tuple[str, ...] = Field(description="rows that it adds: texts, or names of images")


class OfferedFunctions(Part):
    """What is suggested."""

    rows: Count = Field(description="rows of the sample that was looked at")
    functions: tuple[OfferedFunction, ...] = Field(description="those that add most first")


class Committed(Part):
    """A commit of what was written in the studio."""

    commit: str = Field(description="abbreviated name")
    files: tuple[str, ...] = Field(description="files in it")


class RunStatus(Part):
    """How far a run is, or what became of it."""

    state: Literal["running", "cancelling", "done", "failed", "cancelled"] = Field(description="of the whole run")
    what: Literal["refresh", "labels", "model"] | None = Field(
        description="a whole run, or in place up to labels or model; null: not started in the studio"
    )
    started: str | None = Field(description="UTC time")
    flow_run: str | None = Field(description="id of the Prefect run")
    stages: tuple[StageProgress, ...] = Field(description="none before the run is planned")
    outcome: tuple[str, ...] = Field(description="what each of its cycles came to, where it is done")
    error: str | None = Field(description="why it failed")
    lines: tuple[str, ...] = Field(description="the last that it printed")


class RunResult(Part):
    """What a run came to."""

    commit: str | None = Field(description="that holds it; null: run in place, not committed")
    when: str | None = Field(description="time of the commit")
    version: str | None = Field(description="that was promoted of it, such as v1.0.0")
    champion: bool = Field(description="whether that is in production")
    metric: str = Field(description="the gate's metric")
    rows: Count = Field(description="gold rows of test")
    scores: dict[str, Estimate] = Field(description="metric: of the model on these rows")
    verdict: Literal["promote", "keep", "ask"] | None = Field(description="of the gate")
    reasons: tuple[str, ...] = Field(description="of the gate, a sentence each")


class DataColumn(Part):
    """A column of a file that is to become a problem."""

    name: str = Field(description="its name")
    values: tuple[str, ...] = Field(description="its first cells, cut short")
    different: Count = Field(description="different values")
    missing: Count = Field(description="empty cells")
    notes: tuple[str, ...] = Field(description="what `tidemill new` says of it")


class ColumnBar(Part):
    """Rows that have one value of a column, or one between two limits."""

    value: str | None = Field(description="written as text; null: a range of numbers")
    low: float | None = Field(description="least number, smaller ones are in the first bar; null: a value")
    high: float | None = Field(description="what the numbers stay below; those from it on are in the last bar")
    rows: Count = Field(description="that have it")
    classes: dict[str, Count] = Field(description="of them, rows of each class")


class ColumnValues(Part):
    """What values a column has."""

    column: str = Field(description="its name")
    kind: Literal["number", "flag", "value"] = Field(description="of its values")
    rows: Count = Field(description="rows that were looked at")
    missing: Count = Field(description="of them without a value")
    different: Count = Field(description="different values")
    by: Literal["label", "gold", ""] = Field(description="classes are by the label model, or by people")
    about: str = Field(description="what it measures, of a statistic of images")
    bars: tuple[ColumnBar, ...] = Field(description="ranges in order, or the most common values first")


class MadeExamples(Part):
    """A file of examples made of rows that were picked, and a function that asks for rows like them."""

    file: str = Field(description="that was written")
    examples: Count = Field(description="in it")
    yaml: str = Field(description="of the function, which is not saved yet")


class ProblemPreview(Part):
    """What a file or folder would become, before anything is written."""

    folder: bool = Field(description="whether it is a folder of images")
    columns: tuple[DataColumn, ...] = Field(description="in the order of the file")
    text: str | None = Field(description="column of the text, as chosen or guessed")
    label: str | None = Field(description="column of labels, as chosen or guessed; null: none")
    rows: Count = Field(description="that would be taken")
    classes: tuple[str, ...] = Field(description="names")
    labels: str | None = Field(description="what becomes of rows with labels")
    notes: tuple[str, ...] = Field(description="that are of no column")
    error: str | None = Field(description="why nothing can be made of it yet")


class Link(Part):
    """A page on which more is said."""

    title: str = Field(description="what it is")
    address: str = Field(description="of the studio, or of Prefect while `tidemill ui` is up")


class LabelGain(Part):
    """What a label model would gain by an edited function: labels of dev rows with gold, before and with it."""

    dev_rows: Count = Field(description="dev rows with gold")
    labeled_before: Count = Field(description="of them that get a label of the votes of the last run")
    right_before: Count = Field(description="of these labels that are right")
    labeled: Count = Field(description="of them that get a label with the edited function")
    right: Count = Field(description="of these labels that are right")


class FunctionPreview(Part):
    """What an edited labeling function would do, before it is saved."""

    function: str = Field(description="its name")
    rows: Count = Field(description="rows that it was tried on")
    rows_in_all: Count = Field(description="of the problem; where more: it was tried on a sample")
    measured: Share | None = Field(description="of the images, while its statistics are measured; null: all or none")
    votes: dict[str, Count] = Field(description="rows by vote")
    coverage: Share = Field(description="share of rows on which it votes")
    coverage_before: Share | None = Field(description="the same of the saved function; null: there is none")
    dev_rows: Count = Field(description="dev rows with gold")
    dev_correct: Count = Field(description="its votes on them that are right")
    dev_votes: Count = Field(description="its votes on them")
    precision_interval: tuple[Share, Share] | None = Field(description="95%, Wilson; null: no votes on dev rows")
    failures: tuple[str, ...] = Field(description="why it cannot be applied, where it cannot")
    waits: bool = Field(description="whether its votes are made by the next run, so that nothing can be counted yet")
    nearest: str | None = Field(description="function of the last run that votes on most of the same rows")
    nearest_share: Share | None = Field(description="share of its rows on which that one votes too")
    change: FunctionChange = Field(description="rows gained, lost and flipped against the saved function")

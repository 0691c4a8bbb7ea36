"""Answers of `tidemill lineage` and `tidemill diff`, as `--json` prints them; none is kept in a file."""

from __future__ import annotations

from pydantic import Field, JsonValue

from tidemill.reports.base import Count, Part, Share
from tidemill.reports.project import Arrival


class CastVote(Part):
    """A vote on a row."""

    function: str = Field(description="labeling function that votes")
    vote: str = Field(description="class that it votes for, or the class that it excludes")


class VersionLineage(Part):
    """Everything that a version of a model was made of, as its commit has it."""

    version: str = Field(description="tag such as spam@v1.4.0")
    commit: str = Field(description="that holds its dvc.lock")
    date: str = Field(description="of the commit, ISO 8601")
    assignments: tuple[str, ...] = Field(description="tags that made it the champion, oldest first")
    batches: tuple[Arrival, ...] = Field(description="raw batches, oldest first")
    functions: dict[str, str] = Field(description="file of labeling functions: git's hash of it")
    outputs: dict[str, str] = Field(description="output of a stage: its MD5 in DVC's cache")
    settings: dict[str, JsonValue] = Field(description="dotted setting: value that the stages ran with")
    code: dict[str, str] = Field(description="stage: fingerprint of the code that it ran")
    scores: dict[str, float | None] = Field(description="metric: score of the end model on test rows with gold")


class TrainedVersion(Part):
    """A version that had a row's batch."""

    version: str = Field(description="tag such as spam@v1.4.0")
    champion: bool = Field(description="whether it is the champion now")


class RowLineage(Part):
    """Where a row came from, how it was labeled, and which models had it."""

    problem: str = Field(description="its name")
    row_id: str = Field(description="of the row")
    batch: str = Field(description="that it came in")
    source: str = Field(description="file, folder or address of the batch")
    split: str = Field(description="train, dev, valid or test")
    votes: tuple[CastVote, ...] = Field(description="of the labeling functions that vote")
    label: dict[str, Share] | None = Field(description="class: probability by the label model; null: not labeled yet")
    prediction: dict[str, Share] | None = Field(
        description="class: probability by the candidate; null: not trained yet"
    )
    versions: tuple[TrainedVersion, ...] = Field(description="that had its batch, oldest first")


class SettingChange(Part):
    """A setting that differs."""

    key: str = Field(description="dotted")
    old: JsonValue = Field(description="null: not there")
    new: JsonValue = Field(description="null: not there")


class ScoreChange(Part):
    """A score of the end model in both versions, each on its own test rows."""

    metric: str = Field(description="its name")
    old: float | None = Field(description="of the first version")
    new: float | None = Field(description="of the second version")


class VersionDiff(Part):
    """What differs between two versions of a model."""

    old: str = Field(description="the first version")
    new: str = Field(description="the second version")
    scores: tuple[ScoreChange, ...] = Field(description="of all metrics")
    batches_added: tuple[str, ...] = Field(description="batches that only the second has")
    batches_removed: tuple[str, ...] = Field(description="batches that only the first has")
    functions_added: tuple[str, ...] = Field(description="files of labeling functions")
    functions_removed: tuple[str, ...] = Field(description="files of labeling functions")
    functions_changed: tuple[str, ...] = Field(description="files of labeling functions")
    settings: tuple[SettingChange, ...] = Field(description="that differ")
    code: tuple[str, ...] = Field(description="stages whose code differs")
    outputs: tuple[str, ...] = Field(description="outputs of stages that differ")

    @property
    def count(self) -> Count:
        """Number of differences, scores left out."""
        lists = (
            self.batches_added,
            self.batches_removed,
            self.functions_added,
            self.functions_removed,
            self.functions_changed,
            self.settings,
            self.code,
            self.outputs,
        )
        return sum(map(len, lists))

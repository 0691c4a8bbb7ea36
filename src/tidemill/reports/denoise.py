"""Reports of denoise: what the label model is and believes, what is behind it, and the fitted label model itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from tidemill.reports.base import Count, Part, Report, Share

Ends = tuple[Share, Share]
Shares = dict[str, Share]


class GoldScores(Part):
    """Labels held against gold rows that they did not learn from."""

    rows: Count = Field(description="gold rows")
    accuracy: Share = Field(description="of the likeliest class")
    log_loss: float = Field(description="mean, natural logarithm")
    squared_error: float = Field(description="mean over rows of the Brier score, 0 to 2")
    calibration_error: Share = Field(description="expected calibration error")
    accuracy_interval: Ends | None = Field(default=None, description="95%, Wilson")
    calibration_error_interval: Ends | None = Field(default=None, description="95%, by resampling")


class GoldComparison(Part):
    """Label model and majority vote on the same gold rows."""

    label_model: GoldScores = Field(description="fitted without gold")
    majority_vote: GoldScores = Field(description="ties shared")


class ClassShare(Part):
    """Share of one class on gold rows."""

    gold: Share = Field(description="by people")
    labels: Share = Field(description="by the labels, summed probabilities")
    differs: bool = Field(description="beyond chance, 5% over all classes")


class RowGroup(Part):
    """Gold rows of one kind."""

    rows: Count = Field(description="gold rows")
    accuracy: Share | None = Field(description="of the likeliest class")
    accuracy_interval: Ends = Field(description="95%, Wilson")
    confidence: Share | None = Field(description="mean probability of the likeliest class")


class RowGroups(Part):
    """Gold rows by how their votes stand."""

    without_votes: RowGroup = Field(description="no function votes")
    tied: RowGroup = Field(description="two classes have most votes")
    determined: RowGroup = Field(description="the others")


class RowShares(Part):
    """Shares of rows whose votes do not tell."""

    without_votes: Share = Field(description="no function votes")
    tied: Share = Field(description="two classes have most votes")


class Identifiability(Part):
    """What votes cannot tell, however many rows there are."""

    data_set: tuple[str, ...] = Field(description="reasons that hold for all classes")
    classes: dict[str, str] = Field(description="class: reason, for classes with one")
    rows: RowShares = Field(description="rows whose votes do not tell")


class LabelValue(Part):
    """How many gold rows give as good a classifier as these labels do."""

    gold_rows: float | None = Field(description="null: not known")
    interval: tuple[float, float] | None = Field(default=None, description="90%")
    at_least: bool | None = Field(default=None, description="more than there are gold rows to measure by")
    weak_accuracy: Share | None = Field(default=None, description="of a classifier of these labels")
    curve: Shares | None = Field(default=None, description="gold rows: accuracy of a classifier of theirs")
    next: Literal["write", "label", "stop"] = Field(description="a function, rows by hand, or nothing")
    reason: str = Field(description="why")


class DependentPair(Part):
    """Two functions that repeat one another."""

    functions: tuple[str, str] = Field(description="their names")
    excess: float = Field(description="log lift of agreeing votes beyond what the classes explain")


class Dependences(Part):
    """Which functions repeat one another."""

    voting: Count = Field(description="functions that vote at all")
    effective_functions: float = Field(description="effective number of functions, repetition discounted")
    groups: tuple[tuple[str, ...], ...] = Field(description="that repeat one another")
    pairs: tuple[DependentPair, ...] = Field(description="that repeat one another")
    weights: Shares = Field(description="weight of each function, 1 where none repeats it")


class FunctionQuality(Part):
    """What the label model believes of one function, on the rows that it was fitted on."""

    coverage: Share = Field(description="share of rows on which it votes")
    votes: Count = Field(description="rows on which it votes")
    accuracy: Share | None = Field(description="expected share of its votes that are right")
    interval: Ends = Field(description="90%, Wilson")
    confusion: dict[str, dict[str, tuple[float, float, float]]] = Field(
        description="class, vote: probability of the vote given the class, and its ends"
    )


class Explanation(Report):
    """What is behind the labels: each function's quality and which functions repeat one another."""

    FILE: ClassVar[str] = "reports/<problem>/denoise/functions.json"

    classes: tuple[str, ...] = Field(description="in the problem's order")
    functions: dict[str, FunctionQuality] = Field(description="by name")
    dependences: Dependences = Field(description="between functions")


class CalibrationChoice(Part):
    """Whether gold rows calibrate the label model."""

    rows: Count = Field(description="gold rows")
    used: bool = Field(description="whether it is applied")
    reason: str = Field(description="why")
    log_loss: float | None = Field(default=None, description="without, out of fold")
    calibrated_log_loss: float | None = Field(default=None, description="with, out of fold")


class ModelChoice(Part):
    """Which label model `auto` chose, and what spoke for it."""

    chosen: str = Field(description="its name")
    reason: str = Field(description="why")
    misfit: float | None = Field(default=None, description="squared residual of pairs of votes; 1 is chance")
    effective_functions: float = Field(description="effective number of functions")
    groups: tuple[tuple[str, ...], ...] = Field(description="functions that repeat one another")
    held_out_agreement: dict[str, float | None] = Field(description="model: agreement with functions left out")
    gold: dict[str, GoldScores | None] = Field(description="model: scores on gold rows")
    stability: Share | None = Field(default=None, description="share of rows that keep their class under resampling")
    votes_only: str | None = Field(default=None, description="label model of votes below one of features")
    feature_fit: dict[str, float | None] | None = Field(default=None, description="model: skill of a classifier")
    calibration: CalibrationChoice | None = Field(default=None, description="by gold, where there is some")


class MajorityVote(Part):
    """What majority vote would have given."""

    label_shares: Shares = Field(description="share of rows by likeliest class")
    agreement_where_covered: Share | None = Field(description="share of rows with votes that get the same class")


class PeopleInLabels(Part):
    """Answers of people that are part of the labels."""

    people: Count = Field(description="who answered rows of train or dev")
    answers: Count = Field(description="newest of each person and row")
    rows: Count = Field(description="rows with answers")
    changed: Count = Field(description="of these, rows that get another class than by functions alone")
    overruled: Count = Field(default=0, description="rows that keep another class than all of two or more people name")
    accuracy: Shares = Field(description="person: expected share of answers that are right")
    slope: float = Field(description="how far functions are believed: 1 as they are, 0 not at all")


class DenoiseReport(Report):
    """The label model and what it believes."""

    FILE: ClassVar[str] = "reports/<problem>/denoise.json"

    model: str = Field(description="name of the label model")
    rows: Count = Field(description="rows that were labeled")
    coverage: Share = Field(description="share of rows on which any function votes")
    class_balance: Shares = Field(description="learned")
    class_balance_interval: dict[str, Ends] | None = Field(default=None, description="by resampling")
    uncovered_rows: Shares = Field(description="class probabilities of rows without votes")
    label_shares: Shares = Field(description="share of rows by likeliest class")
    accuracies: dict[str, Share | None] = Field(description="function: learned accuracy")
    accuracy_intervals: dict[str, Ends] | None = Field(default=None, description="function: 90%, Wilson")
    majority_vote: MajorityVote = Field(description="for comparison")
    choice: ModelChoice | None = Field(default=None, description="of the label model `auto`")
    dependences: Dependences | None = Field(default=None, description="between functions")
    confusions: dict[str, FunctionQuality] | None = Field(default=None, description="of `tidemill denoise --report`")
    gold: GoldComparison | None = Field(description="null: no gold")
    class_shares_on_gold: dict[str, ClassShare] | None = Field(description="null: no gold")
    row_groups_on_gold: RowGroups | None = Field(description="null: no gold")
    identifiability: Identifiability | None = Field(default=None, description="what votes cannot tell")
    label_value: LabelValue | None = Field(default=None, description="in gold rows")
    people: PeopleInLabels | None = Field(default=None, description="with `use_answers`, where there are any")
    effective_functions: float | None = Field(default=None, description="of label models that count repetition")
    too_dependent: bool | None = Field(default=None, description="whether votes are too dependent to learn from")
    talk: float | None = Field(default=None, description="of `pairs`: how far votes occur together beyond the classes")
    fallback: bool | None = Field(default=None, description="of EM: whether it answers as the majority vote")
    fallback_reason: str | None = Field(default=None, description="why")
    misfit: float | None = Field(default=None, description="of `generative`: residual of pairs of votes; 1 is chance")
    explains: bool | None = Field(default=None, description="of `generative`: whether it explains the pairs")
    strength: float | None = Field(default=None, description="of `generative`: the prior's weight, in votes")
    classifier_skill: float | None = Field(default=None, description="of `joint`: beyond the commonest class")

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Translate reports of version 0.1.0, in which keys had other names.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none, as in version 0.1.0.

        Returns
        -------
        Mapping or None
            Content under today's keys; None where the file names a format or is no such report.
        """
        if result is not None or "rows" not in content:
            return None
        renamed = {_RENAMED.get(key, key): value for key, value in content.items()}
        renamed = {key: value for key, value in renamed.items() if key in cls.model_fields}
        majority, dependences, value = (
            dict(content.get(key) or {}) for key in ("majority_vote", "dependences", "worth")
        )
        if majority:
            majority["agreement_where_covered"] = majority.pop("agreement_where_heard", None)
            renamed["majority_vote"] = majority
        if dependences:
            dependences["voting"] = dependences.pop("speaking", None)
            renamed["dependences"] = dependences
        for key in ("gold", "class_shares_on_gold", "row_groups_on_gold"):
            renamed.setdefault(key, None)
        if value:
            renamed["label_value"] = {("reason" if key == "why" else key): entry for key, entry in value.items()}
        return renamed


_RENAMED = {"functions": "accuracies", "silent_rows": "uncovered_rows"}


class LabelModelFile(Report):
    """A fitted label model, enough to predict new rows without a refit. What is learned has the shape of its model."""

    FILE: ClassVar[str] = "data/<problem>/label_model.json"
    REMEDY: ClassVar[str] = "`tidemill run` makes it again; in the library, LabelModel.save does"

    model: str = Field(description="name of the label model")
    functions: tuple[str, ...] = Field(description="whose votes it reads, in its order")
    classes: tuple[str, ...] = Field(description="that it predicts, in its order")
    parameters: dict[str, JsonValue] = Field(description="of its constructor")
    learned: dict[str, JsonValue] = Field(description="arrays by attribute")
    groups: list[list[int]] | None = Field(
        default=None, description="functions that repeat one another, by their indices"
    )
    chosen: dict[str, JsonValue] | None = Field(default=None, description="of `auto`: the label model that answers")
    calibration: dict[str, JsonValue] | None = Field(default=None, description="of `auto`: what gold changes")
    evidence: dict[str, JsonValue] | None = Field(default=None, description="of `auto`: what spoke for its choice")
    base: dict[str, JsonValue] | None = Field(default=None, description="of `joint`: the label model of votes alone")
    votes_only: dict[str, JsonValue] | None = Field(default=None, description="of `neighbours`: the same")

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Accept files of version 0.1.0, which name no format, as they are.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none.

        Returns
        -------
        Mapping or None
            The content unchanged; None where the file names a format.
        """
        return content if result is None else None

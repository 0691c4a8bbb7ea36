"""Report of monitor: what moved in the new batches, whether it harms, and what to do."""

from __future__ import annotations

from typing import ClassVar, Final, Literal, get_args

from pydantic import Field

from tidemill.reports.base import Count, Part, Report, Share

CauseKind = Literal["function_decayed", "function_silent", "new_value", "new_cluster", "mix_of_classes", "other"]
Condition = Literal[
    "data_broken",
    "function_decayed",
    "function_silent",
    "harm",
    "harm_undecided",
    "new_cluster",
    "new_value",
    "mix_of_classes",
    "drift",
    "more_rows",
    "new_labels",
    "arrival",
]
Action = Literal["nothing", "reestimate_balance", "relabel", "retrain", "ask", "stop"]

CONDITIONS: Final[tuple[Condition, ...]] = get_args(Condition)
"""In the order in which they are looked at."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
"""What `monitor.actions` may name."""


class DetectorDrift(Part):
    """What one detector found."""

    drift: bool = Field(description="whether it says that the batch moved, by itself")


class EmbeddingDrift(DetectorDrift):
    """Whether the features moved: energy distance with a permutation test, and a domain classifier."""

    p: Share = Field(description="p of the permutation test")
    energy_distance: float = Field(description="squared, in units of the features")
    auc: Share = Field(description="at which a classifier tells the batch from the reference; 0.5 is not at all")


class Shift(Part):
    """A share before and now."""

    reference: Share = Field(description="of the reference")
    batch: Share = Field(description="of the batch")


class ShareTest(Shift):
    """A share before and now, with Fisher's exact test."""

    change: float = Field(description="batch less reference, 0 where either has no rows")
    p: Share = Field(description="two-sided")
    p_adjusted: Share = Field(description="by Benjamini and Hochberg, over all functions")
    moved: bool = Field(description="significant, and at least the floor")


class FunctionTests(Part):
    """What moved of one labeling function."""

    coverage: ShareTest = Field(description="share of rows on which it votes")
    conflict: ShareTest = Field(description="share of those rows on which another function contradicts it")


class FunctionDrift(DetectorDrift):
    """Which labeling functions cover more or less, or are contradicted more or less."""

    any_function: ShareTest = Field(description="share of rows on which any function votes")
    functions: dict[str, FunctionTests] = Field(description="by name")


class PredictionDrift(DetectorDrift):
    """Whether the champion's predictions moved."""

    p: Share = Field(description="p of the permutation test")
    js_distance: Share = Field(description="Jensen-Shannon distance of the histograms, in bits")
    stability_index: float = Field(description="population stability index")
    class_shares: dict[str, Shift] = Field(description="share of each predicted class")


class AgreementShare(Part):
    """How often the champion predicts what the functions' majority votes."""

    score: Share | None = Field(description="share of rows; null: there are none")
    rows: Count = Field(description="rows on which the majority is clear")
    low: float | None = Field(default=None, description="lower end, Wilson")
    high: float | None = Field(default=None, description="upper end, Wilson")


class Agreement(Part):
    """Agreement of champion and functions, before and now."""

    reference: AgreementShare = Field(description="of the reference")
    batch: AgreementShare = Field(description="of the batch")
    drop: float | None = Field(default=None, description="reference less batch, where it can be judged")
    low: float | None = Field(default=None, description="lower end of the drop, Newcombe")
    high: float | None = Field(default=None, description="upper end of the drop")


class Confidence(Part):
    """The champion's mean confidence, before and now."""

    reference: Share = Field(description="of the reference")
    batch: Share = Field(description="of the batch")
    drop: float = Field(description="reference less batch")
    low: float = Field(description="lower end of the drop")
    high: float = Field(description="upper end of the drop")
    fell: bool = Field(description="surely, and by at least `monitor.harm.min_agreement_drop`")


class BatchDrift(Part):
    """What was found of one new batch."""

    rows: Count = Field(description="rows of the batch")
    judged: bool = Field(description="whether it has enough rows")
    harm: bool | None = Field(description="whether the champion became worse; null: cannot be judged")
    relabel: bool = Field(description="whether the functions see too little of it")
    moved: tuple[str, ...] = Field(description="detectors that say it moved, by itself; that is no alarm")
    reasons: tuple[str, ...] = Field(description="why, a sentence each")
    agreement: Agreement | None = Field(default=None, description="of champion and functions")
    confidence: Confidence | None = Field(default=None, description="of the champion")
    coverage: Shift | None = Field(default=None, description="share of rows on which any function votes")
    embeddings: EmbeddingDrift | None = Field(default=None, description="finding of this detector")
    functions: FunctionDrift | None = Field(default=None, description="finding of this detector")
    predictions: PredictionDrift | None = Field(default=None, description="finding of this detector")


class Watched(Part):
    """The evidence of one score that something has changed."""

    score: str = Field(description="such as `contradiction:short_text`; what is before the colon names the score")
    rows: str = Field(description="which rows it is of: all rows, or a stratum")
    says: str = Field(description="what has changed if it alarms")
    log_evidence: float = Field(
        description="natural logarithm of the martingale; 0 at the start, it rises with evidence"
    )
    log_threshold: float = Field(description="from which on it alarms")


class DriftAlarm(Watched):
    """The first alarm since the reference was taken; it stays until a promotion or an acceptance takes another reference."""

    batch: str = Field(description="at which it was raised")
    since: str = Field(description="batch with which the change is estimated to have begun")
    changed_rows: Count = Field(description="rows from that batch to the alarm")


class FunctionCause(Part):
    """A labeling function that behaves otherwise since the change."""

    function: str = Field(description="its name")
    change: Literal["decayed", "fell silent", "votes less", "votes more"] = Field(description="what has become of it")
    coverage: Shift = Field(description="share of rows on which it votes")
    contradiction: Shift = Field(
        description="mean probability, by the champion and all other votes, that its vote is wrong"
    )
    log_evidence: float = Field(description="natural logarithm of its larger martingale")


class GroupCause(Part):
    """Rows with something in common that are more frequent since the change."""

    group: str = Field(description="what they have in common")
    kind: Literal["metadata", "stratum", "cluster"] = Field(description="by what they were grouped")
    share: Shift = Field(description="of the reference, and of the rows since the change")
    lift: float = Field(description="how many times as frequent they are")
    rows: tuple[str, ...] = Field(description="ids of some of them")


class Cause(Part):
    """What the change is, as far as it is known."""

    kind: CauseKind = Field(description="of the likeliest, by which the decision is made")
    sentence: str = Field(description="the likeliest, in words")
    functions: tuple[FunctionCause, ...] = Field(description="by evidence")
    groups: tuple[GroupCause, ...] = Field(description="by how much of the change they account for")
    rows: tuple[str, ...] = Field(description="ids of the rows that are most extreme by the score that alarmed")


class AccuracyInterval(Part):
    """The champion's accuracy, with an interval."""

    estimate: Share = Field(description="the likeliest")
    low: Share = Field(description="lower end")
    high: Share = Field(description="upper end")


class LabelTest(Part):
    """A sequential test, by labels that a person gives to rows drawn at random, of whether the champion became worse."""

    bar: Share = Field(description="accuracy below which it is harm: that of the reference less the tolerated fall")
    answered: Count = Field(
        description="labeled rows that count: of `rows` up to one that is skipped; and not asked for"
    )
    right: Count = Field(description="of these, rows that the champion predicts right")
    outcome: Literal["harm", "no harm"] | None = Field(description="final; null: more labels are needed")
    proven: bool = Field(description="whether at the level; false: `monitor.harm.max_labels` were reached before")
    labels_used: Count = Field(description="labels with which the outcome was reached; of others, those there are")
    more_labels: Count = Field(description="labels that are likely to be needed still")
    rows: tuple[str, ...] = Field(description="ids of the rows to label next for the test, in order: none is skipped")
    informative: tuple[str, ...] = Field(
        description="ids of rows whose labels teach the most; they are never part of the test"
    )


class StreamHarm(Part):
    """Whether the champion became worse, by all rows since the change, or since the promotion where nothing has changed."""

    verdict: Literal["harm", "no harm", "undecided"] = Field(description="of a fall of more than the tolerated one")
    harm: bool | None = Field(description="the same; null: undecided")
    decided_by: Literal["labels", "witnesses", "no change"] | None = Field(
        description="labels, functions and confidence together, or that nothing has changed; null: undecided"
    )
    since: str = Field(description="first batch of these rows")
    rows: Count = Field(description="how many there are")
    tolerated_drop: Share = Field(description="of the accuracy")
    calibrated: bool = Field(description="whether on gold labels of held-out rows")
    reference: AccuracyInterval = Field(description="before")
    now: AccuracyInterval = Field(description="of these rows, without their labels")
    agreement: Agreement = Field(description="of champion and functions")
    same_features: tuple[str, ...] = Field(
        default=(),
        description="functions that read the champion's features: agreement does not show where these mislead",
    )
    labels: LabelTest | None = Field(description="null: nothing has changed, and labels prove no harm")
    reasons: tuple[str, ...] = Field(description="why, a sentence each")


class StreamDrift(Part):
    """All batches since the reference was taken, as one stream."""

    drift: bool = Field(description="whether there has been an alarm")
    level: Share = Field(description="chance of any false alarm while this reference is in use")
    promise: str = Field(description="what is promised")
    assumption: str = Field(description="under which assumption, and what is found late or never")
    reference_rows: Count = Field(description="rows of the reference")
    batches: Count = Field(description="batches since")
    rows: Count = Field(description="rows since")
    accepted: Count = Field(description="drifts that were accepted as harmless since the promotion")
    alarm: DriftAlarm | None = Field(description="null: none so far")
    cause: Cause | None = Field(description="of the alarm")
    watched: tuple[Watched, ...] = Field(description="the scores nearest to their thresholds, nearest first")
    warnings: tuple[str, ...] = Field(description="what weakens the promise or the detection, a sentence each")
    harm: StreamHarm | None = Field(default=None, description="whether the champion became worse; null: not looked at")


class Drift(Report):
    """New batches held against the champion's reference."""

    FORMAT: ClassVar[int] = 3
    FILE: ClassVar[str] = "reports/<problem>/drift.json"

    decision: Literal["train"] | Action = Field(description="what to do; train: there is no champion yet")
    rule: Condition | None = Field(default=None, description="condition of `monitor.actions` that decided")
    reasons: tuple[str, ...] = Field(description="why, a sentence each")
    champion: str | None = Field(description="version that was watched; null: there is none")
    arrived: str | None = Field(default=None, description="MD5 of data/<problem>/batches.json, as dvc.lock has it")
    relabel: tuple[str, ...] = Field(description="batches that need labels or functions")
    batches: dict[str, BatchDrift] = Field(description="each new batch by itself, by name")
    order: tuple[str, ...] = Field(default=(), description="names of the new batches in order of arrival")
    learned_rows: Count | None = Field(
        default=None,
        description="rows of the batches that the champion learned from, since the last change",
    )
    new_labels: Count = Field(default=0, description="rows that people labeled or corrected since the champion's run")
    labels_as_of: str | None = Field(default=None, description="time of the newest answer in the history of gold")
    stream: StreamDrift | None = Field(
        default=None, description="all new batches as one stream, which decides on drift"
    )

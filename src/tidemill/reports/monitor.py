"""Report of monitor: what moved in the new batches, whether it harms, and what to do."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tidemill.reports.base import Count, Part, Report, Share


class DetectorDrift(Part):
    """What one detector found."""

    drift: bool = Field(description="whether it saw drift")


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
    drift: bool | None = Field(description="whether any detector saw drift; null: too few rows")
    harm: bool | None = Field(description="whether the champion became worse; null: cannot be judged")
    relabel: bool = Field(description="whether the functions see too little of it")
    moved: tuple[str, ...] = Field(description="detectors that saw drift")
    reasons: tuple[str, ...] = Field(description="why, a sentence each")
    agreement: Agreement | None = Field(default=None, description="of champion and functions")
    confidence: Confidence | None = Field(default=None, description="of the champion")
    coverage: Shift | None = Field(default=None, description="share of rows on which any function votes")
    embeddings: EmbeddingDrift | None = Field(default=None, description="finding of this detector")
    functions: FunctionDrift | None = Field(default=None, description="finding of this detector")
    predictions: PredictionDrift | None = Field(default=None, description="finding of this detector")


class Drift(Report):
    """New batches held against the champion's reference."""

    FILE: ClassVar[str] = "reports/<problem>/drift.json"

    decision: Literal["train", "retrain", "keep"] = Field(description="what to do")
    reasons: tuple[str, ...] = Field(description="why, a sentence each")
    champion: str | None = Field(description="version that was watched; null: there is none")
    relabel: tuple[str, ...] = Field(description="batches that need labels or functions")
    batches: dict[str, BatchDrift] = Field(description="by name of the new batch")

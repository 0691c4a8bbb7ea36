"""Files of a model's folder that other packages read: what it is, what it was trained on and what identifies its backbone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from tidemill.contracts import DataError
from tidemill.reports.base import Count, Estimate, Part, Report, Share

TRAIN_AGAIN = "`tidemill run` trains it again, `dvc pull` fetches a published one"


class BackboneRecord(Part):
    """What identifies features: two records are equal where their features are."""

    format: int = Field(description="of the features")
    modality: Literal["text", "image"] = Field(description="of the rows")
    settings: dict[str, JsonValue] = Field(description="settings of embed that change the features")
    sha256: str | None = Field(description="of the weights; null: by name from the hub")

    @property
    def name(self) -> str:
        """Name of the backbone."""
        return str(self.settings["backbone"])


class HeadTraining(Part):
    """How the head was fitted."""

    rows: Count = Field(description="training rows")
    held_out_rows: Count = Field(description="rows held out to stop early")
    epochs: Count = Field(description="until it stopped")
    held_out_loss: float | None = Field(description="best loss on held-out rows; null: none were held out")


class NeighbourAgreement(Part):
    """How well features separate the labels."""

    agree: Share = Field(description="share of neighbours with the same label")
    chance: Share = Field(description="the same if labels were drawn")


class FinetuneAdvice(Part):
    """How far the backbone is from the data, and whether fine-tuning it may pay."""

    verdict: str = Field(description="as in domain.json")
    neighbours: NeighbourAgreement | None = Field(default=None, description="where there are rows enough")
    summary: str = Field(description="the same in words")
    advice: str | None = Field(description="null: none")


class RecipeChoice(Part):
    """Which recipe of `train.recipes` was chosen."""

    chosen: str = Field(description="its name")
    reason: str = Field(description="why")
    recipes: dict[str, dict[str, float]] = Field(description="recipe, score: value, of those tried")


class GoldMix(Part):
    """How labels by people and by functions were mixed, with `train.gold.use: auto`."""

    chosen: str = Field(description="weak, gold, or weak and gold")
    reason: str = Field(description="why, and what functions add to the labels there are")
    rows: Count = Field(description="rows of train and dev with gold")
    errors: dict[str, float] = Field(description="way: squared error on gold rows held out, classes counting the same")
    shares: dict[str, float] = Field(default_factory=dict, description="model: its share, where several are averaged")
    gain_of_functions: Estimate | None = Field(
        default=None, description="how much less error functions and gold have than gold alone, with a 95% interval"
    )


class CombinationRecord(Part):
    """How predictions of several models become one: a blend or a stack."""

    shares: tuple[float, ...] | None = Field(default=None, description="of a blend, by model")
    weight: tuple[tuple[float, ...], ...] | None = Field(
        default=None, description="of a stack, models and classes by class"
    )
    bias: tuple[float, ...] | None = Field(default=None, description="of a stack, by class")


class EnsembleSummary(Part):
    """The ensemble that the head is part of."""

    members: tuple[str, ...] = Field(description="models alongside the head")
    way: str = Field(description="blend, stack, mean or co-training")
    reason: str = Field(description="why there is one")
    sentences: tuple[str, ...] = Field(description="whether it would work as well without each")
    combination: CombinationRecord = Field(description="of head and members")


class OutlierSummary(Part):
    """Rows that are rejected as none of the above."""

    share: Share = Field(description="share of rows of the known kind that may be rejected")
    known_rows: Count = Field(description="rows that others are held against")
    rejected: dict[str, Share] = Field(description="batch: share of its test rows that is rejected")


class ModelConfig(Report):
    """What a model is. Models of all earlier versions are read."""

    FILE: ClassVar[str] = "models/<problem>/candidate/config.json"
    FORMAT: ClassVar[int] = 2
    REMEDY: ClassVar[str] = TRAIN_AGAIN

    problem: str = Field(default="", description="its name")
    modality: Literal["text", "image", "features"] = Field(default="text", description="of the rows")
    classes: tuple[str | int | float | bool, ...] = Field(description="in the order of the probabilities")
    dimensions: Count | None = Field(default=None, description="of the features")
    backbone: BackboneRecord | None = Field(description="whose features it reads; null: features of one's own")
    batches: dict[str, Count] = Field(description="batch: rows of it with weight")
    class_priors: dict[str, Share] | None = Field(default=None, description="mean label of the training rows")
    training: HeadTraining | None = Field(default=None, description="of the head")
    settings: dict[str, JsonValue] = Field(default={}, description="settings of train, those of the ensemble left out")
    gold_mix: GoldMix | None = Field(default=None, description="where `train.gold.use` is auto")
    choice: RecipeChoice | None = Field(default=None, description="where `train.recipes` are given")
    ensemble: EnsembleSummary | None = Field(default=None, description="where the head is not alone")
    warnings: tuple[str, ...] = Field(default=(), description="of labels that are hard to learn from")
    domain: FinetuneAdvice | None = Field(default=None, description="of the backbone")
    none_of_the_above: OutlierSummary | None = Field(
        default=None, description="where `train.ood_rejection_rate` is set"
    )

    @property
    def required_backbone(self) -> BackboneRecord:
        """The backbone.

        Raises
        ------
        DataError
            The model was fitted on features of the caller's own.
        """
        if self.backbone is None:
            raise DataError("this model was fitted on features and has no backbone: give features, not texts or images")
        return self.backbone

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Translate format 1. What describes the training there and has another form now is left out.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names.

        Returns
        -------
        Mapping or None
            Content under today's keys; None where the format is another than 1.
        """
        if result != 1:
            return None
        renamed = {_RENAMED.get(key, key): value for key, value in content.items()}
        if isinstance(domain := renamed.get("domain"), dict):
            renamed["domain"] = {("summary" if key == "words" else key): value for key, value in domain.items()}
        if isinstance(outliers := renamed.get("none_of_the_above"), dict):
            renamed["none_of_the_above"] = {_OUTLIERS.get(key, key): value for key, value in outliers.items()}
        needed = {"classes", "backbone", "batches"}
        return {key: value for key, value in renamed.items() if key in needed or cls._describes(key, value)}

    @classmethod
    def _describes(cls, key: str, value: object) -> bool:
        field = cls.model_fields.get(key)
        if field is None or field.annotation is None:
            return False
        kind: TypeAdapter[Any] = TypeAdapter(field.annotation)
        try:
            kind.validate_json(json.dumps(value), strict=True)
        except ValidationError:
            return False
        return True


_RENAMED = {"cautions": "warnings"}
_OUTLIERS = {"asked": "share", "refused": "rejected"}


class EnsembleFile(Report):
    """Members of an ensemble, alongside the head, and how their predictions become one."""

    FILE: ClassVar[str] = "models/<problem>/candidate/ensemble.json"
    REMEDY: ClassVar[str] = TRAIN_AGAIN

    members: tuple[str, ...] = Field(description="each has a folder of its own")
    combination: CombinationRecord = Field(description="of head and members")

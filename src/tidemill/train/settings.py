"""Settings of `conf/train/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from tidemill.common.nested import merged
from tidemill.contracts import Settings

NOT_IN_RECIPES: Final = (
    *("recipes", "recipe_folds", "seed", "threads", "trainer", "reference_rows"),
    *("mode", "finetune", "ensemble", "ood_rejection_rate"),
)
"""What a recipe may not change: they hold for all that are compared."""

ALL_MEMBERS: Final = "all"
"""In place of a list of members: all that read what the rows are."""


class HeadSettings(Settings):
    """Shape of the network on the backbone's features."""

    hidden_sizes: tuple[int, ...]
    dropout: float = Field(ge=0, lt=1)
    feature_fraction: float = Field(gt=0, le=1)


class OptimizerSettings(Settings):
    """How the head is fitted, by AdamW."""

    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    batch_size: int = Field(ge=1)
    max_epochs: int = Field(ge=1)


class EarlyStoppingSettings(Settings):
    """When the fit ends before its last epoch."""

    patience: int = Field(ge=1)
    validation_fraction: float = Field(ge=0, lt=1)


class LabelsSettings(Settings):
    """Which labels the head is trained on, how they are changed before and how much rows weigh."""

    uncovered: Literal["drop", "keep"]
    sharpening: float = Field(gt=0)
    min_confidence: float = Field(ge=0, le=1)
    confidence_weighting: bool
    class_balance: bool
    noise_transition: bool


class LossSettings(Settings):
    """Loss of the head; ``q`` is a parameter of the generalised cross entropy."""

    name: Literal["soft_cross_entropy", "generalised_cross_entropy"]
    q: float = Field(gt=0, le=1)


class CutStatisticSettings(Settings):
    """Which share of the rows is trained on, those first whose nearest neighbors have the same label."""

    fraction: float = Field(gt=0, le=1)
    n_neighbors: int = Field(ge=1)


class SelfTrainingSettings(Settings):
    """Rounds of training on the model's own predictions."""

    rounds: int = Field(ge=0)
    min_confidence: float = Field(ge=0, lt=1)
    prediction_weight: float = Field(gt=0, le=1)


class CotrainingSettings(Settings):
    """Members of the ensemble that are trained together with the head."""

    views: tuple[str, ...]


class GoldSettings(Settings):
    """Whether gold of train and dev is trained on (``auto``: where it errs less on gold held out), how much, and whether alone."""

    use: bool | Literal["auto"]
    weight: float = Field(gt=0)
    alone: bool = False


class AugmentationSettings(Settings):
    """How features are changed while the head is trained."""

    mixup_alpha: float = Field(ge=0)
    noise_std: float = Field(ge=0)


class FinetuneSettings(Settings):
    """How a backbone is fine-tuned, in modes partial, full and scratch."""

    trainable_blocks: int = Field(ge=1)
    epochs: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    layer_decay: float = Field(gt=0, le=1)
    batch_size: int = Field(ge=1)
    augment: bool


class LinearSettings(Settings):
    """Logistic regression on features."""

    l2: float = Field(ge=0)


class NgramSettings(Settings):
    """Logistic regression on TF-IDF; ``char_ngrams`` is from which to which length, (0, 0) for none."""

    word_ngrams: int = Field(ge=0)
    char_ngrams: tuple[int, int]
    min_df: int = Field(ge=1)
    max_features: int = Field(ge=1)
    l2: float = Field(ge=0)


class BayesSettings(Settings):
    """Naive Bayes on n-grams of words."""

    word_ngrams: int = Field(ge=1)
    min_df: int = Field(ge=1)
    max_features: int = Field(ge=1)
    alpha: float = Field(gt=0)


class BoostSettings(Settings):
    """Gradient-boosted trees, by the names of XGBoost and its scikit-learn wrapper."""

    n_estimators: int = Field(ge=1)
    max_depth: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    subsample: float = Field(gt=0, le=1)
    colsample_bytree: float = Field(gt=0, le=1)
    min_child_weight: float = Field(ge=0)


class LstmSettings(Settings):
    """A bidirectional LSTM on words."""

    min_df: int = Field(ge=1)
    max_features: int = Field(ge=1)
    max_length: int = Field(ge=1)
    embedding_size: int = Field(ge=1)
    hidden_size: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    epochs: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    batch_size: int = Field(ge=1)


class EnsembleSettings(Settings):
    """Models that are fitted alongside the head (none: off; all: those that the rows allow), and how they are combined."""

    members: tuple[str, ...] | Literal["all"]
    combine: Literal["auto", "blend", "stack"]
    accept_without_gold: bool
    folds: int = Field(ge=2)
    linear: LinearSettings
    ngrams: NgramSettings
    naive_bayes: BayesSettings
    xgboost: BoostSettings
    lstm: LstmSettings


class TrainSettings(Settings):
    """Shape of the head, which rows it is trained on and how, and what is kept for the monitor."""

    mode: Literal["head", "partial", "full", "scratch"]
    head: HeadSettings
    optimizer: OptimizerSettings
    early_stopping: EarlyStoppingSettings
    labels: LabelsSettings
    loss: LossSettings
    cut_statistic: CutStatisticSettings
    self_training: SelfTrainingSettings
    cotraining: CotrainingSettings
    gold: GoldSettings
    augmentation: AugmentationSettings
    recipes: tuple[dict[str, Any], ...]
    recipe_folds: int = Field(ge=2)
    finetune: FinetuneSettings
    ensemble: EnsembleSettings
    ood_rejection_rate: float = Field(ge=0, lt=0.5)
    reference_rows: int = Field(ge=1)
    seed: int
    threads: int = Field(ge=1)
    trainer: dict[str, Any]

    @model_validator(mode="after")
    def _recipes_are_settings(self) -> Self:
        if nameless := [recipe for recipe in self.recipes if "name" not in recipe]:
            raise ValueError(f"recipe {nameless[0]} has no name")
        for name in self.recipe_names():
            self.recipe(name)
        return self

    @model_validator(mode="after")
    def _views_or_members(self) -> Self:
        if self.ensemble.members and self._any_views():
            raise ValueError(
                "cotraining.views and ensemble.members are two ways to use the same models: set one of them to []"
            )
        return self

    def _any_views(self) -> bool:
        return bool(self.cotraining.views or any("cotraining" in recipe for recipe in self.recipes))

    @property
    def may_read_texts(self) -> bool:
        """Whether models that could read texts are requested, or may be chosen by gold."""
        return bool(self.ensemble.members or self._any_views() or self.gold.use == "auto")

    def recipe_names(self) -> list[str]:
        """List the names of the recipes, in their order.

        Returns
        -------
        list of str
            A name per recipe.
        """
        return [str(recipe["name"]) for recipe in self.recipes]

    def recipe(self, name: str) -> Self:
        """Make the settings of a recipe.

        Parameters
        ----------
        name
            Name of the recipe.

        Returns
        -------
        TrainSettings
            A copy.

        Raises
        ------
        ValueError
            The recipe changes what no recipe may change, or what is no setting.
        """
        changes = next(recipe for recipe in self.recipes if recipe["name"] == name)
        changes = {key: value for key, value in changes.items() if key != "name"}
        if wrong := [key for key in changes if key.partition(".")[0] in NOT_IN_RECIPES]:
            raise ValueError(f"recipe {name} sets {wrong[0]}, which holds for all recipes")
        return self.with_changes(changes | {"recipes": ()})

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """Make the same settings with changes, checked as all settings are.

        Parameters
        ----------
        changes
            Nested, or by dotted keys such as ``head.dropout``.

        Returns
        -------
        TrainSettings
            A copy.

        Raises
        ------
        ValueError
            A key is no setting, or a value is not what it may be.
        """
        return type(self).model_validate(merged(self.model_dump(), changes))

    def plain(self) -> Self:
        """Make the same settings without any defense against noise, for labels by people.

        Returns
        -------
        Self
            A copy.
        """
        return self.with_changes(
            {
                "loss.name": "soft_cross_entropy",
                "labels": {"noise_transition": False, "min_confidence": 0.0, "confidence_weighting": False},
                "cut_statistic.fraction": 1.0,
                "self_training.rounds": 0,
                "recipes": (),
            }
        )

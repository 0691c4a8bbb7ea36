"""Settings of `conf/train/`."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from tidemill.contracts import Settings

NOT_IN_RECIPES: Final = (
    *("recipes", "trials", "seed", "threads", "trainer", "reference_rows"),
    *("mode", "tune", "ensemble", "none_of_the_above"),
)
"""What a recipe may not change: they hold for all that are compared."""

ALL_MEMBERS: Final = "all"
"""In place of a list of members: all that read what the rows are."""


class TuneSettings(Settings):
    """How a backbone learns, in modes partial, full and scratch."""

    blocks: int = Field(ge=1)
    epochs: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    layer_decay: float = Field(gt=0, le=1)
    rows_per_step: int = Field(ge=1)
    augment: bool


class LinearSettings(Settings):
    """Logistic regression on features."""

    penalty: float = Field(ge=0)


class NgramSettings(Settings):
    """Logistic regression on TF-IDF; ``characters`` is from which to which length, (0, 0) for none."""

    words: int = Field(ge=0)
    characters: tuple[int, int]
    least: int = Field(ge=1)
    most: int = Field(ge=1)
    penalty: float = Field(ge=0)


class BayesSettings(Settings):
    """Naive Bayes on n-grams of words."""

    words: int = Field(ge=1)
    least: int = Field(ge=1)
    most: int = Field(ge=1)
    smoothing: float = Field(gt=0)


class BoostSettings(Settings):
    """Gradient-boosted trees; ``rows`` and ``columns`` are the shares that a tree sees."""

    trees: int = Field(ge=1)
    depth: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    rows: float = Field(gt=0, le=1)
    columns: float = Field(gt=0, le=1)
    least_weight: float = Field(ge=0)


class LstmSettings(Settings):
    """A bidirectional LSTM on words."""

    least: int = Field(ge=1)
    most: int = Field(ge=1)
    words: int = Field(ge=1)
    width: int = Field(ge=1)
    hidden: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    epochs: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    rows_per_step: int = Field(ge=1)


class EnsembleSettings(Settings):
    """Models that are fitted alongside the head (none: off; all: those that the rows allow), and how they are combined."""

    members: tuple[str, ...] | Literal["all"]
    combine: Literal["auto", "blend", "stack"]
    by_labels: bool
    folds: int = Field(ge=2)
    linear: LinearSettings
    ngrams: NgramSettings
    naive_bayes: BayesSettings
    xgboost: BoostSettings
    lstm: LstmSettings


class TrainSettings(Settings):
    """Shape of the head, which rows it is trained on and how, and what is kept for the monitor."""

    mode: Literal["head", "partial", "full", "scratch"]
    tune: TuneSettings
    hidden: tuple[int, ...]
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    rows_per_step: int = Field(ge=1)
    max_epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    held_out: float = Field(ge=0, lt=1)
    uncovered: Literal["drop", "keep"]
    sharpen: float = Field(gt=0)
    min_confidence: float = Field(ge=0, le=1)
    confidence_weighting: bool
    class_balance: bool
    loss: Literal["soft_cross_entropy", "generalised_cross_entropy"]
    q: float = Field(gt=0, le=1)
    smoothing: bool
    subset: float = Field(gt=0, le=1)
    neighbours: int = Field(ge=1)
    self_training: int = Field(ge=0)
    sure: float = Field(ge=0, lt=1)
    own_share: float = Field(gt=0, le=1)
    views: tuple[str, ...]
    use_gold: bool
    gold_weight: float = Field(gt=0)
    mixup: float = Field(ge=0)
    noise: float = Field(ge=0)
    select: float = Field(gt=0, le=1)
    recipes: tuple[dict[str, Any], ...]
    trials: int = Field(ge=2)
    ensemble: EnsembleSettings
    none_of_the_above: float = Field(ge=0, lt=0.5)
    reference_rows: int = Field(ge=1)
    seed: int
    threads: int = Field(ge=1)
    trainer: dict[str, Any]

    @model_validator(mode="after")
    def _recipes_are_settings(self) -> Self:
        if nameless := [recipe for recipe in self.recipes if "name" not in recipe]:
            raise ValueError(f"recipe {nameless[0]} has no name")
        for name in self.named():
            self.recipe(name)
        return self

    @model_validator(mode="after")
    def _views_or_members(self) -> Self:
        if self.ensemble.members and (self.views or any("views" in recipe for recipe in self.recipes)):
            raise ValueError("views and ensemble.members are two ways to use the same models: set one of them to []")
        return self

    @property
    def may_read_texts(self) -> bool:
        """Whether models are asked for that could read texts."""
        return bool(self.ensemble.members or self.views or any("views" in recipe for recipe in self.recipes))

    def named(self) -> list[str]:
        """List the names of the recipes, in their order."""
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

        Raises
        ------
        ValueError
            The recipe changes what no recipe may change, or what is no setting.
        """
        changes = next(recipe for recipe in self.recipes if recipe["name"] == name)
        changes = {key: value for key, value in changes.items() if key != "name"}
        if wrong := [key for key in changes if key in NOT_IN_RECIPES]:
            raise ValueError(f"recipe {name} sets {wrong[0]}, which holds for all recipes")
        return type(self).model_validate(self.model_dump() | changes | {"recipes": ()})

    def plain(self) -> Self:
        """Make the same settings without any defence against noise, for labels by people."""
        defaults = {"loss": "soft_cross_entropy", "smoothing": False, "subset": 1.0, "self_training": 0, "recipes": ()}
        return self.model_copy(update=defaults | {"min_confidence": 0.0, "confidence_weighting": False})

"""Settings of `conf/search/`."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import Field, model_validator

from tidemill.contracts import Settings
from tidemill.train.settings import NOT_IN_RECIPES, TrainSettings

CURRENT_BACKBONE: Final = "as it is"
"""Name of the backbone that the problem has."""
SHAPE_SETTINGS: Final = ("depth", "width")
"""What stands for the setting ``hidden`` in the space: number of hidden layers, and neurons of each."""

Scalar = bool | int | float | str


class Range(Settings):
    """Any number from low to high; integers where low is one."""

    low: int | float
    high: int | float
    log: bool

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(f"from {self.low} to {self.high}{' by order of magnitude' * self.log} is no range")
        return self


class SearchSettings(Settings):
    """Budget of a search, the rows it works on, the features it compares and the settings it tries."""

    minutes: float = Field(ge=0)
    rows: int = Field(ge=20)
    parts: int = Field(ge=2)
    finalists: int = Field(ge=1)
    backbones: tuple[dict[str, Any], ...]
    embedding: float = Field(ge=0, le=0.8)
    judging: float = Field(ge=0, le=0.8)
    space: dict[str, Range | tuple[Scalar, ...]]
    seed: int

    @model_validator(mode="after")
    def _backbones_have_names(self) -> Self:
        names = [backbone.get("name") for backbone in self.backbones]
        if None in names:
            raise ValueError(f"backbone {self.backbones[names.index(None)]} has no name")
        if len({*names, CURRENT_BACKBONE}) <= len(names):
            raise ValueError(
                f"two of the backbones {', '.join(map(str, names))} and {CURRENT_BACKBONE!r} have the same name"
            )
        return self

    @model_validator(mode="after")
    def _space_is_of_settings(self) -> Self:
        able = {*TrainSettings.model_fields, *SHAPE_SETTINGS} - {*NOT_IN_RECIPES, "hidden"}
        if wrong := sorted(self.space.keys() - able):
            raise ValueError(f"space.{wrong[0]} cannot be searched; what can is {', '.join(sorted(able))}")
        if len(self.space.keys() & set(SHAPE_SETTINGS)) == 1 or not isinstance(self.space.get("width", ()), tuple):
            raise ValueError("space needs depth and a list width together, or neither")
        if empty := [name for name, values in self.space.items() if values == ()]:
            raise ValueError(f"space.{empty[0]} is an empty list: leave it out, and it stays as it is")
        return self

"""Settings of `conf/search/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import Field, field_validator, model_validator

from tidemill.contracts import Settings
from tidemill.train.settings import NOT_IN_RECIPES, TrainSettings

CURRENT_BACKBONE: Final = "as it is"
"""Name of the backbone that the problem has."""
HIDDEN_SIZES: Final = "head.hidden_sizes"
SHAPE_SETTINGS: Final = ("depth", "width")
"""What stands for ``head.hidden_sizes`` in the space: number of hidden layers, and neurons of each."""
_RANGE: Final = {"low", "high", "log"}

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
    max_rows: int = Field(ge=20)
    folds: int = Field(ge=2)
    finalists: int = Field(ge=1)
    backbones: tuple[dict[str, Any], ...]
    embedding_share: float = Field(ge=0, le=0.8)
    comparison_share: float = Field(ge=0, le=0.8)
    space: dict[str, Range | tuple[Scalar, ...]]
    seed: int

    @field_validator("space", mode="before")
    @classmethod
    def _by_dotted_keys(cls, space: Any) -> Any:
        return _dotted(space) if isinstance(space, Mapping) else space

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
        able = searchable_settings()
        if wrong := sorted(self.space.keys() - able):
            raise ValueError(f"space.{wrong[0]} cannot be searched; what can is {', '.join(sorted(able))}")
        if len(self.space.keys() & set(SHAPE_SETTINGS)) == 1 or not isinstance(self.space.get("width", ()), tuple):
            raise ValueError("space needs depth and a list width together, or neither")
        if empty := [name for name, values in self.space.items() if values == ()]:
            raise ValueError(f"space.{empty[0]} is an empty list: leave it out, and it stays as it is")
        return self


def searchable_settings() -> set[str]:
    """List what a space may hold: settings of train by dotted keys, and the shape of the network.

    Returns
    -------
    set of str
        Dotted keys, and the names of ``SHAPE_SETTINGS``.
    """
    groups = {
        name: field.annotation for name, field in TrainSettings.model_fields.items() if name not in NOT_IN_RECIPES
    }
    keys = {
        f"{name}.{key}"
        for name, group in groups.items()
        if isinstance(group, type) and issubclass(group, Settings)
        for key in group.model_fields
    }
    return {*keys, *SHAPE_SETTINGS} - {HIDDEN_SIZES}


def _dotted(space: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for key, value in space.items():
        is_group = isinstance(value, Mapping) and not value.keys() <= _RANGE
        keys |= _dotted(value, f"{prefix}{key}.") if is_group else {f"{prefix}{key}": value}
    return keys

"""What `conf/search/` says."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from tidemill.contracts import Settings


class SearchSettings(Settings):
    """Budget of a search, the rows it works on, and the features it compares."""

    minutes: float = Field(ge=0)
    rows: int = Field(ge=20)
    parts: int = Field(ge=2)
    finalists: int = Field(ge=1)
    backbones: tuple[dict[str, Any], ...]
    embedding: float = Field(ge=0, le=0.8)
    judging: float = Field(ge=0, le=0.8)
    seed: int

    @model_validator(mode="after")
    def _backbones_have_names(self) -> Self:
        names = [one.get("name") for one in self.backbones]
        if None in names:
            raise ValueError(f"backbone {self.backbones[names.index(None)]} has no name")
        if len({*names, HERE}) <= len(names):
            raise ValueError(f"two of the backbones {', '.join(map(str, names))} and {HERE!r} have the same name")
        return self


HERE = "as it is"
"""Name of the backbone that the problem has."""

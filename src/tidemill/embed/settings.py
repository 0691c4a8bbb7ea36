"""Settings of `conf/embed/`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tidemill.contracts import Settings


class TextSettings(Settings):
    """How a text becomes one vector."""

    max_tokens: int = Field(ge=3)
    tokens_per_step: int = Field(ge=1)
    squeeze: bool
    normalize: bool
    pooling: Literal["mean", "first", "entity_start", "entity_mean"] = "mean"


class ImageSettings(Settings):
    """How an image becomes one vector; None: the backbone's own value."""

    size: int | None = Field(ge=8)
    mean: float | tuple[float, ...] | None
    std: float | tuple[float, ...] | None
    images_per_step: int = Field(ge=1)
    stages: tuple[int, ...]


class EmbedSettings(Settings):
    """Backbone, its weights, and how the rows of its modality are read."""

    backbone: str = Field(min_length=1)
    weights: str = Field(min_length=1)
    threads: int = Field(ge=1)
    domain_rows: int = Field(ge=0)
    text: TextSettings | None
    image: ImageSettings | None

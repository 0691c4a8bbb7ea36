"""What `conf/train/` says."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from tidemill.contracts import Settings


class TrainSettings(Settings):
    """Shape of the head, which rows teach it and how, and what is kept for the monitor."""

    hidden: tuple[int, ...]
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    rows_per_step: int = Field(ge=1)
    max_epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    held_out: float = Field(ge=0, lt=1)
    uncovered: Literal["drop", "keep"]
    min_confidence: float = Field(ge=0, le=1)
    confidence_weighting: bool
    class_balance: bool
    reference_rows: int = Field(ge=1)
    seed: int
    threads: int = Field(ge=1)
    trainer: dict[str, Any]

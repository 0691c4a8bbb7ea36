"""Conditions asked of a column, and of a file of labeling functions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tidemill.contracts import ConfigError
from tidemill.label.conditions.registry import KINDS
from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_file

Folder = Callable[..., Path]
TEXTS = ["Win a FREE prize", "freedom of winter", "win, win!", "costs $9.99 (approx.)", "", None]
CLASSES = ("ham", "spam")
ROWS = pl.DataFrame({"row_id": ["a", "b", "c", "d"], "ann": ["spam", "ham", "unsure", None]})


def answers(kind: str, texts: list[Any], **fields: Any) -> list[bool | None]:
    rows = pl.DataFrame({"text": texts})
    return rows.select(KINDS[kind].model_validate({"kind": kind, **fields}).expression()).to_series().to_list()


def fires(kind: str, texts: list[Any], **fields: Any) -> list[int]:
    return [i for i, answer in enumerate(answers(kind, texts, **fields)) if answer]


def votes(folder: Folder, entry: str, rows: pl.DataFrame = ROWS, **files: str) -> list[int]:
    path = folder(f__yaml=f"functions: [{{name: f, {entry}}}]", **files) / "f.yaml"
    found: list[int] = apply(rows, load_file(path, classes=CLASSES), n_classes=2).ravel().tolist()
    return found


def refusal(folder: Folder, entry: str, **files: str) -> str:
    with pytest.raises(ConfigError) as caught:
        votes(folder, entry, **files)
    return str(caught.value)

"""Small sources and settings."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from tidemill.contracts import Problem
from tidemill.ingest.batch import Batch, build_batch, empty_seen
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source

SPAM = Problem(name="spam", modality="text", classes=("ham", "spam"))
FRUIT = Problem(name="fruit", modality="image", classes=("apple", "pear"))


def settings(**changes: Any) -> IngestSettings:
    base: dict[str, Any] = {
        "incoming": "incoming",
        "batch_order": (),
        "key": "id",
        "text": "text",
        "image": None,
        "gold": "label",
        "meta": {},
        "slices": (),
        "encoding": None,
        "near_duplicates": "drop",
        "max_pixels": 10_000,
        "split": {"train": 0.5, "dev": 0.15, "valid": 0.15, "test": 0.2, "seed": 7},
    }
    return IngestSettings.model_validate(base | changes)


def image_settings(**changes: Any) -> IngestSettings:
    return settings(**({"text": None, "image": "path", "key": None} | changes))


def take(path: Path, chosen: IngestSettings, problem: Problem = SPAM, *, before: list[Batch] | None = None) -> Batch:
    import polars as pl

    known = pl.concat([empty_seen(chosen), *(batch.seen for batch in before or [])])
    return build_batch(path.name.split(".")[0], Source(str(path)), problem, chosen, before=known)


def png(shade: int = 0, *, size: tuple[int, int] = (4, 4), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("L", size, shade).save(file, kind)
    return file.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path

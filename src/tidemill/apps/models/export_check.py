"""Rows that go with an exported model, and the probabilities that Tidemill gives them."""

from __future__ import annotations

import base64
import io
import json
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.apps.models.model import Model

FILE: Final = "check.json"
OWN_ROWS: Final = 16
"""Rows of the problem that ``check.json`` holds, beside those that are made up."""
MADE_UP: Final = (
    "See you at six.",
    "WINNER!!! Claim your prize now: http://a.example/x?y=1 -----\n\n reply to me@b.example",
    "?",
    "It rained all day. " * 40,
)


def made_up_rows(modality: str) -> pl.DataFrame:
    """Make up rows on which a preparation that differs shows.

    Parameters
    ----------
    modality
        ``text``: links, addresses, runs of signs, a long text. ``image``: colours, transparency, 16 bits, turned on its side.

    Returns
    -------
    polars.DataFrame
        Columns ``row_id`` and the modality's.
    """
    contents: list[Any] = list(MADE_UP) if modality == "text" else _pictures()
    return pl.DataFrame({"row_id": [f"made up {row}" for row in range(len(contents))], modality: contents})


def check_file(model: Model, rows: pl.DataFrame, tolerance: float) -> bytes:
    """Write rows and their probabilities.

    Parameters
    ----------
    model
        The model.
    rows
        Columns ``row_id`` and the modality's.
    tolerance
        How far a probability may be from these.

    Returns
    -------
    bytes
        JSON; images are in base64.
    """
    modality = model.embedder.modality
    predicted = model.say(rows, name="export").probabilities
    contents = [item if isinstance(item, str) else base64.b64encode(item).decode() for item in rows[modality]]
    content = {
        "problem": model.head.about.problem,
        "classes": list(model.head.classes),
        "tolerance": tolerance,
        "rows": [
            {modality: item, "probabilities": [round(float(value), 9) for value in row]}
            for item, row in zip(contents, predicted, strict=True)
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _pictures() -> list[bytes]:
    from PIL import Image

    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, size=(6, 5, 4), dtype=np.uint8)
    colours = Image.fromarray(blocks).resize((60, 50))
    grey = Image.fromarray(rng.integers(0, 4096, size=(48, 64), dtype=np.uint16))
    on_its_side = Image.Exif()
    on_its_side[0x0112] = 6
    return [
        _saved(colours.convert("RGB"), "PNG"),
        _saved(colours, "PNG"),
        _saved(grey, "PNG"),
        _saved(colours.convert("RGB"), "JPEG", exif=on_its_side),
    ]


def _saved(image: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()

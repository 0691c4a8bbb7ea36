"""folder of a saved model and new rows -> what the model says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.contracts import Features, probability_columns
from tidemill.train.head import Head

Embed = Callable[[pl.DataFrame, dict[str, Any]], Features]


def predict(folder: Path, rows: pl.DataFrame, *, embed: Embed) -> pl.DataFrame:
    """Folder, and rows with row_id and text or image -> table of ``predictions_contract``.

    ``embed`` gives the features of rows by the model's backbone, as ``tidemill.embed.run.embed_rows`` does.

    Raises
    ------
    DataError
        The folder holds no whole model, or the features are not of its backbone.
    """
    head = Head.load(folder)
    probabilities = head.predict_proba(embed(rows, head.backbone))
    columns = {name: probabilities[:, k] for k, name in enumerate(probability_columns(head.classes))}
    return pl.DataFrame({"row_id": rows["row_id"], **columns})

"""Batches as the label stage reads them, and where it keeps what was computed of each."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidemill.contracts import FEATURES, Contract
from tidemill.label.engine.vote_cache import cache_key, hash_of_file
from tidemill.label.engine.vote_reuse import Batch
from tidemill.label.run import visible_columns, with_features
from tidemill.project.layout import Paths
from tidemill.project.tables import read


def label_batch(name: str, paths: Paths, raw: Contract, hidden: tuple[str, ...]) -> Batch:
    """Describe a batch of raw rows to the label stage, which reads it where it has to.

    Parameters
    ----------
    name
        Name of the batch.
    paths
        Paths of its problem.
    raw
        Contract of its table.
    hidden
        Columns that labeling functions do not see.

    Returns
    -------
    Batch
    """
    file, features = paths.raw / f"{name}.parquet", paths.features / f"{name}.parquet"
    if not file.exists():
        read(file, raw)  # says what to do
    return Batch(
        name,
        key=cache_key("raw", hash_of_file(file), *hidden),
        read=lambda: visible_columns(read(file, raw), hidden),
        ids=lambda: pl.read_parquet(file, columns=["row_id", "batch", "split"], glob=False),
        features=lambda rows: with_features(rows, read(features, FEATURES)),
        features_key=lambda: hash_of_file(features) if features.exists() else "",
    )


def votes_cache(paths: Paths) -> Path:
    """Locate votes and statistics of images that were computed before.

    Parameters
    ----------
    paths
        Paths of the problem.

    Returns
    -------
    Path
        A folder with one for each batch, by its key.
    """
    return paths.state / "votes" / paths.name

"""The stable sample of rows that the monitor compares new batches with."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import polars as pl

from tidemill.contracts import Column, Contract, DataError, not_class, probability_columns

SAMPLED: Final = ("valid", "test")
FILE: Final = "reference.parquet"


def reference_contract(classes: tuple[str, ...]) -> Contract:
    """Make the contract of ``reference.parquet``: a column per class, then an int16 column per labeling function.

    Parameters
    ----------
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    Contract
        Columns ``row_id``, ``batch``, ``feature``, a probability per class, and votes in all others.
    """
    about = (Column("row_id", pl.String, unique=True), Column("batch", pl.String), Column("feature", pl.Array))
    columns = tuple(Column(name, pl.Float64, minimum=0.0, maximum=1.0) for name in probability_columns(classes))
    vote: Any = Column("*", pl.Int16, minimum=not_class(len(classes) - 1), maximum=len(classes) - 1)
    return Contract("reference", (*about, *columns), others=vote)


def reference(rows: pl.DataFrame, predictions: pl.DataFrame, count: int) -> pl.DataFrame:
    """Sample rows for the monitor.

    The rows whose ids have the least hashes are kept, so that a row stays in or out whatever else arrives. Where rows are
    so few that none is held out, those of train stand in.

    Parameters
    ----------
    rows
        row_id, batch, split, feature and votes.
    predictions
        Predictions of these rows.
    count
        How many rows to keep.

    Returns
    -------
    polars.DataFrame
        In the order of ``rows``.

    Raises
    ------
    DataError
        A labeling function has the name of another column.
    """
    taken = [name for name in predictions.columns[1:] if name in rows.columns]
    if taken:
        raise DataError(f"a labeling function is called {taken[0]!r}, as a column of probabilities is: rename it")
    held_out = rows.filter(pl.col("split").is_in(SAMPLED))
    pool = held_out if held_out.height else rows
    hashes = pl.Series([hashlib.sha256(row_id.encode()).hexdigest() for row_id in pool["row_id"]], dtype=pl.String)
    kept = pool.filter(hashes.rank("ordinal") <= count).join(predictions, on="row_id", maintain_order="left")
    about = ["row_id", "batch", "feature", *predictions.columns[1:]]
    return kept.select(*about, pl.exclude(*about, "split"))

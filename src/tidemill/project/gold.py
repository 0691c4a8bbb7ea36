"""A problem's rows with gold, across its batches, described by what only ``evaluate`` may read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import polars as pl

from tidemill.contracts import NO_GOLD, DataError, FunctionError, gold_contract
from tidemill.label.engine.load import Access
from tidemill.label.engine.slices import apply_slices
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.settings import LabelSettings
from tidemill.project.contents import teaching_gold
from tidemill.project.layout import Paths
from tidemill.project.tables import batch_names, read_batches

_CONTENT: Final = ("key", "text", "image")


def gold_rows(paths: Paths, n_classes: int, slices: LabelSettings | None = None) -> pl.DataFrame:
    """Read every row with gold.

    Parameters
    ----------
    paths
        Paths of the problem.
    n_classes
        Number of classes.
    slices
        Settings that confine the problem's slicing functions, which are applied to rows with gold alone; None: they are not.

    Returns
    -------
    polars.DataFrame
        row_id, batch, split and metadata, a column of true and false per slicing function, and gold.

    Raises
    ------
    DataError
        A batch has not been ingested.
    FunctionError
        A slicing function fails; it and the row are named.
    """
    batches = batch_names(paths.manifest)
    judging = read_batches(paths.gold, gold_contract(n_classes), batches)
    gold = pl.concat([teaching_gold(paths, n_classes, batches), judging])
    labeled = gold.filter(pl.col("gold") != NO_GOLD)
    scanned = [_scanned(paths, batch) for batch in batches]
    tables = [_without_content(rows) for rows in scanned]
    if slices is not None:
        known = pl.col("row_id").is_in(labeled["row_id"].implode())
        sliced = _sliced(paths, (rows.filter(known).collect() for rows in scanned), slices)
        tables = [_with_slices(rows, of) for rows, of in zip(tables, sliced, strict=True)]
    tables = [
        _with_hidden_columns(rows, paths.slices / f"{batch}.parquet")
        for rows, batch in zip(tables, batches, strict=True)
    ]
    return pl.concat(tables, how="diagonal").join(labeled, on="row_id", maintain_order="left")


def _scanned(paths: Paths, batch: str) -> pl.LazyFrame:
    file = paths.raw / f"{batch}.parquet"
    if not file.exists():
        raise DataError(f"{file} is missing: run the ingest stage, or `dvc repro`")
    return pl.scan_parquet(file, glob=False)


def _without_content(scanned: pl.LazyFrame) -> pl.DataFrame:
    return scanned.drop([name for name in scanned.collect_schema().names() if name in _CONTENT]).collect()


def _sliced(paths: Paths, tables: Iterable[pl.DataFrame], settings: LabelSettings) -> list[pl.DataFrame]:
    limits = Limits(settings.timeout_seconds, settings.memory_limit_mb, 0)
    return apply_slices(paths.functions, tables, limits, Access.configured(settings, paths.closed))


def _with_slices(rows: pl.DataFrame, slices: pl.DataFrame) -> pl.DataFrame:
    taken = [name for name in slices.columns if name in rows.columns and name != "row_id"]
    if taken:
        raise FunctionError(f"a slicing function is named {taken[0]!r}, and so is a column of the rows: rename it")
    return rows.join(slices, on="row_id", how="left", maintain_order="left")


def _with_hidden_columns(rows: pl.DataFrame, file: Path) -> pl.DataFrame:
    """Columns that only evaluate may read."""
    if not file.exists():
        return rows
    hidden = pl.read_parquet(file, glob=False)
    new = hidden.drop([name for name in hidden.columns if name in rows.columns and name != "row_id"])
    return rows.join(new, on="row_id", how="left", maintain_order="left")

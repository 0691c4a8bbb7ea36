"""A problem's rows with gold, across its batches, described by what only ``evaluate`` may read."""

from __future__ import annotations

from typing import Final

import polars as pl

from tidemill.contracts import NO_GOLD, DataError, gold_contract
from tidemill.label.functions.slicing import SlicingFunction, load_slices, slice_rows
from tidemill.project.contents import teaching_gold
from tidemill.project.layout import Paths
from tidemill.project.tables import batch_names, read_batches

_CONTENT: Final = ("key", "text", "image")


def gold_rows(paths: Paths, n_classes: int) -> pl.DataFrame:
    """Read every row with gold.

    The problem's slicing functions are applied here, to rows with gold alone, each a column of true and false.

    Parameters
    ----------
    paths
        Paths of the problem.
    n_classes
        Number of classes.

    Returns
    -------
    polars.DataFrame
        row_id, batch, split, metadata and slice columns, and gold.
    """
    batches = batch_names(paths.manifest)
    judging = read_batches(paths.gold, gold_contract(n_classes), batches)
    gold = pl.concat([teaching_gold(paths, n_classes, batches), judging])
    labeled = gold.filter(pl.col("gold") != NO_GOLD)
    functions = load_slices(paths.functions)
    tables = [_described(paths, batch, functions, labeled["row_id"]) for batch in batches]
    return pl.concat(tables, how="diagonal").join(labeled, on="row_id", maintain_order="left")


def _described(paths: Paths, batch: str, functions: list[SlicingFunction], known: pl.Series) -> pl.DataFrame:
    """Without their content, with the columns that only evaluate may read."""
    file = paths.raw / f"{batch}.parquet"
    if not file.exists():
        raise DataError(f"{file} is missing: run the ingest stage, or `dvc repro`")
    scanned = pl.scan_parquet(file)
    rows = scanned.drop([name for name in scanned.collect_schema().names() if name in _CONTENT]).collect()
    if functions:
        sliced = slice_rows(functions, scanned.filter(pl.col("row_id").is_in(known.implode())).collect())
        rows = rows.join(sliced, on="row_id", how="left", maintain_order="left")
    file = paths.slices / f"{batch}.parquet"
    if not file.exists():
        return rows
    slices = pl.read_parquet(file)
    slices = slices.drop([name for name in slices.columns if name in rows.columns and name != "row_id"])
    return rows.join(slices, on="row_id", how="left", maintain_order="left")

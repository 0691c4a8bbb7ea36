"""Contents of a problem's rows, across its batches."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidemill.project.layout import Paths


def contents_of(paths: Paths, batches: Sequence[str], modality: str) -> pl.DataFrame:
    """Read the contents of all rows of some batches.

    Parameters
    ----------
    paths
        Paths of the problem.
    batches
        Names of the batches.
    modality
        ``text`` or ``image``: the column of the content.

    Returns
    -------
    polars.DataFrame
        Columns ``row_id`` and the modality's, batch by batch.
    """
    files = [paths.raw / f"{batch}.parquet" for batch in batches]
    return pl.concat([pl.read_parquet(file, columns=["row_id", modality]) for file in files])


def texts_of(paths: Paths, batches: Sequence[str]) -> pl.DataFrame:
    """Read ids and texts of all rows of some batches, for models that read texts.

    Parameters
    ----------
    paths
        Paths of the problem.
    batches
        Names of the batches.

    Returns
    -------
    polars.DataFrame
        Columns ``row_id`` and ``text``, batch by batch.
    """
    return contents_of(paths, batches, "text")

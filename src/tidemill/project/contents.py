"""Contents of a problem's rows, and the gold that models may learn from, across its batches."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidemill.contracts import gold_contract
from tidemill.project.layout import Paths
from tidemill.project.tables import read_batches


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
    return pl.concat([pl.read_parquet(file, columns=["row_id", modality], glob=False) for file in files])


def shown_contents(paths: Paths, batches: Sequence[str], modality: str) -> pl.DataFrame:
    """Read what people are shown of all rows of some batches.

    Parameters
    ----------
    paths
        Paths of the problem.
    batches
        Names of the batches.
    modality
        ``text`` or ``image``.

    Returns
    -------
    polars.DataFrame
        As ``contents_of``; of candidates of a relation the pair and its sentence, for models read less of them.
    """
    first = pl.scan_parquet(paths.raw / f"{batches[0]}.parquet", glob=False).collect_schema() if batches else {}
    if not {"subject", "object", "sentence", "sentence_number"} <= set(first):
        return contents_of(paths, batches, modality)
    pair = pl.format("{} | {}: {}", "subject", "object", "sentence").alias(modality)
    return pl.concat(
        [pl.read_parquet(paths.raw / f"{batch}.parquet", glob=False).select("row_id", pair) for batch in batches]
    )


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


def teaching_gold(paths: Paths, n_classes: int, batches: Sequence[str]) -> pl.DataFrame:
    """Read the gold that models may learn from.

    Parameters
    ----------
    paths
        Of the problem.
    n_classes
        Number of classes.
    batches
        Names of the batches.

    Returns
    -------
    polars.DataFrame
        row_id and gold of dev and train.
    """
    contract = gold_contract(n_classes)
    return pl.concat([read_batches(folder, contract, batches) for folder in (paths.dev, paths.train_gold)])

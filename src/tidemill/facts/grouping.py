"""Candidates of one fact in many sentences brought together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import NO_GOLD, probability_columns

Array = npt.NDArray[np.float64]
_LEAST = 1e-9


def evidence_table(rows: pl.DataFrame, classes: Sequence[str], symmetric: Sequence[str]) -> pl.DataFrame:
    """List what each candidate says of each fact that it may state.

    Parameters
    ----------
    rows
        Candidates: row_id, document, split, sentence, subject, object, gold, and the probability of each class.
    classes
        Names of the classes; the first is that of pairs without a relation.
    symmetric
        Relations of which (a, b) and (b, a) are one fact.

    Returns
    -------
    polars.DataFrame
        subject, relation, object, p, truth (null where nobody looked), row_id, document, split, sentence.
    """
    tables = []
    for index, (name, column) in enumerate(zip(classes[1:], probability_columns(classes)[1:], strict=True), start=1):
        known = pl.col("gold") != NO_GOLD
        one = rows.select(
            "subject",
            pl.lit(name).alias("relation"),
            "object",
            pl.col(column).alias("p"),
            pl.when(known).then(pl.col("gold") == index).alias("truth"),
            "row_id",
            "document",
            "split",
            "sentence",
        )
        if name in symmetric:
            first, last = pl.min_horizontal("subject", "object"), pl.max_horizontal("subject", "object")
            one = one.with_columns(first.alias("subject"), last.alias("object"))
        tables.append(one)
    return pl.concat(tables)


def group(evidence: pl.DataFrame) -> pl.DataFrame:
    """Bring the candidates of each fact together.

    Parameters
    ----------
    evidence
        As ``evidence_table`` gives it.

    Returns
    -------
    polars.DataFrame
        A fact on each row, sorted by its names: ``strongest`` and ``others`` are parts of ``-log(1 - p)`` summed over its
        candidates, for the noisy-or; rows, sentences and splits begin with the likeliest candidate.
    """
    weight = -(1 - pl.col("p").clip(_LEAST, 1 - _LEAST)).log()
    ordered = evidence.with_columns(weight.alias("weight")).sort("p", "row_id", descending=[True, False])
    return (
        ordered.group_by("subject", "relation", "object", maintain_order=True)
        .agg(
            pl.col("weight").first().alias("strongest"),
            (pl.col("weight").sum() - pl.col("weight").first()).alias("others"),
            pl.col("truth").any(ignore_nulls=True).alias("truth"),
            pl.col("truth").count().alias("n_known"),
            pl.col("row_id").alias("rows"),
            pl.col("sentence").unique(maintain_order=True).alias("sentences"),
            pl.col("document").n_unique().alias("documents"),
            pl.col("split").unique(maintain_order=True).alias("splits"),
        )
        .with_columns(pl.when(pl.col("n_known") > 0).then("truth").alias("truth"))
        .drop("n_known")
        .sort("subject", "relation", "object")
    )


def held_out(facts: pl.DataFrame, split: str) -> npt.NDArray[np.bool_]:
    """Find the facts all of whose candidates are of one split, and of which the truth is known.

    Parameters
    ----------
    facts
        As ``group`` gives them.
    split
        Name of the split.

    Returns
    -------
    (n_facts,)
    """
    alone = facts.select((pl.col("splits").list.len() == 1) & (pl.col("splits").list.first() == split))
    mask: npt.NDArray[np.bool_] = (alone.to_series() & facts["truth"].is_not_null()).to_numpy()
    return mask

"""raw rows, gold of the development split and a folder of functions -> votes and their analysis table."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import NO_GOLD, ConfigError, DataError, Votes
from tidemill.label.analysis import printable, table_of
from tidemill.label.engine import Batch, Engine
from tidemill.label.evidence import FEATURE
from tidemill.label.failures import Failure, OnError, Quarantine, fail
from tidemill.label.kept import tidy
from tidemill.label.opened import open_functions
from tidemill.label.quality import Again, quality
from tidemill.label.settings import LabelSettings
from tidemill.label.tally import Tally, tally
from tidemill.label.workers import Limits

_UNSEEN: Final = ("key", "batch", "split")
"""Where a row comes from, which is not what it says; a labeling function that read it would not meet it again."""


FEWEST: Final = 500
"""Rows asked, below which the time per row is that of starting processes, and tells nothing of functions."""


@dataclass(frozen=True)
class Labeled:
    """What the label stage tells of the votes; ``asked`` is how many of them had to be cast."""

    summary: pl.DataFrame
    quality: pl.DataFrame
    failures: list[Failure]
    asked: int


@dataclass(frozen=True)
class Places:
    """Where votes go, table by table; where they are kept between runs; which folders no labeling function may read."""

    write: Callable[[pl.DataFrame], None]
    kept: Path | None = None
    closed: tuple[Path, ...] = ()


def label(
    batches: Sequence[Batch],
    dev: pl.DataFrame,
    folder: Path,
    *,
    classes: Sequence[str],
    settings: LabelSettings,
    places: Places,
) -> Labeled:
    """Batches of raw rows and a folder of labeling functions → votes of every row, a table per batch.

    Gold of ``dev`` enters the analysis alone.

    Raises
    ------
    FunctionError, ConfigError
        As ``load_functions`` and ``apply``; a hidden column is not there.
    """
    quarantine = Quarantine(limit=settings.max_failures)
    on_error: OnError = fail if settings.on_error == "fail" else quarantine
    allowed = settings.max_failures if settings.on_error == "quarantine" else 0
    limits = Limits(settings.seconds, settings.megabytes, allowed)
    counted, known = [], []
    opened = open_functions(folder, classes, limits, processes=settings.processes, closed=places.closed)
    with opened as voters, ThreadPoolExecutor(1) as beside:
        names = [function.name for function in voters.functions]
        engine = Engine(voters, on_error, places.kept, settings.suite.rows_asked_twice)
        for batch, cast in zip(batches, engine.votes(batches), strict=True):
            ids = batch.ids()
            places.write(votes_table(ids, names, cast))
            counted.append(beside.submit(tally, cast, n_classes=len(classes)))
            known.append(on_gold(ids, cast, dev))
    if places.kept is not None:
        tidy(places.kept, megabytes=settings.keep_megabytes)
    against = (np.concatenate([votes for votes, _ in known]), np.concatenate([gold for _, gold in known]))
    tallied = functools.reduce(operator.add, (one.result() for one in counted))
    return _told(tallied, against, names, engine, quarantine)


def _told(
    tallied: Tally,
    against: tuple[Votes, npt.NDArray[np.int8]],
    names: Sequence[str],
    engine: Engine,
    quarantine: Quarantine,
) -> Labeled:
    """Tally of all votes, and those on rows with gold → what is told of them."""
    classes = engine.voters.classes
    took = 1000 * engine.seconds / engine.asked_rows if engine.asked_rows >= FEWEST else None
    second = Again(np.array([engine.unstable[name] for name in names], dtype=np.int64), took)
    counted = table_of(tallied, names, against=against)
    counts = pl.Series("Failures", [quarantine.counts[name] for name in names], dtype=pl.Int64)
    checked = quality(tallied, names, second, classes=classes)
    return Labeled(printable(counted.with_columns(counts)), checked, quarantine.failures, engine.asked)


def seen(rows: pl.DataFrame, hidden: Sequence[str]) -> pl.DataFrame:
    """Raw rows → the columns that labeling functions may see.

    >>> seen(pl.DataFrame({"row_id": ["a"], "split": ["dev"], "text": ["hi"], "group": ["x"]}), ["group"]).columns
    ['row_id', 'text']
    """
    for name in hidden:
        if name not in rows.columns:
            raise ConfigError(f"label.hidden: there is no column {name!r}{did_you_mean(name, rows.columns)}")
    return rows.select(pl.exclude(*_UNSEEN, *hidden))


def with_features(rows: pl.DataFrame, features: pl.DataFrame) -> pl.DataFrame:
    """Rows and features by ``row_id`` → rows with the column ``feature``.

    Raises
    ------
    DataError
        A row has none.
    """
    joined = rows.join(features.select("row_id", FEATURE), on="row_id", how="left", maintain_order="left")
    if joined[FEATURE].has_nulls():
        row = joined.filter(pl.col(FEATURE).is_null())["row_id"][0]
        raise DataError(f"row {row} has no feature: run the embed stage, or `dvc repro`")
    return joined


def on_gold(ids: pl.DataFrame, votes: Votes, dev: pl.DataFrame) -> tuple[Votes, npt.NDArray[np.int8]]:
    """Row ids, their votes and gold of some rows → the votes on these, and their gold."""
    numbered = ids.select("row_id").with_row_index("row")
    joined = numbered.join(dev.filter(pl.col("gold") != NO_GOLD), on="row_id", how="inner", maintain_order="left")
    return votes[joined["row"].to_numpy()], joined["gold"].to_numpy()


def gold_of(rows: pl.DataFrame, dev: pl.DataFrame) -> npt.NDArray[np.int8]:
    """Raw rows and gold of some of them → (rows,) gold, ``NO_GOLD`` elsewhere."""
    joined = rows.select("row_id").join(dev, on="row_id", how="left", maintain_order="left")
    return joined["gold"].fill_null(NO_GOLD).to_numpy()


def votes_table(ids: pl.DataFrame, names: Sequence[str], votes: Votes) -> pl.DataFrame:
    """row_id, batch and split, and (rows, functions) votes → the same with an int8 column per function."""
    columns = [pl.Series(name, votes[:, j], dtype=pl.Int8) for j, name in enumerate(names)]
    return ids.select("row_id", "batch", "split").hstack(columns)

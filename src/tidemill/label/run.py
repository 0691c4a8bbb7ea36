"""The label stage: votes of every row, their analysis table and the table that the quality suite checks."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import NO_GOLD, ConfigError, DataError, Votes
from tidemill.label.analysis.alike import alike_functions
from tidemill.label.analysis.constant import constant_functions
from tidemill.label.analysis.counts import VoteCounts, count_votes
from tidemill.label.analysis.quality import Repeatability, vote_quality
from tidemill.label.analysis.split_dependence import count_by_split, find_dependent
from tidemill.label.analysis.summary import lf_summary_table, printable
from tidemill.label.cautions import print_cautions
from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.failures import Failure, OnError, Quarantine, fail
from tidemill.label.engine.load import Access, LoadedFunction, LoadedFunctions, fingerprint_or_empty, open_functions
from tidemill.label.engine.vote_cache import prune
from tidemill.label.engine.vote_reuse import Batch, Engine
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.functions.function_fingerprint import OpaqueError
from tidemill.label.settings import LabelSettings

_UNSEEN: Final = ("key", "batch", "split")
"""Where a row comes from, which is not its content; a labeling function that read it would not meet it again."""


MIN_TIMED_ROWS: Final = 500
"""Rows below which the time per row is that of starting processes, and shows nothing of functions."""


@dataclass(frozen=True)
class LabelResult:
    """What the label stage reports of the votes.

    Parameters
    ----------
    summary
        Analysis table, a row per labeling function.
    quality
        Table that the suite checks.
    failures
        Failures that were borne.
    n_cast
        How many votes had to be cast.
    fingerprints
        Of each function; empty where one reaches what cannot be seen.
    notes
        Warnings about functions: that several vote alike, that one votes on no row or the same on all, or that one knows what its
        row does not show.
    spent
        Money that generated votes took.
    """

    summary: pl.DataFrame
    quality: pl.DataFrame
    failures: list[Failure]
    n_cast: int
    fingerprints: dict[str, str]
    notes: list[str]
    spent: float = 0.0


@dataclass(frozen=True)
class Given:
    """What generators get: all batches, and the votes of the functions that generate nothing.

    Parameters
    ----------
    functions
        The functions whose votes are to be generated.
    batches
        Batches of raw rows.
    votes
        Votes of the other functions, an array per batch.
    names
        Names of the other functions.
    cache_folder
        Folder where votes are kept between runs; None: nowhere.
    """

    functions: Sequence[DeclaredLabelingFunction]
    batches: Sequence[Batch]
    votes: Sequence[Votes]
    names: tuple[str, ...]
    cache_folder: Path | None


@dataclass(frozen=True)
class Made:
    """Generated votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        Of all batches.
    notes
        What was dropped and why.
    spent
        Money that this took.
    """

    votes: Votes
    notes: list[str]
    spent: float = 0.0


@dataclass(frozen=True)
class VoteStorage:
    """Where votes go, what is closed to labeling functions, and who generates votes.

    Parameters
    ----------
    write
        Called with the table of votes of each batch.
    cache_folder
        Folder where votes are kept between runs; None: nowhere.
    closed
        Folders that no labeling function may read.
    generate
        Makes the votes of functions of kinds ``zero_shot``, ``model`` and ``prompt``; None: there is no project to make them in.
    """

    write: Callable[[pl.DataFrame], None]
    cache_folder: Path | None = None
    closed: tuple[Path, ...] = ()
    generate: Callable[[Given], Made] | None = None


def label(
    batches: Sequence[Batch],
    dev: pl.DataFrame,
    folder: Path,
    *,
    classes: Sequence[str],
    settings: LabelSettings,
    storage: VoteStorage,
) -> LabelResult:
    """Vote on batches of rows.

    Gold of ``dev`` enters the analysis alone.

    Parameters
    ----------
    batches
        Batches of raw rows.
    dev
        ``row_id`` and ``gold`` of the development split.
    folder
        Folder of labeling functions.
    classes
        Names of the classes.
    settings
        Settings of the stage.
    storage
        Where votes go.

    Returns
    -------
    LabelResult

    Raises
    ------
    FunctionError, ConfigError
        As ``load_functions`` and ``apply``; a hidden column is not there.
    """
    quarantine = Quarantine(limit=settings.max_failures)
    on_error: OnError = fail if settings.on_error == "fail" else quarantine
    allowed = settings.max_failures if settings.on_error == "quarantine" else 0
    limits = Limits(settings.timeout_seconds, settings.memory_limit_mb, allowed)
    counted, split, votes_on_gold = [], [], []
    access = Access.configured(settings, storage.closed)
    opened = open_functions(folder, classes, limits, processes=settings.n_workers, access=access)
    with opened as loaded, ThreadPoolExecutor(1) as pool:
        print_cautions(loaded.notes)
        names = [function.name for function in loaded.functions]
        engine = Engine(loaded.asked_of_rows(), on_error, storage.cache_folder, settings.suite.determinism_rows)
        all_votes = _AllVotes(loaded, engine, storage)
        for batch, cast in zip(batches, all_votes.of(batches), strict=True):
            ids = batch.ids()
            storage.write(votes_table(ids, names, cast))
            counted.append(pool.submit(count_votes, cast, n_classes=len(classes)))
            split.append(pool.submit(count_by_split, cast, ids["split"], len(classes)))
            votes_on_gold.append(on_gold(ids, cast, dev))
    if storage.cache_folder is not None:
        prune(storage.cache_folder, megabytes=settings.vote_cache_mb)
    of_gold = (
        np.concatenate([votes for votes, _ in votes_on_gold]),
        np.concatenate([gold for _, gold in votes_on_gold]),
    )
    counts = functools.reduce(operator.add, (future.result() for future in counted))
    dependent = find_dependent([future.result() for future in split], names)
    alike = alike_functions(loaded.functions, counts.digests, counts.fires.tolist())
    constant = constant_functions(names, counts.fires.tolist(), counts.polarity, counts.rows)
    learned = {function.name for function in loaded.generated()}  # of gold, out of fold where it learned
    leaks = [str(found) for found in dependent if found.function not in learned]
    notes = [*alike, *constant, *leaks, *engine.notes(), *all_votes.made.notes]
    result = _result(counts, of_gold, loaded, engine, quarantine)
    return dataclasses.replace(result, notes=notes, spent=all_votes.made.spent)


class _AllVotes:
    """Votes of all functions in their order; generated ones need those of all batches first."""

    def __init__(self, loaded: LoadedFunctions, engine: Engine, storage: VoteStorage) -> None:
        self.loaded, self.engine, self.storage = loaded, engine, storage
        self.made = Made(np.empty((0, 0), dtype=np.int16), [])

    def of(self, batches: Sequence[Batch]) -> Iterator[Votes]:
        """Votes of each batch, (n_rows, n_functions)."""
        generated = self.loaded.generated()
        if not generated:
            yield from self.engine.votes(batches)
            return
        if self.storage.generate is None:
            raise ConfigError(
                f"{generated[0].where}: {generated[0].name} votes on all rows of a problem at once, which takes a project: "
                "`tidemill init`, `tidemill new`"
            )
        asked = [function.name for function in self.engine.loaded.functions]
        try:
            votes = list(self.engine.votes(batches)) if asked else [_no_votes(batch) for batch in batches]
        finally:
            self.loaded.workers = self.engine.loaded.workers  # which may have been started for images alone
        self.made = self.storage.generate(Given(generated, batches, votes, tuple(asked), self.storage.cache_folder))
        order = [[*asked, *(function.name for function in generated)].index(f.name) for f in self.loaded.functions]
        ends = np.cumsum([len(part) for part in votes])[:-1]
        for part, more in zip(votes, np.split(self.made.votes, ends), strict=True):
            yield np.asfortranarray(np.column_stack([part, more])[:, order])


def _no_votes(batch: Batch) -> Votes:
    return np.empty((batch.ids().height, 0), dtype=np.int16)


def _result(
    counts: VoteCounts,
    of_gold: tuple[Votes, npt.NDArray[np.int16]],
    loaded: LoadedFunctions,
    engine: Engine,
    quarantine: Quarantine,
) -> LabelResult:
    classes, names = loaded.classes, [function.name for function in loaded.functions]
    took = 1000 * engine.seconds / engine.n_rows if engine.n_rows >= MIN_TIMED_ROWS else None
    second = Repeatability(np.array([engine.unstable[name] for name in names], dtype=np.int64), took)
    summary = lf_summary_table(counts, names, on_gold=of_gold)
    failures = pl.Series("Failures", [quarantine.counts[name] for name in names], dtype=pl.Int64)
    checked = vote_quality(counts, names, second, classes=classes)
    known = {function.name: _fingerprint(function) for function in loaded.functions}
    return LabelResult(
        printable(summary.with_columns(failures)), checked, quarantine.failures, engine.n_cast, known, []
    )


def _fingerprint(function: LoadedFunction) -> str:
    try:
        return fingerprint_or_empty(function)
    except OpaqueError:
        return ""


def visible_columns(rows: pl.DataFrame, hidden: Sequence[str]) -> pl.DataFrame:
    """Select the columns that labeling functions may see.

    Parameters
    ----------
    rows
        Raw rows.
    hidden
        Columns that the settings hide.

    Returns
    -------
    polars.DataFrame
        The other columns, in their order.

    Raises
    ------
    ConfigError
        A hidden column is not there.

    Examples
    --------
    >>> rows = pl.DataFrame({"row_id": ["a"], "split": ["dev"], "text": ["hi"], "group": ["x"]})
    >>> visible_columns(rows, ["group"]).columns
    ['row_id', 'text']
    """
    for name in hidden:
        if name not in rows.columns:
            raise ConfigError(f"label.hidden_columns: there is no column {name!r}{did_you_mean(name, rows.columns)}")
    return rows.select(pl.exclude(*_UNSEEN, *hidden))


def with_features(rows: pl.DataFrame, features: pl.DataFrame) -> pl.DataFrame:
    """Join features to rows as the column ``feature``.

    Parameters
    ----------
    rows
        Rows with ``row_id``.
    features
        Columns ``row_id`` and ``feature``.

    Returns
    -------
    polars.DataFrame
        In the order of ``rows``.

    Raises
    ------
    DataError
        A row has no feature.
    """
    joined = rows.join(features.select("row_id", FEATURE), on="row_id", how="left", maintain_order="left")
    if joined[FEATURE].has_nulls():
        row = joined.filter(pl.col(FEATURE).is_null())["row_id"][0]
        raise DataError(f"row {row} has no feature: run the embed stage, or `dvc repro`")
    return joined


def on_gold(ids: pl.DataFrame, votes: Votes, dev: pl.DataFrame) -> tuple[Votes, npt.NDArray[np.int16]]:
    """Select the votes on rows with gold.

    Parameters
    ----------
    ids
        Table with ``row_id``.
    votes : (n_rows, n_functions)
        Votes of its rows.
    dev
        ``row_id`` and ``gold`` of some rows.

    Returns
    -------
    votes : (n_gold, n_functions)
    gold : (n_gold,)
    """
    numbered = ids.select("row_id").with_row_index("row")
    joined = numbered.join(dev.filter(pl.col("gold") != NO_GOLD), on="row_id", how="inner", maintain_order="left")
    return votes[joined["row"].to_numpy()], joined["gold"].to_numpy()


def gold_of(rows: pl.DataFrame, dev: pl.DataFrame) -> npt.NDArray[np.int16]:
    """Look up the gold of rows.

    Parameters
    ----------
    rows
        Rows with ``row_id``.
    dev
        ``row_id`` and ``gold`` of some of them.

    Returns
    -------
    (n_rows,)
        Class index, ``NO_GOLD`` where there is none.
    """
    joined = rows.select("row_id").join(dev, on="row_id", how="left", maintain_order="left")
    return joined["gold"].fill_null(NO_GOLD).to_numpy()


def votes_table(ids: pl.DataFrame, names: Sequence[str], votes: Votes) -> pl.DataFrame:
    """Make the table of votes.

    Parameters
    ----------
    ids
        row_id, batch and split.
    names
        Names of the functions.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.

    Returns
    -------
    polars.DataFrame
        row_id, batch, split and an int16 column per function.
    """
    columns = [pl.Series(name, votes[:, j], dtype=pl.Int16) for j, name in enumerate(names)]
    return ids.select("row_id", "batch", "split").hstack(columns)

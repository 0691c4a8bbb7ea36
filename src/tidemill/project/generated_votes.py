"""Votes that are generated for a problem: its tables read for ``tidemill.generate``, its report written.

What is kept of generators is an output of the label stage, so that DVC brings it to other machines.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from tidemill.common.files import atomic_write
from tidemill.contracts import FEATURES, Problem
from tidemill.embed.embedder import Embedder, backbone_record, embedder_of
from tidemill.generate.prompt.budget import Purse
from tidemill.generate.rows import Indices, Rows
from tidemill.generate.run import generate
from tidemill.generate.storage import Storage
from tidemill.label.engine.vote_cache import BatchCache
from tidemill.label.engine.vote_reuse import Batch
from tidemill.label.run import Given, Made, gold_of
from tidemill.label.settings import LabelSettings
from tidemill.project.layout import Paths
from tidemill.project.tables import read_batches


def generator(
    problem: Problem, paths: Paths, dev: pl.DataFrame, settings: LabelSettings, *, threads: int = 1
) -> Callable[[Given], Made]:
    """Build what makes the votes of a problem's generators, and writes what they are worth.

    Parameters
    ----------
    problem
        The problem.
    paths
        Its files.
    dev
        ``row_id`` and ``gold`` of the development split; no other gold is read.
    settings
        Of the label stage: endpoints that are allowed, and the money of a run.
    threads
        Of the backbone.

    Returns
    -------
    callable
        From batches and votes of the other functions to generated votes.
    """

    def make(given: Given) -> Made:
        rows = rows_of(problem, paths, given.batches, dev, threads=threads)
        rows = rows.with_votes(np.concatenate(list(given.votes)), given.names)
        folder = given.cache_folder
        caches = [BatchCache(None if folder is None else folder / batch.key) for batch in given.batches]
        storage = storage_of(paths, settings, caches)
        done = generate(given.functions, rows, storage)
        done.report.write(paths.generated_report)
        _keep_seconds(paths, done.seconds)
        return Made(done.votes, done.notes, storage.purse.spent)

    return make


def seconds_of(paths: Paths) -> dict[str, float]:
    """Recall how long generators took when they were last fitted or asked on this machine.

    Parameters
    ----------
    paths
        Files of the problem.

    Returns
    -------
    dict of str to float
        Seconds by name of the function; without those that another machine fitted.
    """
    try:
        content = json.loads(_seconds_file(paths).read_text(encoding="utf-8"))
        return {str(name): float(seconds) for name, seconds in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _keep_seconds(paths: Paths, seconds: Mapping[str, float]) -> None:
    if seconds:
        with atomic_write(_seconds_file(paths)) as part:
            part.write_text(json.dumps({**seconds_of(paths), **seconds}), encoding="utf-8")


def _seconds_file(paths: Paths) -> Path:
    return paths.state / "generated" / f"{paths.name}.json"


def storage_of(paths: Paths, settings: LabelSettings, caches: Sequence[BatchCache] = ()) -> Storage:
    """Locate where generators of a problem are kept, and what they may ask.

    Parameters
    ----------
    paths
        Files of the problem.
    settings
        Of the label stage.
    caches
        Votes cast before, a cache per batch.

    Returns
    -------
    Storage
    """
    journal = paths.state / "answers" / f"{paths.name}.jsonl"
    return Storage(paths.generated, caches, journal, settings.endpoints, Purse(settings.run_budget))


def rows_of(problem: Problem, paths: Paths, batches: Sequence[Batch], dev: pl.DataFrame, *, threads: int) -> Rows:
    """Collect what generators may read, each table read when it is needed.

    Parameters
    ----------
    problem, paths, dev, threads
        As for ``generator``.
    batches
        Batches of raw rows.

    Returns
    -------
    Rows
        Without votes.
    """
    ids = pl.concat([batch.ids() for batch in batches])
    table = _Tables(batches)
    names = [batch.name for batch in batches]
    first = paths.features / f"{names[0]}.parquet"

    @functools.cache
    def embedder() -> Embedder:
        return embedder_of(backbone_record(first), root=paths.shared, threads=threads)

    def features() -> np.ndarray:
        known = read_batches(paths.features, FEATURES, names)
        return ids.select("row_id").join(known, on="row_id", how="left", maintain_order="left")["feature"].to_numpy()

    return Rows(
        problem, ids, gold_of(ids, dev), np.empty((ids.height, 0), np.int16), (), table.read, features, embedder
    )


@dataclass
class _Tables:
    """Rows of all batches by their index."""

    batches: Sequence[Batch]
    _last: dict[int, pl.DataFrame] = field(default_factory=dict)

    @functools.cached_property
    def starts(self) -> Indices:
        return np.cumsum([0, *(batch.ids().height for batch in self.batches)])

    def batch(self, number: int) -> pl.DataFrame:
        """Visible columns of a batch; the one that was read last is kept."""
        if number not in self._last:
            self._last = {number: self.batches[number].read()}
        return self._last[number]

    def read(self, where: Indices) -> pl.DataFrame:
        """Visible columns of some rows, in their order."""
        of = np.searchsorted(self.starts, where, side="right") - 1
        parts, places = [], []
        for number in np.unique(of):
            inside = np.flatnonzero(of == number)
            parts.append(self.batch(int(number))[where[inside] - self.starts[number]])
            places.append(inside)
        if not parts:
            return self.batch(0).head(0)
        together: pl.DataFrame = pl.concat(parts)[np.argsort(np.concatenate(places))]
        return together

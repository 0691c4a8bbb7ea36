"""Statistics of the images of all rows: measured once, beside the requests, and kept where the label stage keeps its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import ThreadPool
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.common.machine import cores
from tidemill.contracts import DataError, TidemillError
from tidemill.label.engine.row_applier import STATISTIC
from tidemill.label.engine.vote_cache import BatchCache, VoteColumn, cache_key
from tidemill.label.engine.vote_reuse import Batch
from tidemill.label.engine.worker_pool import WorkerPool
from tidemill.project.label_batches import label_batch, votes_cache

Vector = npt.NDArray[np.float64]
_AT_ONCE: Final = 64
_OF_LINES: Final = ("line_depth", "line_contrast")


@dataclass
class _Measured:
    """Statistics of the images of all rows, or how far they are.

    Attributes
    ----------
    rows
        How many images there are.
    done
        How many of them have been measured.
    found
        The statistics.
    error
        Why they cannot be measured.
    thread
        That measures them.
    """

    rows: int
    done: int = 0
    found: pl.DataFrame | None = None
    error: str | None = None
    thread: threading.Thread = field(default_factory=threading.Thread)


class ImageStatistics:
    """Statistics of one problem's images.

    They are measured in confined worker processes while pages are answered, and kept with votes, so that the label stage need
    not measure them again, nor a studio that is started later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], _Measured] = {}

    def of_all(self, view: ProblemView, batches: Sequence[Batch], names: tuple[str, ...]) -> pl.DataFrame | None:
        """Give statistics of all rows, or begin to measure them.

        Parameters
        ----------
        view
            View of the problem.
        batches
            Its batches.
        names
            Statistics that are measured together, without ``image.``.

        Returns
        -------
        polars.DataFrame or None
            A column ``image.…`` for each; None while they are being measured.

        Raises
        ------
        DataError
            They cannot be measured.
        """
        key = _key(batches, names)
        with self._lock:
            if key not in self._known:
                self._known[key] = _Measured(view.raw.height, found=_kept(view, batches, names))
                if self._known[key].found is None:
                    self._begin(view, batches, names)
            known = self._known[key]
        is_under_way = known.thread.is_alive()  # asked first: what it has found stands before it ends
        if known.found is None and not is_under_way:
            raise DataError(known.error or "the images could not be measured; the studio's terminal says why")
        return known.found

    def _begin(self, view: ProblemView, batches: Sequence[Batch], names: tuple[str, ...]) -> None:
        known = self._known[_key(batches, names)]
        known.thread = threading.Thread(target=_measure, args=(view, batches, names, known), daemon=True)
        known.thread.start()

    def share(self, batches: Sequence[Batch], names: tuple[str, ...]) -> float | None:
        """Tell how many of the images have been measured.

        Parameters
        ----------
        batches, names
            As in ``of_all``.

        Returns
        -------
        float or None
            Between 0 and 1; None where all are known.
        """
        known = self._known.get(_key(batches, names))
        if known is None:
            return 0.0
        return known.done / max(known.rows, 1) if known.found is None else None

    def wait(self) -> None:
        """Return when nothing is being measured."""
        for known in list(self._known.values()):
            if known.thread.is_alive():
                known.thread.join()


def _key(batches: Sequence[Batch], names: tuple[str, ...]) -> tuple[str, ...]:
    return (*(batch.key for batch in batches), *names)


def image_batches(view: ProblemView) -> list[Batch]:
    """Describe the batches of a problem as the label stage does.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    list of Batch
        In the order of the rows.
    """
    hidden = view.settings.hidden_columns
    return [label_batch(name, view.paths, view.ingest.raw, hidden) for name in view.batches]


def _cache(view: ProblemView, batch: Batch) -> BatchCache:
    return BatchCache(votes_cache(view.paths) / batch.key)


def _kept(view: ProblemView, batches: Sequence[Batch], names: tuple[str, ...]) -> pl.DataFrame | None:
    caches = [_cache(view, batch) for batch in batches]
    parts = [[cache.get(cache_key(STATISTIC, name)) for name in names] for cache in caches]
    kept = [[column.values for column in columns if column is not None] for columns in parts]
    return _table(names, kept) if all(len(columns) == len(names) for columns in kept) else None


def _table(names: Sequence[str], parts: Sequence[Sequence[Vector]]) -> pl.DataFrame:
    """Of columns of one batch after another."""
    whole = {f"{STATISTIC}{name}": [columns[k] for columns in parts] for k, name in enumerate(names)}
    return pl.DataFrame({name: np.concatenate(columns) if columns else [] for name, columns in whole.items()})


def _measure(view: ProblemView, batches: Sequence[Batch], names: tuple[str, ...], known: _Measured) -> None:
    """One core is left to answer pages."""
    try:
        with closing(WorkerPool(view.settings.n_workers or max(1, cores() - 1))) as workers:
            workers.load([], view.classes, view.limits)
            parts = [_of_batch(_cache(view, batch), batch, names, workers, known) for batch in batches]
        known.found = _table(names, parts)
    except (TidemillError, OSError) as error:
        known.error = str(error)


def _of_batch(
    cache: BatchCache, batch: Batch, names: tuple[str, ...], workers: WorkerPool, known: _Measured
) -> list[Vector]:
    columns = {name: cache.get(cache_key(STATISTIC, name)) for name in names}
    new = [name for name, column in columns.items() if column is None]
    table = batch.read()["row_id", "image"]
    values = np.zeros((table.height, len(new)), order="F")
    starts = range(0, table.height if new else 0, _AT_ONCE)
    known.done += 0 if new else table.height
    with ThreadPool(workers.number) as pool:  # its threads do not keep a studio alive that is stopped
        replies = pool.imap(partial(_asked, workers, table, new), starts)
        for start, reply in zip(starts, replies, strict=True):
            values[start : start + _AT_ONCE] = reply
            known.done += len(reply)
    for name, measured in zip(new, values.T, strict=True):
        columns[name] = column = VoteColumn(measured)
        cache.put(cache_key(STATISTIC, name), column)
    return [column.values for column in columns.values() if column is not None]


def _asked(workers: WorkerPool, table: pl.DataFrame, names: Sequence[str], start: int) -> npt.NDArray[np.float64]:
    return workers.ask([], table.slice(start, _AT_ONCE), statistics=names).statistics


def alike(name: str) -> tuple[str, ...]:
    """List the statistics that cost about as much as one of them together: of grey pixels, of lines, of colours.

    Parameters
    ----------
    name
        A statistic, without ``image.``.

    Returns
    -------
    tuple of str
        With it among them.
    """
    from tidemill.label.image_statistics.colours import COLOURS
    from tidemill.label.image_statistics.statistics import NAMES

    slow = (_OF_LINES, tuple(COLOURS))
    rest = tuple(one for one in NAMES if not any(one in names for names in slow))
    return next(names for names in (*slow, rest) if name in names)

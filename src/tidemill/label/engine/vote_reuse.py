"""Votes of batches of rows, a batch at a time, and only those that were not cast before.

A vote depends on the function's fingerprint and on the batch's content, so that is what it is kept by. A function of a
table sees one batch at a time, whether it is the first or the last: its votes do not depend on what is kept.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.progress import progress
from tidemill.contracts import ABSTAIN, FunctionError, Votes
from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.apply import required_statistics, table_votes
from tidemill.label.engine.determinism import AGAIN, APART, UNSTABLE, different_votes, shuffled_parts
from tidemill.label.engine.failures import Failure, OnError
from tidemill.label.engine.load import LoadedFunction, LoadedFunctions, fingerprint_or_empty
from tidemill.label.engine.lookups import Lookup, look_up
from tidemill.label.engine.row_applier import STATISTIC
from tidemill.label.engine.unread_values import UnreadOf, unread_values
from tidemill.label.engine.vectorised import columns_of
from tidemill.label.engine.vote_cache import BatchCache, VoteColumn, cache_key
from tidemill.label.engine.worker_pool import RemoteFunction, Reply, WorkerFailure, WorkerPool
from tidemill.label.functions.declared import DeclaredLabelingFunction

_CHUNK: Final = 4096
_CHUNK_OF_IMAGES: Final = 128


@dataclass(frozen=True)
class Batch:
    """Rows that arrived together, read when a function has to be applied.

    Parameters
    ----------
    name
        Name of the batch.
    key
        Hash of what ``read`` gives, by which votes are kept.
    read
        Gives the columns that labeling functions see.
    ids
        Gives row_id, batch and split of the same rows.
    features, features_key
        Gives the rows with the column ``feature``, and the features' hash; asked only where a function compares them.
    """

    name: str
    key: str
    read: Callable[[], pl.DataFrame]
    ids: Callable[[], pl.DataFrame]
    features: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    features_key: Callable[[], str] = str


@dataclass
class Engine:
    """Labeling functions, ready to vote on one batch after another.

    Parameters
    ----------
    loaded
        The functions, and the workers that hold those in Python.
    on_error
        Called with each failure.
    cache_folder
        Folder of votes cast before; None: nothing is kept.
    rows_asked_twice
        Number of rows of a batch on which Python functions run a second time, which has to give the same votes; those of
        a table run on all a second time, and on that many, and as many on which each votes, shuffled and in tables of a few rows.

    Attributes
    ----------
    n_cast
        Votes that had to be cast.
    n_rows, seconds
        Rows of batches on which any had to be cast, and the time that took.
    unstable
        Rows on which a function voted differently when asked again, by name.
    lookups
        How votes changed where rows were called and put otherwise, by name.
    unread
        Values on which functions abstained since they could not read them, by name and kind.
    opened
        A file that was opened while functions voted, by name of each function that this may concern.
    """

    loaded: LoadedFunctions
    on_error: OnError
    cache_folder: Path | None = None
    rows_asked_twice: int = 0
    offset: int = field(default=0, init=False)
    n_cast: int = field(default=0, init=False)
    n_rows: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    unstable: Counter[str] = field(default_factory=Counter, init=False)
    lookups: dict[str, Lookup] = field(default_factory=dict, init=False)
    unread: dict[tuple[str, str], UnreadOf] = field(default_factory=dict, init=False)
    opened: dict[str, str] = field(default_factory=dict, init=False)

    def votes(self, batches: Iterable[Batch]) -> Iterator[Votes]:
        """Vote on batches, one after another.

        Parameters
        ----------
        batches
            Batches of rows.

        Yields
        ------
        (n_rows, n_functions)
            int16 votes of each batch.

        Raises
        ------
        FunctionError
            A function failed and ``on_error`` does not bear it, or too many failed.
        """
        identities = [self._cache_identity(function) for function in self.loaded.functions]
        for batch in batches:
            cache = BatchCache(None if self.cache_folder is None else self.cache_folder / batch.key)
            keys = [_key(*identity, batch) for identity in identities]
            cached = [cache.get(key) if key else None for key in keys]
            missing = [j for j, column in enumerate(cached) if column is None]
            columns = dict(enumerate(cached))
            if missing:
                columns |= dict(zip(missing, self._cast(batch, missing, cache), strict=True))
            for j in missing:
                is_kept = keys[j] and self.loaded.functions[j].name not in self.opened
                if is_kept and (column := columns[j]) is not None:
                    cache.put(keys[j], column)
            yield self._checked_votes(batch, [column for column in columns.values() if column is not None])

    def notes(self) -> list[str]:
        """Name functions that know rows by their id or by heart, could not read values, or open files as they vote.

        Returns
        -------
        list of str
            A sentence for each.
        """
        lookups = [f"{name}: {lookup}" for name, lookup in sorted(self.lookups.items()) if str(lookup)]
        unread = [str(self.unread[key]) for key in sorted(self.unread) if str(self.unread[key])]
        return lookups + unread + self._opened_files()

    def _opened_files(self) -> list[str]:
        """Only where votes are kept do they get stale."""
        if self.cache_folder is None:
            return []
        return [
            f"{', '.join(sorted(name for name in self.opened if self.opened[name] == path))}: {path} is opened while rows are "
            "labeled, and a change of it would not be seen, so votes are not kept and every run casts them anew; read it at "
            "the top of the file, or name it among the resources"
            for path in sorted(set(self.opened.values()))
        ]

    def _cache_identity(self, function: LoadedFunction) -> tuple[str, bool]:
        """The second value tells whether its votes depend on features too; the first is empty where they cannot be kept."""
        key = fingerprint_or_empty(function)
        reads_features = isinstance(function, DeclaredLabelingFunction) and FEATURE in columns_of(function)
        return (f"{key}, {len(self.loaded.classes)} classes" if key else "", reads_features)

    def _cast(self, batch: Batch, missing: Sequence[int], cache: BatchCache) -> list[VoteColumn]:
        functions = [self.loaded.functions[j] for j in missing]
        start, table = time.perf_counter(), batch.read()
        self.n_cast += table.height * len(functions)
        self.n_rows += table.height
        job = _Job(self.loaded, table, self.rows_asked_twice, name=f"label {batch.name}", on_too_many=self._too_many)
        columns = job.run(functions, batch, cache)
        declared = [function for function in functions if isinstance(function, DeclaredLabelingFunction)]
        for key, found in unread_values(declared, table).items():
            self.unread[key] = self.unread[key] + found if key in self.unread else found
        for name, lookup in job.lookups.items():
            self.lookups[name] = self.lookups.get(name, Lookup()) + lookup
        self.opened |= job.opened
        self.seconds += time.perf_counter() - start
        for function, column in zip(functions, columns, strict=True):
            self.unstable[function.name] += sum(UNSTABLE in failure.reason for failure in column.failures)
        return columns

    def _too_many(
        self, functions: Sequence[LoadedFunction], failures: Sequence[WorkerFailure], table: pl.DataFrame
    ) -> None:
        for failure in sorted(failures, key=_order):
            self._report(functions[failure.function], failure, table["row_id"])
        raise FunctionError(f"{len(failures)} failures of labeling functions, more than are borne")

    def _checked_votes(self, batch: Batch, columns: Sequence[VoteColumn]) -> Votes:
        if any(column.failures for column in columns):
            row_ids = batch.read()["row_id"]
            for function, column in zip(self.loaded.functions, columns, strict=True):
                for failure in sorted(column.failures, key=_order):
                    self._report(function, failure, row_ids)
        self.offset += len(columns[0].values)
        return np.stack([column.values for column in columns]).T  # whoever reads votes reads them by function

    def _report(self, function: LoadedFunction, failure: WorkerFailure, row_ids: pl.Series) -> None:
        if failure.row is None:
            self.on_error(Failure(function.name, function.where, None, None, failure.reason))
        else:
            position = (self.offset + failure.row, row_ids[failure.row])
            self.on_error(Failure(function.name, function.where, *position, failure.reason))


class _Job:
    """One batch's rows, and functions asked of them."""

    def __init__(
        self,
        loaded: LoadedFunctions,
        table: pl.DataFrame,
        rows_asked_twice: int,
        *,
        name: str,
        on_too_many: Callable[..., None],
    ) -> None:
        self.loaded, self.table, self.rows_asked_twice, self.name = loaded, table, rows_asked_twice, name
        self.on_too_many = on_too_many
        self.lookups: dict[str, Lookup] = {}
        self.opened: dict[str, str] = {}

    def run(self, functions: Sequence[LoadedFunction], batch: Batch, cache: BatchCache) -> list[VoteColumn]:
        """Cast the votes of functions, in their order."""
        of_rows = [function for function in functions if isinstance(function, RemoteFunction) and function.of_rows]
        of_tables = [
            function for function in functions if isinstance(function, RemoteFunction) and not function.of_rows
        ]
        declared = [function for function in functions if isinstance(function, DeclaredLabelingFunction)]
        names = _wanted(declared, of_tables, self.table.columns)
        statistics = {name: cache.get(cache_key(STATISTIC, name)) for name in names}
        new = [name for name in names if statistics[name] is None]
        columns: dict[str, VoteColumn] = {}
        if of_rows or new:
            votes, values = self._by_rows(of_rows, new)
            columns |= votes
            for k, name in enumerate(new):
                statistics[name] = column = VoteColumn(np.ascontiguousarray(values[:, k]))
                cache.put(cache_key(STATISTIC, name), column)
        table = self.table.with_columns(
            pl.Series(f"{STATISTIC}{name}", column.values) for name, column in statistics.items() if column is not None
        )
        columns |= self._by_table(of_tables, table) if of_tables else {}
        columns |= self._declared(declared, table, batch) if declared else {}
        return [columns[function.name] for function in functions]

    def _by_rows(
        self, functions: Sequence[RemoteFunction], statistics: Sequence[str]
    ) -> tuple[dict[str, VoteColumn], Any]:
        """Image statistics are computed on the way, where the images are decoded."""
        size = _CHUNK_OF_IMAGES if "image" in self.table.columns else _CHUNK
        starts = range(0, self.table.height, size)

        def ask(start: int) -> Reply:
            return self._workers.ask(functions, self.table.slice(start, size), statistics=statistics)

        votes = np.full((self.table.height, len(functions)), ABSTAIN, dtype=np.int16, order="F")
        values = np.zeros((self.table.height, len(statistics)), order="F")
        failures: list[WorkerFailure] = []
        with ThreadPoolExecutor(self._workers.number) as pool:
            replies = pool.map(ask, starts)
            for start, reply in zip(
                progress(starts, total=len(votes), name=self.name, size=size), replies, strict=True
            ):
                failures += [_moved(failure, start) for failure in reply.failures]
                if reply.stopped_early:
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.on_too_many(functions, failures, self.table)
                self.opened |= reply.opened
                votes[start : start + size] = reply.votes
                values[start : start + size] = reply.statistics
        failures += self._unstable_rows(functions, votes, failures)
        if self.rows_asked_twice:
            self.lookups = {item.name: self._lookup(item, votes[:, j]) for j, item in enumerate(functions)}
        return _columns(functions, votes, failures), values

    def _unstable_rows(
        self, functions: Sequence[RemoteFunction], votes: Votes, failures: Sequence[WorkerFailure]
    ) -> list[WorkerFailure]:
        """A failure for each row on which a function votes differently now, or which it changes."""
        number = min(self.rows_asked_twice, len(votes))
        if not functions or not number:
            return []
        rows = np.unique(np.linspace(0, len(votes) - 1, number).astype(np.int64))[::-1]
        reply = self._workers.ask(functions, self.table[rows.tolist()], again=True)
        if reply.stopped_early:
            return [_moved_to(failure, rows) for failure in reply.failures]
        failed = {(failure.function, failure.row) for failure in failures} | {
            (failure.function, None) for failure in failures if failure.row is None
        }
        different = [
            WorkerFailure(
                j, int(rows[k]), f"voted {votes[rows[k], j]}, {UNSTABLE}: {AGAIN.format(other=reply.votes[k, j])}", True
            )
            for k, j in zip(*np.nonzero(votes[rows] != reply.votes), strict=True)
            if (j, int(rows[k])) not in failed and (j, None) not in failed
        ]
        changed = [_moved_to(failure, rows) for failure in reply.failures if failure.reason.startswith("changed")]
        return different + changed

    def _lookup(self, function: RemoteFunction, votes: npt.NDArray[np.int16]) -> Lookup:
        def vote(rows: pl.DataFrame) -> npt.NDArray[np.int16] | None:
            try:
                reply = self._workers.ask([function], rows)
            except FunctionError:  # these rows are made up: what fails on them alone is no failure
                return None
            return None if reply.failures else reply.votes[:, 0]

        return look_up(votes, self.table, vote)

    def _by_table(self, functions: Sequence[RemoteFunction], table: pl.DataFrame) -> dict[str, VoteColumn]:
        reply = self._workers.ask(functions, table)
        self.opened |= reply.opened
        if reply.stopped_early:
            self.on_too_many(functions, reply.failures, table)
        failures = list(reply.failures)
        if self.rows_asked_twice:
            failures += self._unstable_tables(functions, table, reply)
        return _columns(functions, reply.votes, failures)

    def _unstable_tables(
        self, functions: Sequence[RemoteFunction], table: pl.DataFrame, reply: Reply
    ) -> list[WorkerFailure]:
        """A failure for each function that votes differently now, or where some of the rows are a table of their own."""
        again = self._workers.ask(functions, table)
        named = {failure.function for failure in reply.failures}
        now = reply.votes if again.stopped_early else again.votes
        result = different_votes(np.arange(table.height), reply.votes, now, AGAIN, but=named)
        for rows in shuffled_parts(reply.votes, self.rows_asked_twice):
            before = reply.votes[rows]
            now = self._votes_apart(functions, table[rows.tolist()], before)
            result += different_votes(rows, before, now, APART, but=named | {failure.function for failure in result})
        return result

    def _votes_apart(self, functions: Sequence[RemoteFunction], part: pl.DataFrame, before: Votes) -> Votes:
        """Votes on a part of the batch; those of before where a function fails on the part alone, which is no failure."""
        reply = self._workers.ask(functions, part)
        if reply.stopped_early and len(functions) == 1:
            return before
        if reply.stopped_early:
            alone = [self._votes_apart([one], part, before[:, [j]]) for j, one in enumerate(functions)]
            return np.column_stack(alone)
        failed = [failure.function for failure in reply.failures]
        votes = np.array(reply.votes)
        votes[:, failed] = before[:, failed]
        return votes

    def _declared(
        self, functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame, batch: Batch
    ) -> dict[str, VoteColumn]:
        if batch.features is not None and any(FEATURE in columns_of(function) for function in functions):
            table = batch.features(table)
        number = {function.name: j for j, function in enumerate(functions)}
        failures: list[WorkerFailure] = []

        def on_error(failure: Failure) -> None:
            failures.append(WorkerFailure(number[failure.function], failure.row, failure.reason))

        votes = table_votes(functions, table, n_classes=len(self.loaded.classes), on_error=on_error)
        return _columns(functions, votes, failures)

    @property
    def _workers(self) -> WorkerPool:
        if self.loaded.workers is None:  # image statistics are wanted, and nobody wrote Python
            self.loaded.start()
        assert self.loaded.workers is not None  # noqa: S101 - just started
        return self.loaded.workers


def _key(identity: str, reads_features: bool, batch: Batch) -> str:  # noqa: FBT001 - a pair is unpacked
    return cache_key(identity, batch.features_key() if reads_features else "") if identity else ""


def _wanted(
    declared: Sequence[DeclaredLabelingFunction], of_tables: Sequence[RemoteFunction], columns: Sequence[str]
) -> list[str]:
    if "image" not in columns:
        return []
    read = dict.fromkeys(required_statistics(list(declared), columns))
    return list(read | dict.fromkeys(name for function in of_tables for name in function.statistics))


def _columns(
    functions: Sequence[LoadedFunction], votes: Votes, failures: Sequence[WorkerFailure]
) -> dict[str, VoteColumn]:
    """A function that failed on the whole table abstains on the whole table."""
    columns = {}
    for j, function in enumerate(functions):
        own = [
            WorkerFailure(0, failure.row, failure.reason, failure.transient)
            for failure in failures
            if failure.function == j
        ]
        values = np.array(votes[:, j], dtype=np.int16)
        if any(failure.row is None for failure in own):
            values[:] = ABSTAIN
        for failure in own:
            if failure.row is not None:
                values[failure.row] = ABSTAIN
        columns[function.name] = VoteColumn(values, own)
    return columns


def _moved(failure: WorkerFailure, start: int) -> WorkerFailure:
    return (
        failure
        if failure.row is None
        else WorkerFailure(failure.function, failure.row + start, failure.reason, failure.transient)
    )


def _moved_to(failure: WorkerFailure, rows: Any) -> WorkerFailure:
    return (
        failure
        if failure.row is None
        else WorkerFailure(failure.function, int(rows[failure.row]), failure.reason, failure.transient)
    )


def _order(failure: WorkerFailure) -> tuple[int, int, str]:
    return (failure.function, -1 if failure.row is None else failure.row, failure.reason)

"""Batches of rows and labeling functions → votes, a batch at a time, and only those that were not cast before.

A vote depends on the function's fingerprint and on the batch's content, so that is what it is kept by. A function of a
table sees one batch at a time, whether it is the first or the last: what it says does not depend on what is kept.
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
import polars as pl

from tidemill.common.progress import progress
from tidemill.contracts import ABSTAIN, FunctionError, Votes
from tidemill.label.apply import table_votes, wanted_statistics
from tidemill.label.asking import STATISTIC
from tidemill.label.compiled import columns_of
from tidemill.label.declared import DeclaredLabelingFunction
from tidemill.label.evidence import FEATURE
from tidemill.label.failures import Failure, OnError
from tidemill.label.kept import Column, Shelf, key_of
from tidemill.label.opened import Voter, Voters, fingerprint_of
from tidemill.label.workers import Remote, Reply, Told, Workers

UNSTABLE: Final = "and something else when asked again"
_CHUNK: Final = 4096
_CHUNK_OF_IMAGES: Final = 128


@dataclass(frozen=True)
class Batch:
    """Rows that arrived together, read when a function has to be asked.

    Parameters
    ----------
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
    kept
        Folder of votes cast before; None: nothing is kept.
    asked_again
        Of how many rows of a batch Python functions are asked a second time, which has to give the same votes.
    """

    voters: Voters
    on_error: OnError
    kept: Path | None = None
    asked_again: int = 0
    offset: int = field(default=0, init=False)
    asked: int = field(default=0, init=False)
    asked_rows: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    unstable: Counter[str] = field(default_factory=Counter, init=False)

    def votes(self, batches: Iterable[Batch]) -> Iterator[Votes]:
        """Batches → (rows, functions) votes of each; ``asked`` counts how many votes had to be cast."""
        known_by = [self._known_by(function) for function in self.voters.functions]
        for batch in batches:
            shelf = Shelf(None if self.kept is None else self.kept / batch.key)
            keys = [_key(*one, batch) for one in known_by]
            known = [shelf.get(key) if key else None for key in keys]
            missing = [j for j, column in enumerate(known) if column is None]
            columns = dict(enumerate(known))
            if missing:
                columns |= dict(zip(missing, self._cast(batch, missing, shelf), strict=True))
            for j in missing:
                if keys[j] and (column := columns[j]) is not None:
                    shelf.put(keys[j], column)
            yield self._told(batch, [column for column in columns.values() if column is not None])

    def _known_by(self, function: Voter) -> tuple[str, bool]:
        """Labeling function → what its votes are known by (nothing where they cannot be kept); whether features too."""
        known = fingerprint_of(function)
        reads_features = isinstance(function, DeclaredLabelingFunction) and FEATURE in columns_of(function)
        return (f"{known}, {len(self.voters.classes)} classes" if known else "", reads_features)

    def _cast(self, batch: Batch, missing: Sequence[int], shelf: Shelf) -> list[Column]:
        """Functions whose votes are missing → their columns."""
        functions = [self.voters.functions[j] for j in missing]
        start, table = time.perf_counter(), batch.read()
        self.asked += table.height * len(functions)
        self.asked_rows += table.height
        job = _Job(self.voters, table, self.asked_again, name=f"label {batch.name}", on_enough=self._enough)
        columns = job.run(functions, batch, shelf)
        self.seconds += time.perf_counter() - start
        for function, column in zip(functions, columns, strict=True):
            self.unstable[function.name] += sum(UNSTABLE in one.reason for one in column.failures)
        return columns

    def _enough(self, functions: Sequence[Voter], told: Sequence[Told], table: pl.DataFrame) -> None:
        """Failures that are too many already → the error that says so."""
        for one in sorted(told, key=_order):
            self._tell(functions[one.function], one, table["row_id"])
        raise FunctionError(f"{len(told)} failures of labeling functions, more than are borne")

    def _told(self, batch: Batch, columns: Sequence[Column]) -> Votes:
        """Columns of a batch → its votes, once every failure is told of."""
        if any(column.failures for column in columns):
            row_ids = batch.read()["row_id"]
            for function, column in zip(self.voters.functions, columns, strict=True):
                for one in sorted(column.failures, key=_order):
                    self._tell(function, one, row_ids)
        self.offset += len(columns[0].values)
        return np.column_stack([column.values for column in columns])

    def _tell(self, function: Voter, told: Told, row_ids: pl.Series) -> None:
        if told.row is None:
            self.on_error(Failure(function.name, function.where, None, None, told.reason))
        else:
            place = (self.offset + told.row, row_ids[told.row])
            self.on_error(Failure(function.name, function.where, *place, told.reason))


class _Job:
    """One batch's rows, and functions asked of them."""

    def __init__(
        self, voters: Voters, table: pl.DataFrame, asked_again: int, *, name: str, on_enough: Callable[..., None]
    ) -> None:
        self.voters, self.table, self.asked_again, self.name = voters, table, asked_again, name
        self.on_enough = on_enough

    def run(self, functions: Sequence[Voter], batch: Batch, shelf: Shelf) -> list[Column]:
        """Functions → their columns, in their order."""
        of_rows = [one for one in functions if isinstance(one, Remote) and one.of_rows]
        of_tables = [one for one in functions if isinstance(one, Remote) and not one.of_rows]
        declared = [one for one in functions if isinstance(one, DeclaredLabelingFunction)]
        names = _wanted(declared, of_tables, self.table.columns)
        known = {name: shelf.get(key_of(STATISTIC, name)) for name in names}
        new = [name for name in names if known[name] is None]
        columns: dict[str, Column] = {}
        if of_rows or new:
            found, numbers = self._by_rows(of_rows, new)
            columns |= found
            for k, name in enumerate(new):
                known[name] = column = Column(np.ascontiguousarray(numbers[:, k]))
                shelf.put(key_of(STATISTIC, name), column)
        table = self.table.with_columns(
            pl.Series(f"{STATISTIC}{name}", column.values) for name, column in known.items() if column is not None
        )
        columns |= self._by_table(of_tables, table) if of_tables else {}
        columns |= self._declared(declared, table, batch) if declared else {}
        return [columns[one.name] for one in functions]

    def _by_rows(self, functions: Sequence[Remote], statistics: Sequence[str]) -> tuple[dict[str, Column], Any]:
        """Row functions → columns; and image statistics, computed on the way, where the images are decoded."""
        size = _CHUNK_OF_IMAGES if "image" in self.table.columns else _CHUNK
        starts = range(0, self.table.height, size)

        def ask(start: int) -> Reply:
            return self._workers.ask(functions, self.table.slice(start, size), statistics=statistics)

        votes = np.full((self.table.height, len(functions)), ABSTAIN, dtype=np.int8, order="F")
        numbers = np.zeros((self.table.height, len(statistics)), order="F")
        told: list[Told] = []
        with ThreadPoolExecutor(self._workers.number) as pool:
            replies = pool.map(ask, starts)
            for start, reply in zip(
                progress(starts, total=len(votes), name=self.name, size=size), replies, strict=True
            ):
                told += [_moved(one, start) for one in reply.failures]
                if reply.enough:
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.on_enough(functions, told, self.table)
                votes[start : start + size] = reply.votes
                numbers[start : start + size] = reply.statistics
        told += self._asked_again(functions, votes, told)
        return _columns(functions, votes, told), numbers

    def _asked_again(self, functions: Sequence[Remote], votes: Votes, told: Sequence[Told]) -> list[Told]:
        """Row functions and their votes → a failure for each that votes differently now, or changes its row."""
        number = min(self.asked_again, len(votes))
        if not functions or not number:
            return []
        rows = np.unique(np.linspace(0, len(votes) - 1, number).astype(np.int64))[::-1]
        reply = self._workers.ask(functions, self.table[rows.tolist()], again=True)
        if reply.enough:
            return [_moved_to(one, rows) for one in reply.failures]
        failed = {(one.function, one.row) for one in told} | {(one.function, None) for one in told if one.row is None}
        different = [
            Told(j, int(rows[k]), f"voted {votes[rows[k], j]}, {UNSTABLE}: {reply.votes[k, j]}", True)
            for k, j in zip(*np.nonzero(votes[rows] != reply.votes), strict=True)
            if (j, int(rows[k])) not in failed and (j, None) not in failed
        ]
        changed = [_moved_to(one, rows) for one in reply.failures if one.reason.startswith("changed")]
        return different + changed

    def _by_table(self, functions: Sequence[Remote], table: pl.DataFrame) -> dict[str, Column]:
        """Python functions of a table → columns."""
        reply = self._workers.ask(functions, table)
        if reply.enough:
            self.on_enough(functions, reply.failures, table)
        told = list(reply.failures)
        again = self._workers.ask(functions, table) if self.asked_again else reply
        failed = {one.function for one in told}
        different = (reply.votes != again.votes) if not again.enough else np.zeros((0, 0), dtype=np.bool_)
        for j in np.flatnonzero(different.any(axis=0)):
            if j not in failed:
                i = int(different[:, j].argmax())
                reason = f"voted {reply.votes[i, j]}, {UNSTABLE}: {again.votes[i, j]}"
                told.append(Told(int(j), i, reason, passing=True))
        return _columns(functions, reply.votes, told)

    def _declared(
        self, functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame, batch: Batch
    ) -> dict[str, Column]:
        if batch.features is not None and any(FEATURE in columns_of(one) for one in functions):
            table = batch.features(table)
        number = {function.name: j for j, function in enumerate(functions)}
        told: list[Told] = []

        def on_error(failure: Failure) -> None:
            told.append(Told(number[failure.function], failure.row, failure.reason))

        votes = table_votes(functions, table, n_classes=len(self.voters.classes), on_error=on_error)
        return _columns(functions, votes, told)

    @property
    def _workers(self) -> Workers:
        if self.voters.workers is None:  # image statistics are wanted, and nobody wrote Python
            self.voters.start()
        assert self.voters.workers is not None  # noqa: S101 - just started
        return self.voters.workers


def _key(known: str, reads_features: bool, batch: Batch) -> str:  # noqa: FBT001 - a pair is unpacked
    return key_of(known, batch.features_key() if reads_features else "") if known else ""


def _wanted(
    declared: Sequence[DeclaredLabelingFunction], of_tables: Sequence[Remote], columns: Sequence[str]
) -> list[str]:
    if "image" not in columns:
        return []
    read = dict.fromkeys(wanted_statistics(list(declared), columns))
    return list(read | dict.fromkeys(name for function in of_tables for name in function.statistics))


def _columns(functions: Sequence[Voter], votes: Votes, told: Sequence[Told]) -> dict[str, Column]:
    """Votes and failures → a column per function; one that failed as a whole abstains as a whole."""
    found = {}
    for j, function in enumerate(functions):
        mine = [Told(0, one.row, one.reason, one.passing) for one in told if one.function == j]
        values = np.array(votes[:, j], dtype=np.int8)
        if any(one.row is None for one in mine):
            values[:] = ABSTAIN
        for one in mine:
            if one.row is not None:
                values[one.row] = ABSTAIN
        found[function.name] = Column(values, mine)
    return found


def _moved(told: Told, start: int) -> Told:
    return told if told.row is None else Told(told.function, told.row + start, told.reason, told.passing)


def _moved_to(told: Told, rows: Any) -> Told:
    return told if told.row is None else Told(told.function, int(rows[told.row]), told.reason, told.passing)


def _order(told: Told) -> tuple[int, int, str]:
    return (told.function, -1 if told.row is None else told.row, told.reason)

"""Python labeling functions in worker processes: loaded there, asked there, and replaced where one hangs or dies."""

from __future__ import annotations

import contextlib
import io
import math
import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import DataError, FunctionError, Votes
from tidemill.label.process import NOBODY, Bounds, DiedError, Process

_LOADING: Final = Bounds(60.0, 60.0, math.inf)
_ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True)
class Limits:
    """What a labeling function may take: seconds for a row, or for 10,000 of a table; megabytes for its process."""

    seconds: float
    megabytes: int
    max_failures: int


@dataclass(frozen=True)
class Remote:
    """A Python labeling function that lives in worker processes.

    Parameters
    ----------
    number
        Its index there.
    of_rows
        Whether it is asked row by row; else of a whole table.
    fingerprint
        Empty where its votes cannot be kept; ``opaque`` says why.
    """

    number: int
    name: str
    where: str
    of_rows: bool
    statistics: tuple[str, ...]
    fingerprint: str
    opaque: str


@dataclass(frozen=True)
class Told:
    """One failure: which of the asked functions, on which row of the table (None: on all), why, and whether it may pass.

    A function that hung or died may do better next time, so what it says is not kept.
    """

    function: int
    row: int | None
    reason: str
    passing: bool = False


@dataclass(frozen=True)
class Reply:
    """(rows, functions) votes, (rows, statistics) numbers, failures; ``enough`` where asking ended at too many of them."""

    votes: Votes
    statistics: npt.NDArray[np.float64]
    failures: list[Told]
    enough: bool


class Workers:
    """Worker processes that hold the functions of some Python files."""

    def __init__(self, number: int = 0) -> None:
        self.number = number or len(os.sched_getaffinity(0))
        self._all = [Process.ready()]
        self._idle: queue.SimpleQueue[Process] = queue.SimpleQueue()
        self._growing = threading.Lock()

    def close(self) -> None:
        """End all worker processes."""
        for process in self._all:
            process.close()

    def load(
        self, files: Sequence[Path], classes: Sequence[str], limits: Limits, *, closed: Sequence[Path] = ()
    ) -> list[list[Remote]]:
        """Python files, classes and limits → the functions of each file.

        Parameters
        ----------
        closed
            Folders that no labeling function may read.

        Raises
        ------
        FunctionError
            A file cannot be loaded.
        """
        self.limits = limits
        self._load = {
            "do": "load",
            "files": [str(file) for file in files],
            "classes": list(classes),
            "megabytes": limits.megabytes,
            "closed": [str(folder) for folder in closed],
        }
        about = self._loaded(self._all[0])
        numbered = iter(range(sum(map(len, about))))
        return [[Remote(next(numbered), **_typed(one)) for one in functions] for functions in about]

    def ask(
        self, functions: Sequence[Remote], table: pl.DataFrame, *, statistics: Sequence[str] = (), again: bool = False
    ) -> Reply:
        """Functions of one kind and a table → what they say of it.

        Parameters
        ----------
        statistics
            Image statistics to compute on the way.
        again
            Also look whether a function changes its row.
        """
        buffer = io.BytesIO()
        table.write_ipc(buffer)
        header = {
            "do": "ask",
            "functions": [function.number for function in functions],
            "of_rows": all(function.of_rows for function in functions),
            "statistics": list(statistics),
            "again": again,
            "max_failures": self.limits.max_failures,
        }
        process = self._free()
        told: list[Told] = []
        while True:
            skip = [[one.function, -1 if one.row is None else one.row] for one in told]
            try:
                reply, found = process.ask(
                    header | {"skip": skip}, buffer.getvalue(), bounds=self._bounds(table.height)
                )
                break
            except DiedError as death:
                process = self._replaced(process)
                told.append(self._blamed(death, functions, told))
        self._idle.put(process)
        return _reply(reply, found, told, (table.height, len(functions), len(statistics)))

    def _bounds(self, rows: int) -> Bounds:
        seconds = self.limits.seconds
        return Bounds(seconds, seconds * max(1.0, rows / _ROWS_AT_ONCE), self._at_first + self.limits.megabytes)

    def _free(self) -> Process:
        """A worker that is free; one more is started where none is and there may be more."""
        with self._growing, contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        with self._growing:
            may_grow = len(self._all) < self.number
            if may_grow:
                self._all.append(Process())
                process = self._all[-1]
        if may_grow:
            self._loaded(process)
        return self._idle.get()

    def _loaded(self, process: Process) -> Any:
        try:
            reply, _ = process.ask(self._load, bounds=_LOADING)
        except DiedError as death:
            raise FunctionError(f"the labeling functions cannot be loaded: a worker {death.reason}") from None
        _refuse(reply)
        self._at_first = reply["megabytes"]
        self._idle.put(process)
        return reply["files"]

    def _replaced(self, process: Process) -> Process:
        process.close()
        with self._growing:
            self._all[self._all.index(process)] = new = Process()
        self._loaded(new)
        return self._idle.get()

    def _blamed(self, death: DiedError, functions: Sequence[Remote], told: Sequence[Told]) -> Told:
        """How a worker ended → whose failure that is; of a function's second in a table all rows are taken from it."""
        if death.function == NOBODY or len(told) > self.limits.max_failures:
            names = ", ".join(function.name for function in functions)
            raise FunctionError(f"while {names} were asked, the worker {death.reason}") from None
        died_before = any(one.function == death.function for one in told)
        return Told(death.function, None if death.row < 0 or died_before else death.row, death.reason, passing=True)


def _reply(reply: Any, found: bytes, told: list[Told], shape: tuple[int, int, int]) -> Reply:
    _refuse(reply)
    rows, functions, statistics = shape
    told = told + [Told(j, None if row < 0 else row, reason) for j, row, reason in reply["failures"]]
    if reply["enough"]:
        return Reply(np.zeros((0, 0), dtype=np.int8), np.zeros((0, 0)), told, enough=True)
    cut = rows * functions
    votes = np.frombuffer(found, dtype=np.int8, count=cut).reshape((rows, functions), order="F")
    numbers = np.frombuffer(found[cut:], dtype=np.float64).reshape((rows, statistics), order="F")
    return Reply(votes, numbers, told, enough=False)


def _refuse(reply: Any) -> None:
    if "error" in reply:
        raise (DataError if reply["error"] == "data" else FunctionError)(reply["message"])


def _typed(about: dict[str, Any]) -> dict[str, Any]:
    return about | {"statistics": tuple(about["statistics"])}

"""Python labeling functions in worker processes: loaded there, asked there, and replaced where one hangs or dies."""

from __future__ import annotations

import contextlib
import io
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.machine import cores, physical_memory
from tidemill.contracts import DataError, FunctionError, Votes
from tidemill.label.engine.process import Bounds, DiedError, Process
from tidemill.label.engine.protocol import ALL_ROWS, NO_FUNCTION
from tidemill.label.engine.sandbox import Confined, Confinement

_SECONDS_TO_LOAD: Final = 60.0
_HALF_OF_ALL: Final = physical_memory() / 2
"""Megabytes that loading functions may take: they may load a model."""
_ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True)
class Limits:
    """Limits of a labeling function: seconds for a row, or for 10,000 of a table; megabytes for its process."""

    seconds: float
    megabytes: int
    max_failures: int


@dataclass(frozen=True)
class RemoteFunction:
    """A Python labeling function that lives in worker processes.

    Parameters
    ----------
    number
        Its index there.
    name, where
        Its name and ``file:line``.
    of_rows
        Whether it is applied row by row; else to a whole table.
    statistics
        Image statistics that it reads of the table.
    fingerprint
        Empty where its votes cannot be cached; ``opaque`` is the reason.
    """

    number: int
    name: str
    where: str
    of_rows: bool
    statistics: tuple[str, ...]
    fingerprint: str
    opaque: str


@dataclass(frozen=True)
class WorkerFailure:
    """One failure.

    A function that hung or died may do better next time, so its votes are not kept.

    Parameters
    ----------
    function
        Index among the asked functions.
    row
        Index of the row in the table; None: the function failed on all rows.
    reason
        What went wrong.
    transient
        Whether it may not happen again.
    """

    function: int
    row: int | None
    reason: str
    transient: bool = False


@dataclass(frozen=True)
class Reply:
    """Answer of a worker.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    statistics : (n_rows, n_statistics)
    failures
        Failures of the functions.
    stopped_early
        Whether asking ended at too many failures; then there are no votes.
    seconds
        Time that the functions and statistics took in the worker.
    opened
        A file that was opened while functions voted, by name of each function that this may concern.
    """

    votes: Votes
    statistics: npt.NDArray[np.float64]
    failures: list[WorkerFailure]
    stopped_early: bool
    seconds: float = 0.0
    opened: dict[str, str] = field(default_factory=dict)


class WorkerPool:
    """Worker processes that hold the functions of some Python files.

    Parameters
    ----------
    number
        Most processes; 0: one per core.
    confinement
        What they may reach; by default Python's own files.
    """

    def __init__(self, number: int = 0, confinement: Confinement | None = None) -> None:
        self.number = number or cores()
        self.confinement = confinement or Confinement()
        self._all = [Process.ready(self.confinement)]
        self._idle: queue.SimpleQueue[Process] = queue.SimpleQueue()
        self._growing = threading.Lock()

    def close(self) -> None:
        """End all worker processes."""
        for process in self._all:
            process.close()

    @property
    def notes(self) -> list[str]:
        """What labeling functions are not kept from, once they are loaded."""
        return self._all[0].notes

    def load(self, files: Sequence[Path], classes: Sequence[str], limits: Limits) -> list[list[RemoteFunction]]:
        """Load Python files of labeling functions.

        Parameters
        ----------
        files
            Python files.
        classes
            Names of the classes.
        limits
            What a function may take.

        Returns
        -------
        list of list of RemoteFunction
            The functions of each file.

        Raises
        ------
        FunctionError
            A file cannot be loaded.
        """
        self.limits = limits
        self._load: dict[str, Any] = {
            "do": "load",
            "files": [str(file) for file in files],
            "classes": list(classes),
            "megabytes": limits.megabytes,
            "megabytes_to_load": max(limits.megabytes, _HALF_OF_ALL),
            "seconds": limits.seconds,
        }
        about = self._loaded(self._all[0])
        numbered = iter(range(sum(map(len, about))))
        return [[RemoteFunction(next(numbered), **_typed(function)) for function in functions] for functions in about]

    def ask(
        self,
        functions: Sequence[RemoteFunction],
        table: pl.DataFrame,
        *,
        statistics: Sequence[str] = (),
        again: bool = False,
    ) -> Reply:
        """Ask functions of one kind of a table.

        Parameters
        ----------
        functions
            Functions of rows, or functions of tables.
        table
            Rows.
        statistics
            Image statistics to compute on the way.
        again
            Also check whether a function changes its row.

        Returns
        -------
        Reply

        Raises
        ------
        FunctionError
            A worker died while no function ran.
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
        failures: list[WorkerFailure] = []
        while True:
            skip = [[failure.function, ALL_ROWS if failure.row is None else failure.row] for failure in failures]
            try:
                reply, content = process.ask(
                    header | {"skip": skip}, buffer.getvalue(), bounds=self._bounds(table.height)
                )
                break
            except DiedError as death:
                process = self._replaced(process)
                try:
                    failures.append(_blamed(death, functions, failures))
                except FunctionError:
                    self._idle.put(process)  # whoever bears the error asks on
                    raise
                if sum(failure.function == death.function for failure in failures) > self.limits.max_failures:
                    self._idle.put(process)
                    return _ended(failures)
        self._idle.put(process)
        return _reply(reply, content, failures, (table.height, len(functions), len(statistics)))

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
                self._all.append(Process(self.confinement))
                process = self._all[-1]
        if may_grow:
            self._loaded(process)
        return self._idle.get()

    def _loaded(self, process: Process) -> Any:
        try:
            seconds, megabytes = _SECONDS_TO_LOAD, self._load["megabytes_to_load"]
            reply, _ = process.ask(self._load, bounds=Bounds(seconds, seconds, megabytes, between=seconds))
        except DiedError as death:
            files = ", ".join(self._load["files"])
            raise FunctionError(f"{files} cannot be loaded: a worker {death.reason}") from None
        refuse_error(reply)
        self._at_first = reply["megabytes"]
        process.confined = Confined(*reply["confined"])
        self._idle.put(process)
        return reply["files"]

    def _replaced(self, process: Process) -> Process:
        process.close()
        with self._growing:
            self._all[self._all.index(process)] = new = Process(self.confinement)
        self._loaded(new)
        return self._idle.get()


def _blamed(death: DiedError, functions: Sequence[RemoteFunction], failures: Sequence[WorkerFailure]) -> WorkerFailure:
    """Of a function's second death in a table all rows are taken from it."""
    if death.function == NO_FUNCTION:
        names = ", ".join(function.name for function in functions)
        verb = "was" if len(functions) == 1 else "were"
        raise FunctionError(f"while {names} {verb} applied, the worker {death.reason}") from None
    died_before = any(failure.function == death.function for failure in failures)
    row = None if death.row < 0 or died_before else death.row
    return WorkerFailure(death.function, row, death.reason, transient=True)


def _ended(failures: list[WorkerFailure]) -> Reply:
    return Reply(np.zeros((0, 0), dtype=np.int16), np.zeros((0, 0)), failures, stopped_early=True)


def _reply(reply: Any, content: bytes, failures: list[WorkerFailure], shape: tuple[int, int, int]) -> Reply:
    refuse_error(reply)
    rows, functions, statistics = shape
    failures = failures + [WorkerFailure(j, None if row < 0 else row, reason) for j, row, reason in reply["failures"]]
    if reply["stopped"]:
        return _ended(failures)
    cut = rows * functions
    votes = np.frombuffer(content, dtype=np.int16, count=cut).reshape((rows, functions), order="F")
    numbers = np.frombuffer(content[cut * np.dtype(np.int16).itemsize :], dtype=np.float64).reshape(
        (rows, statistics), order="F"
    )
    return Reply(votes, numbers, failures, stopped_early=False, seconds=reply["seconds"], opened=reply["opened"])


def refuse_error(reply: Any) -> None:
    """Raise the error that a worker answers with.

    Parameters
    ----------
    reply
        Header of its answer.

    Raises
    ------
    DataError, FunctionError
        The answer is one.
    """
    if "error" in reply:
        raise (DataError if reply["error"] == "data" else FunctionError)(reply["message"])


def _typed(about: dict[str, Any]) -> dict[str, Any]:
    return about | {"statistics": tuple(about["statistics"])}

"""What a worker process runs: it loads Python labeling functions and asks them of the rows that it is sent.

``worker_start`` runs it with two open files that it shares with its parent: the position, and tracebacks.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import gc
import io
import json
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import ABSTAIN, DataError, TidemillError, Votes
from tidemill.label.engine.apply import required_statistics, table_votes
from tidemill.label.engine.failures import Failure
from tidemill.label.engine.opened_files import OpenedFiles
from tidemill.label.engine.protocol import ALL_ROWS, HEAD, MARK, POSITION
from tidemill.label.engine.row_applier import RowApplier
from tidemill.label.engine.sandbox import (
    STATE,
    explained,
    find_leaking_function,
    hold_back_files,
    limit_memory,
    limit_seconds,
    own_memory,
    spare_files,
    watch,
)
from tidemill.label.functions.declared import AnyFunction
from tidemill.label.functions.function_fingerprint import OpaqueError, fingerprint
from tidemill.label.functions.labeling_function import LabelingFunction
from tidemill.label.functions.loading import load_file
from tidemill.label.functions.slicing import SlicingFunction, load_slices, slice_rows

_EVERY: Final = 0.5
_MOST_PRINTED: Final = 100_000
"""Characters that the functions of a worker process may print."""
_SOME: Final = 1024
_REST: Final = 600.0
_SOME_IMAGES: Final = 64


class _TooManyFailuresError(Exception):
    """More failures than are borne: nothing further need be asked."""


class Worker:
    """Functions of some files, and what is needed to apply them."""

    def __init__(self, position: memoryview) -> None:
        self.position = position
        self.functions: list[AnyFunction] = []
        self.files: dict[str, list[str]] = {}
        self.opened = OpenedFiles()
        self.slices: list[SlicingFunction] = []
        self.n_classes = self.megabytes = 0
        self.at_first = self.seconds = 0.0

    def load(self, header: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Load files of functions.

        Parameters
        ----------
        header
            ``files``, ``classes``, ``megabytes`` and ``seconds``.
        _
            Not read: this request has no table.

        Returns
        -------
        tuple of dict and bytes
            ``files``: what is known of the functions of each, ``megabytes``: the memory of the process, and how it is confined.
        """
        watch()
        limit_memory(header["megabytes_to_load"])
        files = [load_file(Path(file), classes=header["classes"]) for file in header["files"]]
        self.functions = [function for functions in files for function in functions]
        self.files = {
            file: [function.name for function in functions]
            for file, functions in zip(header["files"], files, strict=True)
        }
        self.opened.watch(header["files"])
        self.n_classes, self.megabytes = len(header["classes"]), header["megabytes"]
        gc.freeze()
        self.at_first, self.seconds = own_memory(), header["seconds"]
        limit_memory(self.megabytes)
        about = [[_about(function) for function in functions] for functions in files]
        confined = STATE.confined
        return {"files": about, "megabytes": self.at_first, "confined": [confined.landlock, confined.calls]}, b""

    def ask(self, header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Ask functions of one kind of a table.

        Parameters
        ----------
        header
            ``functions`` (indices), ``of_rows``, ``statistics``, ``again``, ``max_failures`` and ``skip``.
        payload
            The table as Arrow IPC.

        Returns
        -------
        tuple of dict and bytes
            ``failures`` and whether there were too many, ``opened`` as ``Reply`` has it; votes, then image statistics, column by column.
        """
        table, start = _table(payload), time.perf_counter()
        limit_seconds(_REST + self.seconds * table.height * len(header["functions"]))
        functions = [self.functions[k] for k in header["functions"]]
        failures: list[Failure] = []
        counts = dict.fromkeys((function.name for function in functions), 0)

        def on_error(failure: Failure) -> None:
            failures.append(dataclasses.replace(failure, reason=explained(failure.reason)))
            counts[failure.function] += 1
            if counts[failure.function] > header["max_failures"]:
                raise _TooManyFailuresError

        skipped = {(function, row) for function, row in header["skip"]}
        try:
            with self.opened.while_voting():
                votes, statistics = self._answers(functions, table, header, on_error)
        except _TooManyFailuresError:
            return {"failures": _plain(failures, functions), "stopped": True}, b""
        seconds = time.perf_counter() - start
        failures += self._leaks(functions, table, skipped)
        opened = {name: path for file, path in self.opened.of.items() for name in self.files[file]}
        reply = {"failures": _plain(failures, functions), "stopped": False, "seconds": seconds, "opened": opened}
        return reply, votes.tobytes("F") + statistics.tobytes("F")

    def load_slices(self, header: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Load the slicing functions of a folder.

        Parameters
        ----------
        header
            ``folder`` and ``megabytes``.
        _
            Not read: this request has no table.

        Returns
        -------
        tuple of dict and bytes
            ``names`` of the slices.
        """
        watch()
        limit_memory(header["megabytes"])
        self.slices = load_slices(Path(header["folder"]))
        return {"names": [function.name for function in self.slices]}, b""

    def slice(self, header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Tell which rows are in the slices.

        Parameters
        ----------
        header
            ``seconds``: processor time that the whole table may take.
        payload
            The table as Arrow IPC.

        Returns
        -------
        tuple of dict and bytes
            Nothing; ``row_id`` and a boolean column per slice, as Arrow IPC.
        """
        limit_seconds(header["seconds"])
        answer, slices = io.BytesIO(), slice_rows(self.slices, _table(payload))
        with spare_files():
            slices.write_ipc(answer)
        return {}, answer.getvalue()

    def _answers(
        self,
        functions: list[Any],
        table: pl.DataFrame,
        header: dict[str, Any],
        on_error: Callable[[Failure], None],
    ) -> tuple[Votes, Any]:
        skipped = {(function, row) for function, row in header["skip"]}
        if not header["of_rows"]:
            votes = np.full((table.height, len(functions)), ABSTAIN, dtype=np.int16)
            asked_indices = [j for j in range(len(functions)) if (j, ALL_ROWS) not in skipped]
            self.position[1] = ALL_ROWS
            asked = [functions[j] for j in asked_indices]
            votes[:, asked_indices] = table_votes(
                asked,
                table,
                n_classes=self.n_classes,
                on_error=on_error,
                position=_Renamed(self.position, asked_indices),
            )
            return votes, np.zeros(0)
        skip = (lambda j, i: bool({(j, i), (j, ALL_ROWS)} & skipped)) if skipped else None
        applier = RowApplier(functions, n_classes=self.n_classes, on_error=on_error, position=self.position, skip=skip)
        votes, statistics = applier.ask(table, statistics=header["statistics"])
        if header["again"]:
            applier.refuse_changes(table)
        return votes, statistics.to_numpy()

    def _leaks(self, functions: list[Any], table: pl.DataFrame, skipped: set[tuple[int, int]]) -> list[Failure]:
        """A failure of the function that holds on to memory, where much is held."""
        held = own_memory() - self.at_first
        if not functions or not isinstance(functions[0], LabelingFunction) or held < self.megabytes / 2:
            return []

        def ask_alone(j: int) -> None:
            RowApplier(
                [functions[j]],
                n_classes=self.n_classes,
                on_error=lambda _: None,
                position=_Renamed(self.position, [j]),
                skip=lambda _, i: bool({(j, i), (j, ALL_ROWS)} & skipped),
            ).ask(table.head(_SOME_IMAGES if "image" in table.columns else _SOME))

        leaker = find_leaking_function(len(functions), ask_alone)
        if leaker is None:
            return []
        reason = f"holds on to memory: its process has grown by {held:.0f} MB (label.memory_limit_mb allows {self.megabytes})"
        return [Failure(functions[leaker].name, functions[leaker].where, None, None, reason)]


class _Renamed:
    """The position, with the index of a function among all in place of that among those that are asked."""

    def __init__(self, position: memoryview, names: Sequence[int]) -> None:
        self.position, self.names = position, names

    def __setitem__(self, index: int, value: int) -> None:
        self.position[index] = self.names[value] if index == 0 and value >= 0 else value


def _table(payload: bytes) -> pl.DataFrame:
    with spare_files():  # Polars opens some of its own when it reads first
        return pl.read_ipc(io.BytesIO(payload))


def _about(function: AnyFunction) -> dict[str, Any]:
    """What its parent process needs to know of a function."""
    of_rows = isinstance(function, LabelingFunction)
    try:
        digest, opaque = fingerprint(function), ""
    except OpaqueError as error:
        digest, opaque = "", str(error)
    statistics = [] if of_rows else required_statistics([function], ["image"])  # type: ignore[list-item]
    about = {"name": function.name, "where": function.where, "of_rows": of_rows, "statistics": statistics}
    return about | {"fingerprint": digest, "opaque": opaque}


def _plain(failures: Sequence[Failure], functions: Sequence[AnyFunction]) -> list[list[Any]]:
    number = {function.name: j for j, function in enumerate(functions)}
    return [
        [number[failure.function], ALL_ROWS if failure.row is None else failure.row, failure.reason]
        for failure in failures
    ]


def serve(requests: Any, replies: Any, worker: Worker) -> None:
    """Answer requests until there are no more.

    Parameters
    ----------
    requests, replies
        Binary files of frames.
    worker
        What answers.
    """
    doers = {"load": worker.load, "ask": worker.ask, "load_slices": worker.load_slices, "slice": worker.slice}
    while head := requests.read(HEAD.size):
        _, header_size, payload_size = HEAD.unpack(head)
        header = json.loads(requests.read(header_size))
        payload = requests.read(payload_size)
        try:
            reply, content = doers[header["do"]](header, payload)
        except TidemillError as error:
            kind = "data" if isinstance(error, DataError) else type(error).__name__
            reply, content = {"error": kind, "message": explained(str(error))}, b""
        text = json.dumps(reply).encode()
        replies.write(HEAD.pack(MARK, len(text), len(content)) + text + content)
        replies.flush()


class _Printed(io.TextIOWrapper):
    """What labeling functions print, up to a limit: a line for each of a million rows is read by nobody, and kept by every log."""

    left = _MOST_PRINTED

    def write(self, text: str) -> int:
        if self.left > 0:
            super().write(text[: self.left])
            self.left -= len(text)
            if self.left <= 0:
                super().write(
                    f"\nlabeling functions have printed {_MOST_PRINTED:,} characters; what else they print is not shown\n"
                )
        return len(text)


def main() -> None:
    """Set the process up and serve its parent, and end when the parent does."""
    position = memoryview(mmap.mmap(int(sys.argv[1]), POSITION.size)).cast("q")
    traces = int(sys.argv[2])
    faulthandler.enable(traces, all_threads=False)
    faulthandler.register(signal.SIGUSR1, traces, all_threads=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what a labeling function prints is no reply
    sys.stdout = sys.stderr = _Printed(
        os.fdopen(os.dup(2), "wb"), encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
    )
    hold_back_files()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(requests, replies, Worker(position))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)

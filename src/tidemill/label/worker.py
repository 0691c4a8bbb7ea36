"""What a worker process runs: it loads Python labeling functions and asks them of the rows that it is sent.

Run by ``tidemill.label.process``: ``python -m tidemill.label.worker PLACE TRACES``, two open files that both share.
"""

from __future__ import annotations

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
from tidemill.label.apply import table_votes, wanted_statistics
from tidemill.label.asking import Asker
from tidemill.label.declared import AnyFunction
from tidemill.label.failures import Failure
from tidemill.label.fingerprint import OpaqueError, fingerprint
from tidemill.label.folder import load_file
from tidemill.label.functions import LabelingFunction
from tidemill.label.process import HEAD, PLACE, memory
from tidemill.label.watch import forbid, who_leaks

_EVERY: Final = 0.5
_SOME: Final = 1024
_SOME_IMAGES: Final = 64


class _EnoughError(Exception):
    """More failures than are borne: nothing further need be asked."""


class Worker:
    """Functions of some files, and what it takes to ask them."""

    def __init__(self, place: memoryview) -> None:
        self.place = place
        self.functions: list[AnyFunction] = []
        self.n_classes = self.megabytes = 0
        self.at_first = 0.0

    def load(self, header: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Files, classes and limits → what is known of their functions."""
        forbid(header["closed"])
        files = [load_file(Path(file), classes=header["classes"]) for file in header["files"]]
        self.functions = [function for functions in files for function in functions]
        self.n_classes, self.megabytes = len(header["classes"]), header["megabytes"]
        gc.freeze()
        self.at_first = memory()
        about = [[_about(function) for function in functions] for functions in files]
        return {"files": about, "megabytes": self.at_first}, b""

    def ask(self, header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Indices of functions of one kind and a table → votes, column by column, image statistics, and failures."""
        table = pl.read_ipc(io.BytesIO(payload))
        functions = [self.functions[k] for k in header["functions"]]
        told: list[Failure] = []
        counts = dict.fromkeys((function.name for function in functions), 0)

        def on_error(failure: Failure) -> None:
            told.append(failure)
            counts[failure.function] += 1
            if counts[failure.function] > header["max_failures"]:
                raise _EnoughError

        skipped = {(function, row) for function, row in header["skip"]}
        try:
            votes, statistics = self._answers(functions, table, header, on_error)
        except _EnoughError:
            return {"failures": _plain(told, functions), "enough": True}, b""
        told += self._leaks(functions, table, skipped)
        return {"failures": _plain(told, functions), "enough": False}, votes.tobytes("F") + statistics.tobytes("F")

    def _answers(
        self,
        functions: list[Any],
        table: pl.DataFrame,
        header: dict[str, Any],
        on_error: Callable[[Failure], None],
    ) -> tuple[Votes, Any]:
        skipped = {(function, row) for function, row in header["skip"]}
        if not header["of_rows"]:
            votes = np.full((table.height, len(functions)), ABSTAIN, dtype=np.int8)
            kept = [j for j in range(len(functions)) if (j, -1) not in skipped]
            self.place[1] = -1
            asked = [functions[j] for j in kept]
            votes[:, kept] = table_votes(
                asked, table, n_classes=self.n_classes, on_error=on_error, place=_Renamed(self.place, kept)
            )
            return votes, np.zeros(0)
        skip = (lambda j, i: bool({(j, i), (j, -1)} & skipped)) if skipped else None
        asker = Asker(functions, n_classes=self.n_classes, on_error=on_error, place=self.place, skip=skip)
        votes, statistics = asker.ask(table, statistics=header["statistics"])
        if header["again"]:
            asker.refuse_changes(table)
        return votes, statistics.to_numpy()

    def _leaks(self, functions: list[Any], table: pl.DataFrame, skipped: set[tuple[int, int]]) -> list[Failure]:
        """Functions and rows just asked → a failure of the one that holds on to memory, where much is held."""
        held = memory() - self.at_first
        if not functions or not isinstance(functions[0], LabelingFunction) or held < self.megabytes / 2:
            return []

        def ask_alone(j: int) -> None:
            Asker(
                [functions[j]],
                n_classes=self.n_classes,
                on_error=lambda _: None,
                place=_Renamed(self.place, [j]),
                skip=lambda _, i: bool({(j, i), (j, -1)} & skipped),
            ).ask(table.head(_SOME_IMAGES if "image" in table.columns else _SOME))

        leaker = who_leaks(len(functions), ask_alone)
        if leaker is None:
            return []
        reason = f"holds on to memory: its process has grown by {held:.0f} MB (label.megabytes allows {self.megabytes})"
        return [Failure(functions[leaker].name, functions[leaker].where, None, None, reason)]


class _Renamed:
    """The place, with the index of a function among all in place of that among the kept ones."""

    def __init__(self, place: memoryview, names: Sequence[int]) -> None:
        self.place, self.names = place, names

    def __setitem__(self, index: int, value: int) -> None:
        self.place[index] = self.names[value] if index == 0 and value >= 0 else value


def _about(function: AnyFunction) -> dict[str, Any]:
    """Labeling function → what its parent process needs to know of it."""
    of_rows = isinstance(function, LabelingFunction)
    try:
        known, opaque = fingerprint(function), ""
    except OpaqueError as error:
        known, opaque = "", str(error)
    statistics = [] if of_rows else wanted_statistics([function], ["image"])  # type: ignore[list-item]
    about = {"name": function.name, "where": function.where, "of_rows": of_rows, "statistics": statistics}
    return about | {"fingerprint": known, "opaque": opaque}


def _plain(failures: Sequence[Failure], functions: Sequence[AnyFunction]) -> list[list[Any]]:
    number = {function.name: j for j, function in enumerate(functions)}
    return [[number[one.function], -1 if one.row is None else one.row, one.reason] for one in failures]


def serve(requests: Any, replies: Any, worker: Worker) -> None:
    """Requests → replies, until there are no more."""
    doers = {"load": worker.load, "ask": worker.ask}
    while head := requests.read(HEAD.size):
        header_size, payload_size = HEAD.unpack(head)
        header = json.loads(requests.read(header_size))
        payload = requests.read(payload_size)
        try:
            reply, found = doers[header["do"]](header, payload)
        except TidemillError as error:
            kind = "data" if isinstance(error, DataError) else type(error).__name__
            reply, found = {"error": kind, "message": str(error)}, b""
        text = json.dumps(reply).encode()
        replies.write(HEAD.pack(len(text), len(found)) + text + found)
        replies.flush()


def main() -> None:
    """Set the process up and serve its parent, and end when the parent does."""
    place = memoryview(mmap.mmap(int(sys.argv[1]), PLACE.size)).cast("q")
    traces = int(sys.argv[2])
    faulthandler.enable(traces, all_threads=False)
    faulthandler.register(signal.SIGUSR1, traces, all_threads=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what a labeling function prints is no reply
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(requests, replies, Worker(place))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)


if __name__ == "__main__":
    main()

"""A worker process of labeling functions: started, asked, watched and, where it hangs or dies, ended.

Its parent learns which function ran on which row. Only the standard library is imported here, so that workers can
start while their parent still imports; ``protocol`` describes what passes between the two.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from tidemill.label.engine import protocol, worker_start
from tidemill.label.engine.family import MARK, end, members, memory_of
from tidemill.label.engine.protocol import ALL_ROWS, HEAD, NO_FUNCTION, POSITION
from tidemill.label.engine.sandbox import Confined, Confinement, notes

_PACKAGE: Final = Path(__file__).parents[2]  # tidemill
_TICK: Final = 0.05
_COUNTED_EVERY: Final = 0.5
_MOST_PROCESSES: Final = 64
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")


class DiedError(Exception):
    """The worker hung or died.

    Attributes
    ----------
    function, row
        Indices of the function that ran and of the row (``ALL_ROWS`` for a function of a table).
    reason
        What happened.
    """

    def __init__(self, function: int, row: int, reason: str) -> None:
        super().__init__(reason)
        self.function, self.row, self.reason = function, row, reason


@dataclass(frozen=True)
class Bounds:
    """Longest seconds for a row, a table, and where no function is applied; and most megabytes for the process."""

    for_a_row: float
    for_a_table: float
    megabytes: float
    between: float = 300.0


_READY: Final[list[Process]] = []


def confinement_of(folders: Sequence[Path], closed: Sequence[Path], *, enforced: bool = True) -> Confinement:
    """Confine workers to folders.

    Parameters
    ----------
    folders
        Folders and files that labeling functions may read.
    closed
        Files and folders that they may not, wherever they lie.
    enforced
        False: they may do what this process may.

    Returns
    -------
    Confinement
        With absolute paths, links followed.
    """
    readable, barred = (tuple(map(os.path.realpath, paths)) for paths in (folders, closed))
    return Confinement(readable, barred, enforced)


def prepare(confinement: Confinement) -> None:
    """Start a worker that the next ``Process.ready()`` of the same confinement takes: it starts while the caller still imports.

    Parameters
    ----------
    confinement
        What it may reach.
    """
    _READY.append(Process(confinement))
    atexit.register(_end_unused)


def _end_unused() -> None:
    while _READY:
        _READY.pop().close()


class Process:
    """One worker process, with an environment of its own and none of its parent's memory.

    Parameters
    ----------
    confinement
        What it may reach.
    """

    def __init__(self, confinement: Confinement) -> None:
        self.confinement, self.confined = confinement, Confined()
        self._mark = uuid.uuid4().hex
        alive, self._alive = os.pipe()
        self._position_file: IO[bytes] = _shared_file()
        self._position_file.write(POSITION.pack(NO_FUNCTION, 0))
        self._position_file.flush()
        self._position = mmap.mmap(self._position_file.fileno(), POSITION.size)
        self._traces: IO[bytes] = _shared_file()
        shared = (self._position_file.fileno(), self._traces.fileno(), alive)
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", worker_start.__name__, *map(str, shared), confinement.dump()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=shared,
            env=_environment() | {MARK: self._mark},
            start_new_session=True,
        )
        os.close(alive)

    @classmethod
    def ready(cls, confinement: Confinement) -> Process:
        """Take a worker that was prepared with this confinement, or start one.

        Parameters
        ----------
        confinement
            What it may reach.

        Returns
        -------
        Process
            Running, without functions.
        """
        for prepared in _READY:
            if prepared.confinement == confinement:
                _READY.remove(prepared)
                return prepared
        return cls(confinement)

    @property
    def notes(self) -> list[str]:
        """What its functions are not kept from, once they are loaded."""
        return notes(self.confined, enforced=self.confinement.enforced)

    def ask(self, header: dict[str, Any], payload: bytes = b"", *, bounds: Bounds) -> tuple[Any, bytes]:
        """Send a request and wait for the reply.

        Parameters
        ----------
        header
            The request, as JSON.
        payload
            Bytes that follow it.
        bounds
            Limits of time and memory.

        Returns
        -------
        tuple of dict and bytes
            Header and bytes of the reply.

        Raises
        ------
        DiedError
            The worker hung, and was stopped, or died.
        """
        try:
            self._send(header, payload)
            return self._receive(bounds)
        except (BrokenPipeError, EOFError):
            raise self._died() from None

    def close(self) -> None:
        """End the process and those that it has started, at once, and let go of what was shared with it."""
        self._end()
        for file in (self._child.stdin, self._child.stdout, self._traces, self._position_file):
            with contextlib.suppress(BrokenPipeError):
                file.close()  # type: ignore[union-attr]
        self._position.close()
        os.close(self._alive)

    def _end(self) -> None:
        if self._child.returncode is None:
            end(self._child.pid, self._mark, search=not self.confined.calls)
            self._child.wait()

    def _send(self, header: dict[str, Any], payload: bytes) -> None:
        text, pipe = json.dumps(header).encode(), self._child.stdin
        assert pipe is not None  # noqa: S101 - it was asked for
        pipe.write(HEAD.pack(protocol.MARK, len(text), len(payload)))
        pipe.write(text)
        pipe.write(payload)
        pipe.flush()

    def _receive(self, bounds: Bounds) -> tuple[Any, bytes]:
        received = bytearray()
        position = last_asked = self._where()
        since = counted = time.monotonic()
        while True:
            wanted = self._size(received, last_asked)
            if len(received) == wanted:
                return self._reply(received, last_asked)
            if self._is_ready():
                received += self._read(wanted - len(received))
                continue
            now, current = time.monotonic(), self._where()
            if current != position:
                position, since, last_asked = current, now, current if current[0] != NO_FUNCTION else last_asked
            if now - since > _bound(position, bounds):
                raise self._stopped(position, f"took longer than {now - since:.1f} s")
            family = {self._child.pid}
            if not self.confined.calls and now - counted > _COUNTED_EVERY:
                family, counted = members(self._child.pid, self._mark) | family, now
            if len(family) > _MOST_PROCESSES:
                raise self._stopped(last_asked, f"has started {len(family) - 1} processes")
            held = memory_of(family)
            if held > bounds.megabytes:
                raise self._stopped(last_asked, f"made its process grow to {held:.0f} MB")

    def _size(self, received: bytearray, last_asked: tuple[int, int]) -> int:
        """Bytes of the reply, or of its head while that has not come."""
        if not protocol.MARK.startswith(received[: len(protocol.MARK)]):
            raise self._garbled(last_asked)
        return HEAD.size + sum(HEAD.unpack_from(received)[1:]) if len(received) >= HEAD.size else HEAD.size

    def _reply(self, received: bytearray, last_asked: tuple[int, int]) -> tuple[Any, bytes]:
        cut = HEAD.size + HEAD.unpack_from(received)[1]
        try:
            return json.loads(received[HEAD.size : cut]), bytes(received[cut:])
        except ValueError:
            raise self._garbled(last_asked) from None

    def _garbled(self, position: tuple[int, int]) -> DiedError:
        return self._stopped(
            position,
            "sent a reply that cannot be read, as where a file of labeling functions writes to open file "
            "descriptors or replaces Python's own functions",
        )

    def _is_ready(self) -> bool:
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        return bool(select.select([self._child.stdout], [], [], _TICK)[0])

    def _read(self, size: int) -> bytes:
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        received = os.read(self._child.stdout.fileno(), min(size, 1 << 20))
        if not received:
            raise EOFError
        return received

    def _where(self) -> tuple[int, int]:
        function, row = POSITION.unpack(self._position[: POSITION.size])
        return function, row

    def _stopped(self, position: tuple[int, int], reason: str) -> DiedError:
        self._child.send_signal(signal.SIGUSR1)  # the worker writes down where it is, even inside a library
        time.sleep(4 * _TICK)
        self._end()
        return DiedError(*position, f"{reason} and was stopped\n{self._traceback()}")

    def _died(self) -> DiedError:
        os.waitid(
            os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT
        )  # its group keeps its number until it is waited for
        self._end()
        code = self._child.returncode
        ending = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return DiedError(*self._where(), f"ended its process ({ending})\n{self._traceback()}")

    def _traceback(self) -> str:
        """Traceback that the worker left, the innermost line last, without Tidemill's own lines."""
        self._traces.seek(0)
        own = str(_PACKAGE)
        lines = self._traces.read().decode(errors="replace").splitlines()
        shown = [line for line in lines if line.startswith("  File") and own not in line and "<frozen" not in line]
        return "\n".join(["Traceback (most recent call last):", *reversed(shown)]) if shown else "it left no traceback"


def _shared_file() -> IO[bytes]:
    """In memory where the system can, so that a full disk is no obstacle."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("tidemill"), "w+b")
    return tempfile.TemporaryFile()


def _bound(position: tuple[int, int], bounds: Bounds) -> float:
    """Reading and measuring images takes a worker as long as a whole table may."""
    if position[0] == NO_FUNCTION:
        return max(bounds.between, bounds.for_a_table)
    return bounds.for_a_table if position[1] == ALL_ROWS else bounds.for_a_row


def hidden_variables() -> frozenset[str]:
    """List the variables of the environment that workers do not see.

    Returns
    -------
    frozenset of str
        Names.
    """
    return frozenset(os.environ) - frozenset(_environment())


def _environment() -> dict[str, str]:
    """No secrets, and the same order of sets in every run."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}
    source = str(_PACKAGE.parent)
    path = os.pathsep.join(dict.fromkeys([source, *filter(None, passed.get("PYTHONPATH", "").split(os.pathsep))]))
    single_thread = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return passed | single_thread | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}

"""A worker process of labeling functions: started, asked, watched and, where it hangs or dies, buried with the name of who was asked.

Requests and replies are frames over pipes, a JSON header and bytes, never pickles. Two numbers in shared memory tell
which function the worker is asking of which row. Only the standard library is imported here, so that workers can start
while their parent still imports.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import mmap
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

HEAD: Final = struct.Struct("<IQ")
PLACE: Final = struct.Struct("<qq")
NOBODY: Final = -1
ALL_ROWS: Final = -1
_TICK: Final = 0.05
_BETWEEN: Final = 300.0
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")


class DiedError(Exception):
    """The worker hung or died; who was asked of which row (``ALL_ROWS`` for a function of a table), and what happened."""

    def __init__(self, function: int, row: int, reason: str) -> None:
        super().__init__(reason)
        self.function, self.row, self.reason = function, row, reason


@dataclass(frozen=True)
class Bounds:
    """Longest seconds for a row and for a table, and most megabytes for the process."""

    for_a_row: float
    for_a_table: float
    megabytes: float


_READY: Final[list[Process]] = []


def prepare() -> None:
    """Start a worker that the next ``Process.ready()`` takes: it starts while the caller still imports."""
    _READY.append(Process())
    atexit.register(_end_unused)


def _end_unused() -> None:
    while _READY:
        _READY.pop().close()


class Process:
    """One worker process, with an environment of its own and none of its parent's memory."""

    def __init__(self) -> None:
        self._place_file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        self._place_file.write(PLACE.pack(NOBODY, 0))
        self._place_file.flush()
        self._place = mmap.mmap(self._place_file.fileno(), PLACE.size)
        self._traces: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as above
        shared = (self._place_file.fileno(), self._traces.fileno())
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tidemill.label.worker", *map(str, shared)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=shared,
            env=_environment(),
        )

    @classmethod
    def ready(cls) -> Process:
        """Nothing → a worker that was prepared, or a new one."""
        return _READY.pop() if _READY else cls()

    def ask(self, header: dict[str, Any], payload: bytes = b"", *, bounds: Bounds) -> tuple[Any, bytes]:
        """Header and bytes → header and bytes of the reply.

        Raises
        ------
        DiedError
            The worker hung, and was killed, or died.
        """
        try:
            self._send(header, payload)
            return self._receive(bounds)
        except (BrokenPipeError, EOFError):
            raise self._died() from None

    def close(self) -> None:
        """End the process, at once, and let go of what was shared with it."""
        self._child.kill()
        self._child.wait()
        for file in (self._child.stdin, self._child.stdout, self._traces, self._place_file):
            with contextlib.suppress(BrokenPipeError):
                file.close()  # type: ignore[union-attr]
        self._place.close()

    def _send(self, header: dict[str, Any], payload: bytes) -> None:
        text, pipe = json.dumps(header).encode(), self._child.stdin
        assert pipe is not None  # noqa: S101 - it was asked for
        pipe.write(HEAD.pack(len(text), len(payload)))
        pipe.write(text)
        pipe.write(payload)
        pipe.flush()

    def _receive(self, bounds: Bounds) -> tuple[Any, bytes]:
        found, wanted = bytearray(), HEAD.size
        place = named = self._where()
        since = time.monotonic()
        while True:
            if len(found) >= HEAD.size:
                wanted = HEAD.size + sum(HEAD.unpack_from(found))
            if len(found) == wanted:
                cut = HEAD.size + HEAD.unpack_from(found)[0]
                return json.loads(found[HEAD.size : cut]), bytes(found[cut:])
            if self._is_ready():
                found += self._read(wanted - len(found))
                continue
            now, there = time.monotonic(), self._where()
            if there != place:
                place, since, named = there, now, there if there[0] != NOBODY else named
            if now - since > _bound(place, bounds):
                raise self._stopped(place, f"took longer than {now - since:.1f} s")
            held = memory(self._child.pid)
            if held > bounds.megabytes:
                raise self._stopped(named, f"made its process grow to {held:.0f} MB")

    def _is_ready(self) -> bool:
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        return bool(select.select([self._child.stdout], [], [], _TICK)[0])

    def _read(self, size: int) -> bytes:
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        found = os.read(self._child.stdout.fileno(), min(size, 1 << 20))
        if not found:
            raise EOFError
        return found

    def _where(self) -> tuple[int, int]:
        function, row = PLACE.unpack(self._place[: PLACE.size])
        return function, row

    def _stopped(self, place: tuple[int, int], why: str) -> DiedError:
        self._child.send_signal(signal.SIGUSR1)  # the worker writes down where it is, even inside a library
        time.sleep(4 * _TICK)
        self._child.kill()
        self._child.wait()
        return DiedError(*place, f"{why} and was stopped\n{self._last_words()}")

    def _died(self) -> DiedError:
        code = self._child.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return DiedError(*self._where(), f"ended its process ({how})\n{self._last_words()}")

    def _last_words(self) -> str:
        """Traceback that the worker left, the innermost line last, without Tidemill's own lines."""
        self._traces.seek(0)
        own = str(Path(__file__).parents[1])
        lines = self._traces.read().decode(errors="replace").splitlines()
        kept = [line for line in lines if line.startswith("  File") and own not in line and "<frozen" not in line]
        return "\n".join(["Traceback (most recent call last):", *reversed(kept)]) if kept else "it left no traceback"


def _bound(place: tuple[int, int], bounds: Bounds) -> float:
    """Where a worker is → longest seconds it may stay there; reading and measuring images takes it long as well."""
    if place[0] == NOBODY:
        return max(_BETWEEN, bounds.for_a_table)
    return bounds.for_a_table if place[1] == ALL_ROWS else bounds.for_a_row


def memory(process: int | str = "self") -> float:
    """Number of a process → megabytes that it holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / (1 << 20)


def _environment() -> dict[str, str]:
    """Nothing → what a worker knows of its surroundings: no secrets, the same order of sets in every run."""
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}
    here = str(Path(__file__).parents[2])
    path = os.pathsep.join(dict.fromkeys([here, *filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]))
    one = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return kept | one | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}

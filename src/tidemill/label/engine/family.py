"""The processes that a worker has started, and theirs: found, measured and ended, wherever they have gone.

A worker leads a process group, which the kernel ends as one. A child that has left the group still carries the worker's mark in
its environment. Only the standard library is imported here, as in ``process``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

from tidemill.label.engine.protocol import memory

MARK: Final = "TIDEMILL_WORKER"
_ROUNDS: Final = 100
_BETWEEN: Final = 0.01


def members(worker: int, mark: str) -> set[int]:
    """Find the processes of a worker.

    Parameters
    ----------
    worker
        Number of the worker's process.
    mark
        What the variable ``MARK`` of its environment holds.

    Returns
    -------
    set of int
        Numbers of processes, the worker's among them while it lives.
    """
    if not Path("/proc/self/environ").exists():
        return _members_by_psutil(worker)
    wanted = f"{MARK}={mark}".encode()
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal() and _holds(entry, wanted)}


def _holds(process: Path, wanted: bytes) -> bool:
    try:
        return wanted in (process / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another person's
        return False


def _members_by_psutil(worker: int) -> set[int]:
    import psutil  # imported where there is no /proc alone: workers start with the standard library

    try:
        process = psutil.Process(worker)
        return {worker, *(child.pid for child in process.children(recursive=True))}
    except psutil.Error:
        return set()


def memory_of(processes: set[int]) -> float:
    """Measure the memory of several processes; what they share counts once.

    Parameters
    ----------
    processes
        Their numbers.

    Returns
    -------
    float
        Megabytes.
    """
    if len(processes) == 1:
        return memory(*processes)
    return sum(map(_proportional, processes))


def _proportional(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return memory(process)
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def end(worker: int, mark: str, *, search: bool) -> None:
    """End a worker that has not been waited for yet, its group and, where asked to, all that carry its mark.

    Parameters
    ----------
    worker
        Number of the worker's process, which leads its group.
    mark
        What the variable ``MARK`` of its environment holds.
    search
        Whether processes may have left the group.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker, signal.SIGKILL)
    for _ in range(_ROUNDS if search else 0):
        others = members(worker, mark) - {worker}
        for process in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if not others:
            return
        time.sleep(_BETWEEN)

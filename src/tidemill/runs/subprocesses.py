"""Run a command in a process group of its own that dies with its parent, however the parent dies.

The parent holds the other end of standard input; when it closes, by a kill -9 too, the whole group is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_RUNNING: Final[set[subprocess.Popen[str]]] = set()
_INTERRUPTED: Final = threading.Event()
_GENTLY: Final = "--gently"
_GRACE_SECONDS: Final = 10.0


def run_with_parent(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Run a command that dies with this process.

    Parameters
    ----------
    command
        Words of the command.
    folder
        Folder in which it runs.
    environment
        Its environment variables.
    say
        Called with every line that it prints, as it comes.

    Returns
    -------
    int
        Its exit status.

    Raises
    ------
    KeyboardInterrupt
        All commands were ended.
    """
    if _INTERRUPTED.is_set():
        raise KeyboardInterrupt
    with subprocess.Popen(
        [sys.executable, "-E", "-S", __file__, *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C ends this process, and the command with it
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for two lines above
        _RUNNING.add(process)
        for line in process.stdout:
            say(line.rstrip("\n"))
    _RUNNING.discard(process)
    if _INTERRUPTED.is_set():
        raise KeyboardInterrupt
    return process.returncode


def end_commands() -> None:
    """End all commands that run, and let none begin: threads that wait for one would keep this process from ending."""
    _INTERRUPTED.set()
    for process in list(_RUNNING):
        if process.stdin is not None:
            process.stdin.close()


def end_commands_on_interrupt() -> None:
    """Let Ctrl-C and SIGTERM end the commands that run, too; to be called in the main thread.

    A handler of one's own stays, where asyncio puts its own in the place of Python's. Prefect sends SIGTERM again once it has noted that the
    flow run crashed: by default that ends the process before its threads have removed their worktrees.
    """

    def interrupt(*_: object) -> None:
        end_commands()
        logging.raiseExceptions = (
            False  # Prefect may log to what is closed by then; its traceback tells a person nothing
        )
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def start_with_parent(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], out: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process: by SIGTERM, and by SIGKILL ten seconds later.

    Parameters
    ----------
    command
        Words of the command.
    folder
        Folder in which it runs.
    environment
        Its environment variables.
    out
        File that takes what it prints.

    Returns
    -------
    subprocess.Popen
        Its ``terminate`` asks the server's whole process group to end; closing its ``stdin`` does so with a time limit.
    """
    return subprocess.Popen(
        [sys.executable, "-E", "-S", __file__, _GENTLY, *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=out,
        start_new_session=True,
    )


def _end_rest(group: int) -> None:
    """End what a server has started and left, such as the flow runs of a worker that was killed."""
    end = time.monotonic() + _GRACE_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < end:
            os.killpg(group, 0)  # is anything left?
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)


def _main() -> None:
    gently = sys.argv[1] == _GENTLY
    child = subprocess.Popen(sys.argv[1 + gently :], stdin=subprocess.DEVNULL, start_new_session=True)

    def end(number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        if gently:
            end(signal.SIGTERM)
            time.sleep(_GRACE_SECONDS)
        end(signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: end(signal.SIGTERM if gently else signal.SIGKILL))
    threading.Thread(target=end_with_parent, daemon=True).start()
    status = child.wait()
    if gently:
        _end_rest(child.pid)
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    _main()

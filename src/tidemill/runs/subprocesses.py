"""Run a command in a process group of its own that dies with its parent, however the parent dies.

The parent holds the other end of standard input; when it closes, by a kill -9 too, the whole group is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


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
    """
    with subprocess.Popen(
        [sys.executable, "-E", "-S", __file__, *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for two lines above
        for line in process.stdout:
            say(line.rstrip("\n"))
    return process.returncode


def _main() -> None:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)

    def kill_with_parent() -> None:
        sys.stdin.buffer.read()
        os.killpg(child.pid, signal.SIGKILL)

    def kill_when_told(*_: object) -> None:
        os.killpg(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, kill_when_told)
    threading.Thread(target=kill_with_parent, daemon=True).start()
    status = child.wait()
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    _main()

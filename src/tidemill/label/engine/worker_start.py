"""Entry point of a worker process: ``python -P -m tidemill.label.engine.worker_start POSITION TRACES ALIVE CONFINEMENT``.

It is the module that ``process`` imports and starts by its name, so that a check of imports sees the worker. It loads the
worker, and with it NumPy and Polars, only where it runs, and only once the process is confined: what the kernel refuses a
thread it refuses those that this thread starts later, and libraries start some as they are imported.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import sys

from tidemill.label.engine.sandbox import Confinement, confine


def main() -> None:
    """Serve the parent process until it ends."""
    _end_with_parent(int(sys.argv[3]))
    confine(Confinement.parse(sys.argv[4]))
    sys.path.append(os.getcwd())  # noqa: PTH109 - last: a module there, such as random.py, takes no other's place
    from tidemill.label.engine.worker import main as serve_parent

    serve_parent()


def _end_with_parent(alive: int) -> None:
    """Have the kernel end this process group once the parent, which holds the other end, is gone, whatever runs here then."""
    if hasattr(fcntl, "F_SETSIG"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(alive, fcntl.F_SETOWN, -os.getpgrp())
            fcntl.fcntl(alive, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(alive, fcntl.F_SETFL, fcntl.fcntl(alive, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)


if __name__ == "__main__":
    main()

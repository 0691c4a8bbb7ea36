"""A Prefect API for one command, as a program: it prints its port, serves, and ends when its standard input is closed.

The command that starts it holds the other end, so it ends with that command however that ends, by a kill -9 too.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

_GRACE_SECONDS = 5.0


def _main() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        print(listening.getsockname()[1], flush=True)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        _serve(listening)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    threading.Timer(_GRACE_SECONDS, os._exit, [1]).start()
    os.kill(os.getpid(), signal.SIGTERM)


def _serve(listening: socket.socket) -> None:
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, final=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[listening])


if __name__ == "__main__":
    _main()

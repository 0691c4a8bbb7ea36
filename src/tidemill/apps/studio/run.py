"""`tidemill studio`: pages until it is stopped."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser

from tidemill.apps.serve.run import LOOPBACK
from tidemill.contracts import ConfigError
from tidemill.project.project import Project


def run(project: Project, problem: str | None, *, host: str, port: int, token: str | None, browser: bool) -> None:
    """Serve the pages until Ctrl-C.

    Parameters
    ----------
    project
        The project.
    problem
        Problem whose page is opened first; None: the list of problems.
    host, port
        Where to listen; port 0: a free one, which is printed.
    token
        Secret that a browser must give; needed where others can reach ``host``.
    browser
        Whether to open a browser.

    Raises
    ------
    ConfigError
        ``host`` can be reached by others and there is no token, or the port is taken.
    """
    import uvicorn

    from tidemill.apps.studio.app import application
    from tidemill.apps.studio.guard import Access

    if host not in LOOPBACK and not token:
        raise ConfigError(f"--host {host} is open to others: give a --token that they must know, or leave --host out")
    config = uvicorn.Config(
        application(project, Access(host, token or None)),
        access_log=False,
        lifespan="off",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        ws="none",
    )
    with _listening(host, port) as listening:
        address = _address(listening, token, problem)
        print(f"Tidemill studio at {address}; Ctrl-C stops it", file=sys.stderr, flush=True)
        if browser:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port} ({error}): choose another --port") from error


def _address(listening: socket.socket, token: str | None, problem: str | None) -> str:
    host, port = listening.getsockname()[:2]
    query = f"?token={token}" if token else ""
    page = f"#/{problem}" if problem else ""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/{query}{page}"

"""`tidemill serve`: the model loaded, then requests until it is stopped."""

from __future__ import annotations

import contextlib
import math
import signal
import socket
import sys
from typing import Final

from tidemill.apps.serve.model_process import ModelProcess, model_command
from tidemill.apps.serve.settings import ServiceSettings
from tidemill.contracts import ConfigError
from tidemill.ingest.settings import IngestSettings
from tidemill.project.project import Project

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_CONNECTIONS: Final = 128


def serve(project: Project, problem: str, version: str | None, settings: ServiceSettings) -> None:
    """Answer requests until SIGTERM or Ctrl-C.

    What has begun is finished first, for as long as a request may take.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        None: the champion.
    settings
        Address, engine, and limits of size and time.

    Raises
    ------
    ConfigError
        There is no such version, or the port is taken.
    """
    ingest = project.load(problem, "ingest", IngestSettings)[1]
    if settings.host not in LOOPBACK:
        _say(f"caution: {settings.host} is open to others, and the service asks nobody who they are")
    command = model_command(problem, version or "", settings.model_dump_json())
    with contextlib.closing(ModelProcess(command, settings.seconds, project.root)) as model:
        _listen(model, ingest, settings)
    _say("stopped")


def _listen(model: ModelProcess, ingest: IngestSettings, settings: ServiceSettings) -> None:
    import uvicorn

    from tidemill.apps.serve.app import application
    from tidemill.apps.serve.connections import ConnectionLimits, protocol

    config = uvicorn.Config(
        application(model, ingest, settings, model.about["lineage"]),
        access_log=False,
        http=protocol(ConnectionLimits(settings.header_seconds, _CONNECTIONS, settings.connections)),
        lifespan="off",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.seconds),
        ws="none",
    )
    with _socket(settings) as listening:
        host, port = listening.getsockname()[:2]
        place = f"[{host}]" if ":" in host else host
        _say(f"{model.version} at http://{place}:{port}: POST /predict, GET /health, GET /version; Ctrl-C stops it")
        for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again once it has stopped
            signal.signal(number, lambda *_: None)
        uvicorn.Server(config).run(sockets=[listening])


def _socket(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {settings.host}:{settings.port} ({error}): choose another --port"
        ) from error


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

"""`tidemill serve`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AbstainBelow, EngineName, ModelVersion, ProblemName
from tidemill.cli.project import open_project


def serve(
    problem: ProblemName,
    *,
    host: Annotated[str, Option(help="127.0.0.1: this machine alone")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="0: a free one, which is printed")] = 8080,
    allowed_host: Annotated[
        list[str] | None,
        Option(
            metavar="NAME",
            help="a name by which it is asked for, besides addresses, localhost and this machine's name; may come again",
        ),
    ] = None,
    version: ModelVersion = None,
    abstain_below: AbstainBelow = 0.0,
    max_rows: Annotated[int, Option(metavar="N", min=1, help="rows of one request")] = 256,
    max_bytes: Annotated[int, Option(metavar="N", min=1, help="bytes of one request")] = 16_000_000,
    connections: Annotated[int, Option(metavar="N", min=1, help="connections of one address at a time")] = 32,
    header_seconds: Annotated[
        float, Option(min=0.01, help="how long the headers of a request may take to arrive")
    ] = 10.0,
    seconds: Annotated[float, Option(min=0.01, help="how long one request may take")] = 30.0,
    engine: EngineName = "auto",
) -> None:
    """Answer requests over HTTP with the champion.

    Examples
    --------
    tidemill serve spam --port 8080
    """
    from tidemill.common.extras import require

    for library in ("uvicorn", "fastapi"):
        require(library, extra="serve")
    from tidemill.apps.serve.run import serve as answer_requests
    from tidemill.apps.serve.settings import ServiceSettings
    from tidemill.project.config import parse

    project = open_project(problem)
    given = {
        "host": host,
        "allowed_hosts": allowed_host or [],
        "connections": connections,
        "header_seconds": header_seconds,
        "port": port,
        "abstain_below": abstain_below,
        "max_rows": max_rows,
        "max_bytes": max_bytes,
        "seconds": seconds,
        "engine": engine,
    }
    answer_requests(project, problem, version, parse(ServiceSettings, given, "serve"))

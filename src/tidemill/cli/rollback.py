"""`tidemill rollback`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def rollback(
    problem: ProblemName,
    version: Annotated[
        str | None,
        Argument(metavar="[VERSION]", help="such as v1.0.0 (default: the one before the champion)", show_default=False),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an older version the champion again.

    Examples
    --------
    tidemill rollback spam
    tidemill rollback spam v1.0.0
    """
    from tidemill.runs.model_registry import rollback as roll_back

    with answering(as_json=as_json) as answer:
        champion = roll_back(open_project(problem, mends=False), problem, version)
        answer({"champion": champion}, [f"{champion} is the champion again"])

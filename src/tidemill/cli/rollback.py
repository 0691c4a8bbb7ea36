"""`tidemill rollback`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

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
    reason: Annotated[str, Option("--reason", help="why; kept with the decision")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an older version the champion again.

    Examples
    --------
    tidemill rollback spam
    tidemill rollback spam v1.0.0 --reason "misses the new campaign"
    """
    from tidemill.flows.notifications import ROLLBACK, tell_from_command
    from tidemill.runs.rollback import rollback as roll_back

    with answering(as_json=as_json) as answer:
        project = open_project(problem, mends=False)
        champion = roll_back(project, problem, version, reason)
        tell_from_command(
            project, ROLLBACK, problem, f"{champion} is the champion again: {reason or 'no reason given'}"
        )
        answer({"champion": champion}, [f"{champion} is the champion again"])

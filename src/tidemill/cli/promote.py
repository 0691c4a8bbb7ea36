"""`tidemill promote`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def promote(
    problem: ProblemName,
    *,
    reason: Annotated[str, Option("--reason", help="why; kept with the version")],
    as_json: AsJson = False,
) -> None:
    """Promote the last run's candidate, whatever the gate says.

    It is the candidate of the commit that is checked out. A candidate that did not load in a clean process is refused.

    Examples
    --------
    tidemill promote spam --reason "the champion misses the new campaign"
    """
    from tidemill.flows.notifications import PROMOTION, tell_from_command
    from tidemill.runs.promotion import promote as promote_candidate

    with answering(as_json=as_json) as answer:
        project = open_project(problem, mends=False)
        version = promote_candidate(project, problem, reason)
        tell_from_command(project, PROMOTION, problem, f"{version} is the champion, promoted by a person: {reason}")
        lines = [f"{version} is the champion", f"`tidemill rollback {problem}` takes that back"]
        answer({"champion": version}, lines)

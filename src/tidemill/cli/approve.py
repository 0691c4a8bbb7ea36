"""`tidemill approve`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import complete_problem, open_project


def approve(
    target: Annotated[
        str,
        Argument(
            metavar="PROBLEM|RUN",
            help="a problem, or the id of the Prefect run or the commit that asks",
            autocompletion=complete_problem,
        ),
    ],
    *,
    reason: Annotated[str, Option("--reason", help="why; kept with the decision")],
    rejects: Annotated[
        bool, Option("--reject", help="keep the champion, and ask no more about this candidate")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Promote the candidate that waits, or reject it.

    The gate asks where few rows leave open whether a candidate is better, and where there is no gold.

    Examples
    --------
    tidemill approve spam --reason "better on the new campaign"
    tidemill approve spam --reject --reason "too few rows of the new source"
    """
    from tidemill.flows.notifications import PROMOTION, tell_from_command
    from tidemill.project.layout import problem_names
    from tidemill.runs.pending import open_question
    from tidemill.runs.promotion import approve as promote_candidate
    from tidemill.runs.promotion import reject

    with answering(as_json=as_json) as answer:
        project = open_project(mends=False)
        question = open_question(project, target, problem_names(project.root))
        problem = question.about.problem
        if rejects:
            reject(project, question, reason)
            kept = question.about.champion or "no champion yet"
            lines, version = [f"{problem}: rejected, {kept} stays"], None
        else:
            version = promote_candidate(project, question, reason)
            lines = [f"{version} is the champion", f"`tidemill rollback {problem}` takes that back"]
            tell_from_command(project, PROMOTION, problem, f"{version} is the champion, approved by a person: {reason}")
        answer({"problem": problem, "commit": question.commit, "champion": version, "rejected": rejects}, lines)

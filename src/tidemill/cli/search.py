"""`tidemill search`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def search(
    problem: ProblemName,
    *,
    minutes: Annotated[float, Option(min=0, help="how long the search may take")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Search for better settings of embed and train.

    Examples
    --------
    tidemill search spam --minutes 20
    """
    from tidemill.apps.search.search import search_for

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        report = search_for(project, problem, project.paths(problem).searched, minutes=minutes)
        spent = f"{report.trials} trials, {report.elapsed_seconds} s: reports/{problem}/searched/"
        answer(report, [report.verdict, spent])

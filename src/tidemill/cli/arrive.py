"""`tidemill arrive`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def arrive(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Take new files into a problem's list of batches.

    Examples
    --------
    tidemill arrive spam
    """
    from tidemill.project.arrivals import arrive as take_in

    with answering(as_json=as_json) as answer:
        batches = take_in(open_project(problem), problem)
        answer({"problem": problem, "batches": batches}, [f"{problem}: {', '.join(batches) or 'nothing new'}"])

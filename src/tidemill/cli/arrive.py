"""`tidemill arrive`."""

from __future__ import annotations

from pathlib import Path

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
        open_project(problem)
        batches = take_in(problem, folder=Path())
        answer({"problem": problem, "batches": batches}, [f"{problem}: {', '.join(batches) or 'nothing new'}"])

"""`tidemill arrive`."""

from __future__ import annotations

from dataclasses import asdict

from typer import Exit

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

SOME_REFUSED = 3
"""Exit status where some files were refused."""


def arrive(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Take new files into a problem's list of batches.

    Each is read first. One of which a row cannot be taken is refused with the reason, and the others are taken; mend it and
    run this again. The exit status is 3 where one was refused.

    Examples
    --------
    tidemill arrive spam
    """
    from tidemill.project.arrivals import arrive as take_in
    from tidemill.readers.read import report_reading

    with answering(as_json=as_json) as answer:
        found = take_in(open_project(problem), problem)
        report_reading(found.notes)
        refused = [f"refused: {one.source}: {one.reason}" for one in found.refused]
        content = {"problem": problem, "batches": found.batches, "refused": [asdict(one) for one in found.refused]}
        answer(content, [f"{problem}: {', '.join(found.batches) or 'nothing new'}", *refused])
    if found.refused:
        raise Exit(SOME_REFUSED)

"""`tidemill arrive`."""

from __future__ import annotations

from typing import Annotated

from typer import Exit, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

SOME_REFUSED = 3
"""Exit status where some files were refused."""


def arrive(
    problem: ProblemName,
    *,
    retry: Annotated[
        bool, Option("--retry", help="read refused files again although neither they nor the settings have changed")
    ] = False,
    fetch: Annotated[bool, Option("--fetch", help="fetch images that tables name by URLs, up to 50 MB each")] = False,
    as_json: AsJson = False,
) -> None:
    """Take new files into a problem's list of batches.

    Each is read first. One of which a row cannot be taken is set aside as a whole with the reason, and the others are taken; once it
    is mended, the next run takes it, and so does this command. The exit status is 3 where one was refused.

    Examples
    --------
    tidemill arrive spam
    tidemill arrive spam --retry
    """
    from tidemill.project.arrivals import arrive as take_in
    from tidemill.readers.read import report_reading

    with answering(as_json=as_json) as answer:
        result = take_in(open_project(problem), problem, retry=retry, fetch=fetch)
        report_reading(result.notes)
        refused = [f"refused: {item.source}: {item.reason}" for item in result.refused]
        left_out = [{"source": item.source, "reason": item.reason} for item in result.refused]
        content = {"problem": problem, "batches": result.batches, "refused": left_out}
        answer(content, [f"{problem}: {', '.join(result.batches) or 'nothing new'}", *refused])
    if result.refused:
        raise Exit(SOME_REFUSED)

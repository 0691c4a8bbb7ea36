"""`tidemill arrive`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Exit, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_for_rows, open_project
from tidemill.common.spelling import counted

SOME_REFUSED = 3
"""Exit status where some files were refused."""


def arrive(
    problem: ProblemName,
    *,
    retry: Annotated[
        bool, Option("--retry", help="read refused files again although neither they nor the settings have changed")
    ] = False,
    fetch: Annotated[bool, Option("--fetch", help="fetch images that tables name by URLs, up to 50 MB each")] = False,
    undo: Annotated[
        str | None, Option("--undo", metavar="BATCH", help="take a batch back that no version has learned from")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take new files into a problem's list of batches.

    Labels that a file has for rows of earlier batches go to the history of gold, and a file of such rows alone becomes no batch.
    A file that has changed since it arrived is named. Each is read first. One of which a row cannot be taken is set aside as a whole with the reason, and the others are taken; once it
    is mended, the next run takes it, and so does this command. The exit status is 3 where one was refused.

    Examples
    --------
    tidemill arrive spam
    tidemill arrive spam --retry
    tidemill arrive spam --undo sms-3
    """
    if undo is not None:
        return _take_back(problem, undo, as_json=as_json)
    from tidemill.project.arrivals import arrive as take_in
    from tidemill.readers.read import report_reading

    with answering(as_json=as_json) as answer:
        result = take_in(open_for_rows(problem), problem, retry=retry, fetch=fetch)
        report_reading(result.notes)
        refused = [f"refused: {item.source}: {item.reason}" for item in result.refused]
        left_out = [{"source": item.source, "reason": item.reason} for item in result.refused]
        labels = len(result.answers)
        content = {"problem": problem, "batches": result.batches, "labels": labels, "refused": left_out}
        found = [*result.batches, *([f"{counted(labels, 'label')} for rows that were there"] if labels else [])]
        answer(content, [f"{problem}: {', '.join(found) or 'nothing new'}", *refused])
    if result.refused:
        raise Exit(SOME_REFUSED)
    return None


def _take_back(problem: str, batch: str, *, as_json: bool) -> None:
    from tidemill.runs.undo_arrival import undo_arrival

    with answering(as_json=as_json) as answer:
        done = undo_arrival(open_project(problem), problem, batch)
        what = f"batch {batch!r} is taken back" if done.is_batch else f"the labels of {done.source} are taken back"
        labels = (
            f", and {counted(done.withdrawn, 'label')} for earlier rows" if done.is_batch and done.withdrawn else ""
        )
        lines = [f"{problem}: {what}{labels}"]
        if done.later:
            lines.append(f"  made again without it: {', '.join(done.later)}")
        if done.is_there:
            lines.append(
                f"{done.source} is left where it is and arrives anew with the next look: mend it or take it away first"
            )
        answer({"problem": problem, **asdict(done)}, lines)

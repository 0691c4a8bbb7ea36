"""`tidemill doctor`."""

from __future__ import annotations

from typing import Annotated

from typer import Exit, Option

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

SOME_LEFT = 3
"""Exit status where something is left that is not as it should be."""


def doctor(
    *,
    fix: Annotated[bool, Option("--fix", help="mend what can be mended without losing anything")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for damage and leftovers, and what to do about them.

    In the repository, versions and local state: what a killed command has left, tags that were deleted or torn, locks that nobody holds, a disk that is full or cannot be
    written: each with what to do about it. The exit status is 3 where something is left.

    Examples
    --------
    tidemill doctor
    tidemill doctor --fix
    """
    from tidemill.runs.doctor.examine import examine, mend_all

    with answering(as_json=as_json) as answer:
        project = open_project(mends=False)
        done = mend_all(project) if fix else []
        left = examine(project)
        lines = [*(f"mended: {line}" for line in done), *map(str, left)]
        content = {
            "mended": done,
            "left": [{"what": item.what, "remedy": item.remedy, "can_fix": item.fix is not None} for item in left],
        }
        answer(content, lines or ["nothing is wrong"])
    if left:
        raise Exit(SOME_LEFT)

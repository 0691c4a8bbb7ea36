"""`tidemill diff`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def diff(
    problem: ProblemName,
    old: Annotated[str, Argument(metavar="OLD", help="a version such as v1.0.0")],
    new: Annotated[
        str | None, Argument(metavar="[NEW]", help="a version (default: the champion)", show_default=False)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions of a model.

    Scores, batches, labeling functions, settings, code and outputs.

    Examples
    --------
    tidemill diff spam v1.0.0 v1.1.0
    tidemill diff spam v1.0.0 --json
    """
    from tidemill.apps.lineage.comparison import diff_lines, version_diff

    with answering(as_json=as_json) as answer:
        result = version_diff(open_project(problem), problem, old, new)
        answer(result, diff_lines(result))

"""`tidemill lf try`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, OneProblem, OutFile
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def try_function(
    name: Annotated[str, Argument(metavar="FUNCTION", help="the labeling function, as it stands in its file now")],
    *,
    problem: OneProblem = None,
    rows: Annotated[
        int | None,
        Option(
            "--rows", metavar="N", min=1, help="size of the sample (5000 texts, 400 images, 20 for a prompt; dev first)"
        ),
    ] = None,
    show: Annotated[int, Option(metavar="N", min=0, help="rows to show of each kind")] = 5,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Apply one labeling function to a sample of rows.

    Shows rows that it labels, rows on which others contradict it, and near misses. A prompt is sent the rows of the sample that it was
    never asked about, within its budget, and the answers are kept: a run does not ask again.

    Examples
    --------
    tidemill lf try shouts
    tidemill lf try shouts --problem spam --show 20
    tidemill lf try asked --problem spam --rows 50
    """
    from tidemill.apps.workbench.problem_view import problem_with
    from tidemill.apps.workbench.try_function import evaluate_function, printed

    with answering(as_json=as_json, out=out) as answer:
        report = evaluate_function(problem_with(open_project(problem), name, problem), name, size=rows, shown=show)
        answer(report, printed(report))

"""`tidemill lf explain`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson, OneProblem, OutFile
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def explain(
    row: Annotated[str, Argument(metavar="ROW", help="row_id, or the beginning of one")],
    *,
    problem: OneProblem = None,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Explain the label of a row.

    Shows every vote, how far it moved the label, and what would flip it.

    Examples
    --------
    tidemill lf explain 3f2a
    """
    from tidemill.apps.workbench.explain_row import explain_row, printed

    with answering(as_json=as_json, out=out) as answer:
        report = explain_row(open_project(problem), row, problem)
        answer(report, printed(report))

"""`tidemill gold list`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson, OutFile, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def list_labels(
    problem: ProblemName,
    row: Annotated[
        str | None, Argument(metavar="[ROW]", help="a row_id, key or file name: its history", show_default=False)
    ] = None,
    *,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Count the labels, or show the history of a row.

    They are counted by split, class, batch, source and person.

    Examples
    --------
    tidemill gold list spam
    tidemill gold list spam sms-17
    """
    from tidemill.apps.gold.overview import gold_overview, history_lines, overview_lines, row_history

    with answering(as_json=as_json, out=out) as answer:
        project = open_project(problem)
        if row is None:
            overview = gold_overview(project, problem)
            answer(overview, overview_lines(overview))
        else:
            history = row_history(project, problem, row)
            answer(history, history_lines(row, history))

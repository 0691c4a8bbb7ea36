"""`tidemill lineage`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def lineage(
    problem: ProblemName,
    what: Annotated[
        str, Argument(metavar="VERSION|ROW_ID", help="a version such as v1.0.0, or a row_id or its beginning")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a version or a row is made of.

    Of a version: batches, labeling functions, settings, code, outputs and scores. Of a row: its file, votes, label, and
    the versions that had it.

    Examples
    --------
    tidemill lineage spam v1.0.0
    tidemill lineage spam 0a6f2c4e
    """
    from tidemill.apps.lineage.row import row_lineage, row_lines
    from tidemill.apps.lineage.version import is_version, version_lineage, version_lines

    project = open_project(problem)
    with answering(as_json=as_json) as answer:
        if is_version(what):
            version = version_lineage(project, problem, what)
            answer(version, version_lines(version))
        else:
            row = row_lineage(project, problem, what)
            answer(row, row_lines(row))

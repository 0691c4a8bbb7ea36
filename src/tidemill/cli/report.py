"""`tidemill report`."""

from __future__ import annotations

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def report(*, as_json: AsJson = False) -> None:
    """Write reports/index.html and print the summary.

    Examples
    --------
    tidemill report
    """
    from tidemill.apps.reports.index_page import render, summary

    with answering(as_json=as_json) as answer:
        project = open_project()
        summaries = {name: summary(project, name) for name in project.compose()["problems"]}
        page = render(project, list(summaries))
        lines = [line for text in summaries.values() for line in (*text.splitlines(), "")]
        answer({"page": page, "summaries": summaries}, [*lines, str(page)])

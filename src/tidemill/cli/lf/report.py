"""`tidemill lf report`."""

from __future__ import annotations

from tidemill.cli.lf.problems import chosen
from tidemill.cli.options import AnyProblem, AsJson, OutFile, SampleSize
from tidemill.cli.output import answering


def report(
    problem: AnyProblem = None,
    *,
    rows: SampleSize = None,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Show all labeling functions on an HTML page.

    Examples
    --------
    tidemill lf report spam
    """
    from tidemill.apps.workbench.page import page

    with answering(as_json=as_json, out=out) as answer:
        pages = [str(page(look, size=rows)) for look in chosen(problem)]
        answer(pages, pages)

"""`tidemill lf diff`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.lf.problems import chosen, problem_and_rest
from tidemill.cli.options import AnyProblem, AsJson, OutFile, SampleSize
from tidemill.cli.output import answering


def diff(
    problem: AnyProblem = None,
    *,
    against: Annotated[str, Option(metavar="REVISION", help="a git revision or a version, such as v1.0.0")] = "HEAD",
    rows: SampleSize = None,
    show: Annotated[int, Option(metavar="N", min=0, help="rows to show of each kind")] = 3,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Compare votes with those of an earlier revision.

    Tells which labeling functions' votes changed, and on which rows.

    Examples
    --------
    tidemill lf diff spam
    tidemill lf diff spam --against v1.0.0
    """
    from tidemill.apps.workbench.diff import diff as compare
    from tidemill.apps.workbench.diff import printed

    with answering(as_json=as_json, out=out) as answer:
        reports = [compare(look, against=against, size=rows, shown=show) for look in chosen(problem)]
        answer(reports, problem_and_rest([printed(report) for report in reports]))

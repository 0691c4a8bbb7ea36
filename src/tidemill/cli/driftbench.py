"""`tidemill driftbench`."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Exit, Option

from tidemill.cli.options import AnyProblem, AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def driftbench(
    problem: AnyProblem = None,
    *,
    quick: Annotated[bool, Option("--quick", help="a few streams of each kind, in five minutes")] = False,
    check: Annotated[bool, Option("--check", help="exit with 1 where a target is missed")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure false alarms and delays of the drift monitor.

    Streams are drawn from the rows of the packaged problems, so the project has to have been run. 500 streams of a year without a
    change for each of five kinds take hours on one core; the results are in reports/driftbench.json.

    Examples
    --------
    tidemill driftbench --quick
    tidemill driftbench spam --check
    """
    from tidemill.apps.studies.driftbench.run import driftbench as measure

    with answering(as_json=as_json) as answer:
        names = [] if problem is None else [problem]
        report = measure(open_project(problem), names, quick=quick, say=lambda line: print(line, file=sys.stderr))
        lines = [f"missed: {line}" for line in report.missed] or ["all targets are reached"]
        answer(report, lines)
    if check and report.missed:
        raise Exit(1)

"""`tidemill simulate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Exit, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def simulate(
    problem: ProblemName,
    *,
    days: Annotated[int, Option("--days", metavar="N", min=2)] = 30,
    seed: Annotated[int, Option("--seed", metavar="N", help="of the rows and the moment of the kill")] = 1,
    rows: Annotated[int | None, Option("--rows", metavar="N", min=20, help="of each day")] = None,
    folder: Annotated[
        Path | None, Option("--folder", metavar="FOLDER", resolve_path=True, help="keep the project there")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a month of batches with a drift and accidents.

    A temporary project of a packaged problem, a real Prefect server and its schedule; a season, a drift, a lost event, a kill -9 of the
    flow and a broken batch. The exit status is 1 where it does not end in the right champion.

    Examples
    --------
    tidemill simulate spam
    tidemill simulate solar --days 5 --seed 2
    """
    from tidemill.common.extras import require
    from tidemill.flows.simulation.run import simulate as run

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        require("prefect")
        report = run(
            project,
            problem,
            days=days,
            seed=seed,
            rows=rows,
            folder=folder,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
        report.write(project.root / "reports" / f"simulation-{problem}.json")
        lines = [f"{'as it must be' if one.passed else 'FAILED'}: {one.what} ({one.found})" for one in report.checks]
        answer(report, lines)
    if report.failed:
        raise Exit(1)

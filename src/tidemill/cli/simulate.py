"""`tidemill simulate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Exit, Option

from tidemill.cli.options import AnyProblem, AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

if TYPE_CHECKING:
    from tidemill.reports.simulation import Simulation


def simulate(
    problem: AnyProblem = None,
    *,
    days: Annotated[int, Option("--days", metavar="N", min=2)] = 30,
    seed: Annotated[int, Option("--seed", metavar="N", min=0, help="of the rows and the moment of the kill")] = 1,
    rows: Annotated[int | None, Option("--rows", metavar="N", min=20, help="of each day")] = None,
    folder: Annotated[
        Path | None,
        Option(
            "--folder", metavar="FOLDER", resolve_path=True, help="keep the projects there, each in a folder of its own"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a month of batches with a drift and accidents.

    A temporary project of each packaged problem, a real Prefect server and its schedule; a season, a drift, a lost event, a kill -9 of the
    flow and a broken batch. The exit status is 1 where it does not end in the right champion, and each check that failed is named.

    Examples
    --------
    tidemill simulate
    tidemill simulate solar --days 5 --seed 2
    """
    from tidemill.apps.studies.driftbench.population import SOURCES
    from tidemill.common.extras import require
    from tidemill.flows.simulation.run import simulate as run

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        require("prefect")
        reports = []
        for name in [problem] if problem else [name for name in SOURCES if name in project.problems]:
            report = run(
                project,
                name,
                days=days,
                seed=seed,
                rows=rows,
                folder=folder and folder / name,
                say=lambda line: print(line, file=sys.stderr, flush=True),
            )
            report.write(project.root / "reports" / f"simulation-{name}.json")
            reports.append(report)
        answer(reports, [line for report in reports for line in _lines(report)])
    if any(report.failed for report in reports):
        raise Exit(1)


def _lines(report: Simulation) -> list[str]:
    return [
        f"{report.problem}: {'as it must be' if one.passed else 'FAILED'}: {one.what} ({one.found})"
        for one in report.checks
    ]

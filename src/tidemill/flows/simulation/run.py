"""A simulation from the temporary project to the report."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tidemill.apps.studies.driftbench.population import SOURCES
from tidemill.common.files import make_folder
from tidemill.common.spelling import did_you_mean
from tidemill.errors import ConfigError
from tidemill.flows.simulation.api import Api
from tidemill.flows.simulation.checks import check
from tidemill.flows.simulation.drive import Drive
from tidemill.flows.simulation.plan import plan_days
from tidemill.flows.simulation.project import make_project
from tidemill.flows.simulation.rows import Rows
from tidemill.ingest.settings import IngestSettings
from tidemill.project.packages import fetch_for
from tidemill.project.project import Project
from tidemill.reports.simulation import Simulation
from tidemill.runs.local_addresses import HOST
from tidemill.runs.prefect_server import up

ROWS: Final = {"spam": (700, 80), "solar": (420, 40)}
"""Packaged problem, and how many rows there are before the first day and on each."""

_RARE: Final = {"spam": 0.13, "solar": 0.3}
"""Share of the rarer class on days of the week; there are enough rows for a month."""


def simulate(  # noqa: PLR0913 - what is simulated, and where
    origin: Project,
    problem: str,
    *,
    days: int,
    seed: int,
    folder: Path | None = None,
    rows: int | None = None,
    say: Callable[[str], None],
) -> Simulation:
    """Feed days of batches to a real server in a temporary project, and check what it came to.

    Parameters
    ----------
    origin
        A project that has the packaged problem.
    problem
        Its name.
    days
        How many.
    seed
        By which rows and the moment of the kill are drawn.
    folder
        Where the project is made, to be kept; None: a temporary folder.
    rows
        Of a day; the batch before the first day is twice as large. None: as many as a month allows.
    say
        Called with each event.

    Returns
    -------
    Simulation

    Raises
    ------
    ConfigError
        It is no packaged problem, or there are too few days.
    RunError
        Something that had to happen did not.
    """
    if problem not in SOURCES or problem not in origin.problems:
        there = [name for name in SOURCES if name in origin.problems]
        raise ConfigError(f"{problem!r} is no packaged problem of this project{did_you_mean(problem, there)}")
    plan = plan_days(days)
    fetch_for([problem], origin.shared)
    n_first, n_day = (2 * rows, rows) if rows else ROWS[problem]
    with _place(folder) as top:
        project = make_project(origin, problem, top / "project")
        incoming = origin.shared / "data" / "incoming" / problem
        settings = origin.load(problem, "ingest", IngestSettings)[1]
        drawn = Rows.of(problem, incoming.glob("[!.]*"), str(settings.gold), seed=seed)
        port = _free_port()
        with up(project, port=port, pages_port=_free_port()):
            drive = Drive(project, problem, Api(port), drawn, n_day, _RARE[problem], seed, say)
            drive.run(plan, n_first)
            checks = check(drive, plan)
    return Simulation(problem=problem, days=days, rows=n_day, seed=seed, events=tuple(drive.events), checks=checks)


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        if folder.exists():
            raise ConfigError(f"{folder} is there already: --folder is made new, name another")
        make_folder(folder)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tidemill-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])

"""How far the stages of a run are, in a file of the project's local state: whoever looks need not have started the run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tidemill.project.project import Project
from tidemill.runs.checkout import repository_state

if TYPE_CHECKING:  # pydantic takes long to import, and commands that only look need it not
    from tidemill.reports.run_progress import RunProgress
    from tidemill.runs.plan import Step

_ONE_WRITES: Final = threading.Lock()
"""Stages that do not wait for each other end in threads of one process."""


def run_lock(project: Project, problem: str) -> Path:
    """Locate the lock that the run of a problem holds, so that there is one at a time on this machine.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    Path
        To be given to ``tidemill.common.locks``.
    """
    return repository_state(project.shared) / "locks" / problem


def begin_progress(project: Project, problem: str, steps: Sequence[Step], *, flow_run: str | None) -> None:
    """Write that a run has been planned, in place of what is known of the run before.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    steps
        Steps of the plan.
    flow_run
        Id of the Prefect run; None where there is none.
    """
    from tidemill.reports.run_progress import RunProgress, StageProgress

    stages = tuple(StageProgress(stage=step.stage, state="waiting" if step.changed else "not needed") for step in steps)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    RunProgress(flow_run=flow_run, started=started, stages=stages).write(_file(project, problem))


def note_stage(project: Project, address: str, state: str, error: str | None = None) -> None:
    """Write the state of a stage of the run.

    Parameters
    ----------
    project
        The project.
    address
        Of the stage, such as ``train@spam``.
    state
        As in ``StageProgress``.
    error
        Why it failed.
    """
    from tidemill.reports.run_progress import RunProgress, StageProgress

    stage, _, problem = address.partition("@")
    changed = StageProgress.model_validate({"stage": stage, "state": state, "error": error})
    with _ONE_WRITES:
        progress = read_progress(project, problem)
        if progress is not None:
            stages = tuple(changed if one.stage == stage else one for one in progress.stages)
            RunProgress(flow_run=progress.flow_run, started=progress.started, stages=stages).write(
                _file(project, problem)
            )


def read_progress(project: Project, problem: str) -> RunProgress | None:
    """Read how far the last run of a problem is, or how far it came.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    RunProgress or None
        None where no run is known.
    """
    from tidemill.reports.run_progress import RunProgress

    return RunProgress.read_if_there(_file(project, problem))


def _file(project: Project, problem: str) -> Path:
    return project.state / "progress" / f"{problem}.json"

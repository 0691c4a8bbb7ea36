"""Stages of a problem run in the user's checkout, committed or not: ``tidemill compose`` and ``dvc repro`` of what has changed.

Nothing is committed, compared with the champion or promoted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tidemill.common.locks import locked
from tidemill.common.spelling import counted
from tidemill.errors import RunError, TidemillError
from tidemill.project.compose import compose_all
from tidemill.project.config import load_params
from tidemill.project.packages import fetch_for
from tidemill.project.project import Project
from tidemill.runs.plan import Step, plan_apart, steps_up_to
from tidemill.runs.run_progress import begin_progress, note_stage, run_lock
from tidemill.runs.subprocesses import end_commands_on_interrupt
from tidemill.runs.worktree import Workspace


def run_in_place(project: Project, problem: str, last: str) -> tuple[str, ...]:
    """Run a stage, and those that it waits for, where they have changed.

    Parameters
    ----------
    project
        The user's checkout.
    problem
        Name of the problem.
    last
        Name of the stage, such as ``denoise``.

    Returns
    -------
    tuple of str
        Addresses of the stages that were run.

    Raises
    ------
    ConfigError
        The settings compose to nothing valid.
    RunError
        A stage failed, or there is no such stage.
    """
    with locked(run_lock(project, problem)):
        compose_all(project, load_params(project.params).get("overrides", []))
        fetch_for([problem], project.shared)
        work = Workspace(project.root, project.shared, "HEAD")
        steps = steps_up_to(f"{last}@{problem}", plan_apart(work, problem))
        if not steps:
            raise RunError(f"dvc.yaml has no stage {last}@{problem}")
        begin_progress(project, problem, steps, flow_run=None)
        return tuple(step.address for step in steps if step.changed and _has_run(step, work))


def _has_run(step: Step, work: Workspace) -> bool:
    lines: list[str] = []
    note_stage(work.project, step.address, "running")
    try:
        work.dvc("repro", "--single-item", step.address, say=lines.append)
    except RunError as error:
        note_stage(work.project, step.address, "failed", str(error))
        raise RunError(f"stage {step.address}: {error}") from error
    state = outcome_of(lines)
    note_stage(work.project, step.address, state)
    return state == "done"


def outcome_of(lines: list[str]) -> str:
    """Tell from what ``dvc repro`` printed of a stage what became of it.

    Parameters
    ----------
    lines
        Lines of its output.

    Returns
    -------
    str
        ``done``, ``restored`` from the run cache, or ``not needed``.
    """
    if any("didn't change, skipping" in line for line in lines):
        return "not needed"
    return "restored" if any("is cached - skipping run" in line for line in lines) else "done"


def main() -> None:
    """Run the stages of ``FOLDER PROBLEM STAGE``; print what ran as JSON, or ``error: `` and why."""
    end_commands_on_interrupt()
    try:
        ran = run_in_place(Project.open(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
    except TidemillError as error:
        sys.exit(f"error: {error}")
    print(json.dumps({sys.argv[2]: [f"{counted(len(ran), 'stage')} computed in place"]}))


if __name__ == "__main__":
    main()

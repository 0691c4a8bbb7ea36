"""Batches that have arrived: has the data moved, does that cost accuracy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.events import emit_event

from tidemill.flows.problem_cycle import only_run, planned_steps, prepare, take_in_arrivals
from tidemill.flows.steps import run_steps
from tidemill.monitor.retrain_decision import RETRAIN, TRAIN
from tidemill.project.compose import expand, require_problem
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift
from tidemill.runs.checkout import require_repository
from tidemill.runs.flow_records import note_flow_run
from tidemill.runs.plan import Step
from tidemill.runs.worktree import workspace


def monitor_problems(project: Project, problem: str, *, refresh: Callable[[str], object] | None) -> dict[str, str]:
    """Look at the batches that have arrived, and refresh where their drift does harm.

    Nothing is published: a batch that does no harm stays where it is, to be learned from at the next refresh. Its
    features and votes are in the run cache by then.

    Parameters
    ----------
    project
        The project; what is committed in its main checkout is run.
    problem
        Name of a problem, or ``all``.
    refresh
        What to do with a problem whose model needs it; None for nothing.

    Returns
    -------
    dict
        Problem to decision: keep, retrain, train, or that nothing has arrived.
    """
    note_flow_run(project)
    chosen, _ = expand([f"problem={problem}"], conf=project.conf)
    require_problem(chosen)
    require_repository(project.shared)
    decisions = {name: check_drift(str(project.root), name) for name in chosen}
    for name, decision in decisions.items():
        if refresh is not None and decision in (RETRAIN, TRAIN):
            refresh(name)
    return decisions


@flow(name="look", flow_run_name="look at {problem}")
def check_drift(root: str, problem: str) -> str:
    """Run the monitor stage of one problem on the batches that have arrived.

    Parameters
    ----------
    root
        Top folder of the project.
    problem
        Name of the problem.

    Returns
    -------
    str
        The decision of the monitor, or a sentence where nothing has arrived.
    """
    log, project = get_run_logger(), Project.open(Path(root))
    note_flow_run(project)
    with only_run(project, problem, log), workspace(project.shared) as work:
        prepare(work, problem, [], log=log)
        if not take_in_arrivals(work, problem, log=log):
            return "nothing has arrived"
        steps = planned_steps(work, problem)
        run_steps(_up_to(f"monitor@{problem}", steps), work)
        drift = Drift.read(work.project.paths(problem).reports / "drift.json")
        drift.write(project.paths(problem).last_drift)
    for reason in drift.reasons:
        log.info(f"{problem}: {reason}")
    emit_event(f"tidemill.{drift.decision}", resource={"prefect.resource.id": f"tidemill.problem.{problem}"})
    return drift.decision


def _up_to(address: str, steps: list[Step]) -> list[Step]:
    """Pick the steps that the addressed one waits for, and itself."""
    wanted = {address}
    for step in reversed(steps):
        if step.address in wanted:
            wanted |= set(step.after)
    return [step for step in steps if step.address in wanted]

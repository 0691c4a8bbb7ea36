"""Batches that have arrived: has the data moved, what is to be done about it, and is what was decided before done."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from prefect import flow, get_run_logger
from prefect.runtime import deployment

from tidemill.common.files import md5_of
from tidemill.flows.decisions import decision_key, find_due, gave_up, last_decision
from tidemill.flows.events import emit
from tidemill.flows.kept_tables import keep_tables
from tidemill.flows.notifications import notify_alarm, notify_decision, notify_failure
from tidemill.flows.problem_cycle import only_run, planned_steps, prepare, take_in_arrivals
from tidemill.flows.steps import run_steps
from tidemill.flows.unchanged import (
    has_new_labels,
    has_new_sources,
    has_unlearned_batches,
    incoming_files,
    is_looked_at,
    keep_look,
)
from tidemill.monitor.retrain_decision import without_champion
from tidemill.project.compose import expand, require_problem
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift
from tidemill.runs.checkout import require_repository
from tidemill.runs.flow_records import note_flow_run
from tidemill.runs.model_registry import read_registry
from tidemill.runs.plan import steps_up_to
from tidemill.runs.worktree import Workspace, workspace

_NOTHING_ARRIVED: Final = "nothing has arrived"


class Refresh(Protocol):
    """The project's flow ``refresh``."""

    def __call__(self, problem: str, *, because: str) -> object:
        """Carry out the decision with the key ``because``."""


def monitor_problems(project: Project, problem: str, *, refresh: Refresh | None) -> dict[str, str]:
    """Look at the batches that have arrived, and see to it that what is decided happens once.

    A decision that an earlier look made and that nothing has carried out, as when its event was lost or the run was
    killed, is carried out first. A new decision is emitted as an event. Where this run is of a deployment, an automation
    of the server starts the refresh, or the next look does; else this run does it.

    Nothing is published by a look: a batch that does no harm stays where it is, to be learned from at the next refresh.
    Its tables and features are kept for that run, and its votes are in the cache.

    Parameters
    ----------
    project
        The project; what is committed in its main checkout is run.
    problem
        Name of a problem, or ``all``.
    refresh
        What carries out a decision; None: nothing is carried out.

    Returns
    -------
    dict
        Problem to decision, or that nothing has arrived.
    """
    note_flow_run(project)
    chosen, _ = expand([f"problem={problem}"], conf=project.conf)
    require_problem(chosen)
    require_repository(project.shared)
    return {name: _look(project, name, refresh) for name in chosen}


def _look(project: Project, problem: str, refresh: Refresh | None) -> str:
    log = get_run_logger()
    missed = find_due(project, problem)
    makes_up = refresh is not None and missed is not None and missed.held is None
    if refresh is not None and missed is not None and makes_up:
        log.info(f"{problem}: {missed.decision} was decided by an earlier look and has not happened: it is done now")
        refresh(problem, because=missed.key)
    decision = check_drift(str(project.root), problem)
    due = find_due(project, problem)
    if (message := gave_up(project, problem)) is not None:
        log.warning(f"{problem}: {message}")
    if due is not None and due.held is not None:
        log.info(f"{problem}: {due.decision} is held back: {due.held}")
    elif (
        refresh is not None and due is not None and deployment.id is None and (missed is None or missed.key != due.key)
    ):
        refresh(problem, because=due.key)
    return missed.decision if makes_up and missed is not None and decision == _NOTHING_ARRIVED else decision


@flow(name="look", flow_run_name="look at {problem}", on_failure=[notify_failure], on_crashed=[notify_failure])
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
    files, before = incoming_files(project.main, problem), last_decision(project, problem)
    unlearned = has_unlearned_batches(project.main, problem)  # labels of their rows may have come since
    unlearned |= has_new_labels(project.main, problem)
    if not unlearned and not has_new_sources(project.main, problem):
        return _NOTHING_ARRIVED
    if before is not None and is_looked_at(project.main, problem, files):
        log.info(f"{problem}: nothing has arrived since the last look, whose decision is {before.decision}")
        return before.decision
    with only_run(project, problem, log), workspace(project.shared) as work:
        prepare(work, problem, [], log=log)
        if not take_in_arrivals(work, problem, log=log) and not unlearned:
            keep_look(project.main, problem, files)  # what is refused is not read again until it changes
            return _NOTHING_ARRIVED
        drift = _looked_at(work, problem)
        drift.write(project.paths(problem).last_drift)
    for reason in drift.reasons:
        log.info(f"{problem}: {reason}")
    _emit(project, problem, drift, before)
    notify_alarm(project, problem, drift, before)
    keep_look(project.main, problem, files)
    return drift.decision


def _looked_at(work: Workspace, problem: str) -> Drift:
    paths = work.project.paths(problem)
    if read_registry(work.project, problem).champion is None:  # no stage has to run to know that
        return without_champion(arrived=md5_of(paths.manifest))
    run_steps(steps_up_to(f"monitor@{problem}", planned_steps(work, problem)), work)
    drift = Drift.read(paths.reports / "drift.json")
    keep_tables(paths, list(drift.batches))
    return drift


def _emit(project: Project, problem: str, drift: Drift, before: Drift | None) -> None:
    """A decision is emitted when it is made; one that is held back is carried out by a later look, without an event."""
    key, due = decision_key(drift), find_due(project, problem)
    if (before is None or decision_key(before) != key) and (due is None or due.held is None):
        emit(problem, drift.decision, key, drift.reasons)
        notify_decision(project, problem, drift.decision, drift.reasons)

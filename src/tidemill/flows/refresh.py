"""Problems brought up to date side by side, and better models promoted.

What a stage does stands in ``dvc.yaml``, which is compiled into one task for each stage.
"""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prefect import flow, get_run_logger

from tidemill.apps.reports.index_page import render
from tidemill.flows.notifications import notify_failure
from tidemill.flows.problem_cycle import CycleResult, refresh_cycles
from tidemill.project.compose import expand, require_problem
from tidemill.project.packages import fetch_for
from tidemill.project.project import Project
from tidemill.runs.checkout import branch_to_publish_on, require_repository
from tidemill.runs.dvc_config import share_cache
from tidemill.runs.flow_records import note_flow_run
from tidemill.runs.subprocesses import end_commands
from tidemill.runs.worktree import synchronise_data


def refresh_problems(
    project: Project, problem: str, overrides: list[str], *, because: str = ""
) -> dict[str, list[str]]:
    """Bring every stage of problems up to date, and promote what is better.

    Parameters
    ----------
    project
        The project; what is committed in its main checkout is run.
    problem
        Name of a problem, or ``all``.
    overrides
        Settings to change, such as ``train.optimizer.max_epochs=3``.
    because
        Key of the monitor's decision that is to be carried out; it is not where that has happened already.

    Returns
    -------
    dict
        Problem to what each of its cycles came to.

    Raises
    ------
    ConfigError
        A word names no problem, option or key.
    RunError
        A stage failed.
    """
    note_flow_run(project)
    chosen, expanded = expand([f"problem={problem}", *overrides], conf=project.conf)
    require_problem(chosen)
    require_repository(project.shared)
    branch_to_publish_on(project.shared)
    share_cache(project.shared)
    fetch_for(chosen, project.shared)
    outcomes = _side_by_side(project, chosen, expanded, because)
    if not all(cycle.was_idle for cycles in outcomes.values() for cycle in cycles):
        synchronise_data(project.shared, chosen, get_run_logger().info)
    render(project, chosen)
    return {name: [outcome.summary for outcome in cycles] for name, cycles in outcomes.items()}


def _side_by_side(
    project: Project, problems: list[str], overrides: list[str], because: str
) -> dict[str, list[CycleResult]]:
    """One that fails does not stop the others."""
    try:
        with ThreadPoolExecutor(max_workers=len(problems)) as pool:
            futures = {
                name: pool.submit(
                    contextvars.copy_context().run, refresh_problem, str(project.root), name, overrides, because
                )
                for name in problems
            }
    except BaseException:  # a signal: the threads wait for their commands, and this process for its threads
        end_commands()
        raise
    return {name: future.result() for name, future in futures.items()}


@flow(
    name="refresh-problem",
    flow_run_name="refresh {problem}",
    persist_result=False,
    on_failure=[notify_failure],
    on_crashed=[notify_failure],
)
def refresh_problem(root: str, problem: str, overrides: list[str], because: str = "") -> list[CycleResult]:
    """Bring one problem up to date.

    Parameters
    ----------
    root
        Top folder of the project.
    problem
        Name of the problem.
    overrides
        In Hydra's grammar, such as ``spam.train.seed=1``.
    because
        Key of the monitor's decision that is to be carried out.

    Returns
    -------
    list of CycleResult
        Per cycle: what was computed, what was promoted or kept, and why.
    """
    project = Project.open(Path(root))
    note_flow_run(project)
    return refresh_cycles(project, problem, overrides, log=get_run_logger(), because=because)

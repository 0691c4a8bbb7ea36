"""When new rows, functions or settings are there: bring every stage up to date, and promote what is better.

The flow knows when; what a stage does stands in ``dvc.yaml``, which is compiled into one task per stage.
"""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from prefect import flow, get_run_logger
from pydantic import Field

from flows.cycle import Outcome, refresh_cycles
from flows.project import Choice, this_project
from tidemill.apps.reports.index_page import render
from tidemill.project.compose import expand
from tidemill.project.packages import fetch_for
from tidemill.runs.worktree import synchronise_data

Overrides = Annotated[
    list[str], Field(description="settings to change, such as train.max_epochs=3 or denoise=majority")
]


@flow(name="refresh", flow_run_name="refresh {problem}")
def refresh(problem: Choice = "all", overrides: Overrides = []) -> dict[str, list[str]]:  # noqa: B006 - shown in the form
    """Problem (or all) and overrides → what each cycle of each problem came to."""
    project = this_project()
    chosen, expanded = expand([f"problem={problem}", *overrides], conf=project.conf)
    fetch_for(chosen, project.shared)
    outcomes = _side_by_side(chosen, expanded)
    synchronise_data(project.shared, get_run_logger().info)
    render(project, chosen)
    return {name: [outcome.told for outcome in cycles] for name, cycles in outcomes.items()}


def _side_by_side(problems: list[str], overrides: list[str]) -> dict[str, list[Outcome]]:
    """Problems → their outcomes, each in a subflow of its own; one that fails does not stop the others."""
    with ThreadPoolExecutor(max_workers=len(problems)) as pool:
        futures = {
            name: pool.submit(contextvars.copy_context().run, refresh_problem, name, overrides) for name in problems
        }
    return {name: future.result() for name, future in futures.items()}


@flow(name="refresh-problem", flow_run_name="refresh {problem}", persist_result=False)
def refresh_problem(problem: str, overrides: list[str]) -> list[Outcome]:
    """One problem → its outcomes: what was computed, what drifted, what was promoted or kept and why."""
    return refresh_cycles(this_project(), problem, overrides, log=get_run_logger())

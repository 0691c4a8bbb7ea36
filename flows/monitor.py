"""When batches have arrived: has the data moved, does that cost accuracy, and if so: refresh."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.events import emit_event
from pydantic import Field

from flows.cycle import alone, planned, prepare, take_in
from flows.project import Choice, this_project
from flows.refresh import refresh
from flows.steps import run_steps
from tidemill.project.compose import expand
from tidemill.project.tables import read_json
from tidemill.runs.plan import Step
from tidemill.runs.worktree import workspace

Trigger = Annotated[bool, Field(description="refresh at once where the drift does harm")]


@flow(name="monitor", flow_run_name="monitor {problem}")
def monitor(problem: Choice = "all", trigger: Trigger = True) -> dict[str, str]:  # noqa: FBT002 - a form's switch
    """Problem (or all) → the decision on what has arrived: keep, retrain, train, or that nothing has arrived.

    Nothing is published: a batch that does no harm stays where it is, to be learned from at the next refresh. Its
    features and votes are in the run cache by then.
    """
    chosen, _ = expand([f"problem={problem}"], conf=this_project().conf)
    decisions = {name: look(name) for name in chosen}
    for name, decision in decisions.items():
        if trigger and decision in ("retrain", "train"):
            refresh(name)
    return decisions


@flow(name="look", flow_run_name="look at {problem}")
def look(problem: str) -> str:
    """One problem → the decision of its monitor stage on the batches that have arrived."""
    log, project = get_run_logger(), this_project()
    with alone(project, problem, log), workspace(project.shared) as work:
        prepare(work, problem, [], log=log)
        if not take_in(work, problem, log=log):
            return "nothing has arrived"
        steps = planned(work, problem)
        run_steps(_up_to(f"monitor@{problem}", steps), work)
        drift: dict[str, Any] = read_json(work.project.paths(problem).reports / "drift.json")
    for reason in drift["reasons"]:
        log.info(f"{problem}: {reason}")
    emit_event(f"tidemill.{drift['decision']}", resource={"prefect.resource.id": f"tidemill.problem.{problem}"})
    return str(drift["decision"])


def _up_to(address: str, steps: list[Step]) -> list[Step]:
    """Steps of a plan → those that the addressed one waits for, and itself."""
    wanted = {address}
    for step in reversed(steps):
        if step.address in wanted:
            wanted |= set(step.after)
    return [step for step in steps if step.address in wanted]

"""Which process a flow run belongs to: in Prefect, one whose process was killed would stay RUNNING for ever."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from tidemill.common.locks import CLAIM, abandoned, hold
from tidemill.project.project import Project

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import State

_MESSAGE = "its process was killed"


def note_flow_run(project: Project) -> None:
    """Record that the current flow run belongs to this process, and set runs of processes that have ended to Crashed.

    The record lasts as long as the process. Outside of a flow run nothing is done.

    Parameters
    ----------
    project
        The project.
    """
    from prefect.runtime import flow_run

    if flow_run.id is not None:
        hold(_folder(project) / f"{flow_run.id}{CLAIM}")
        sweep_flow_runs(project)


def sweep_flow_runs(project: Project) -> list[str]:
    """Set flow runs whose processes were killed to Crashed.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        Ids of the flow runs.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return [claim.stem for claim in abandoned(_folder(project)) if _crash(client, UUID(claim.stem))]


def _folder(project: Project) -> Path:
    return project.state / "prefect" / "flow-runs"


def _waits(state: State[object]) -> bool:
    """A suspended run, or one that is to go on after an answer, has no process to be killed: its question stays open."""
    return state.is_paused() or state.is_scheduled()


def _crash(client: SyncPrefectClient, run: UUID) -> bool:
    """Whether it had not ended; parts of it that had not begun their bodies, and have no claim yet, end with it."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterId,
        FlowRunFilterParentFlowRunId,
        TaskRunFilter,
    )
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Crashed

    with contextlib.suppress(ObjectNotFound):  # it is in the database of another server
        result = client.read_flow_run(run)
        if result.state is None or result.state.is_final() or _waits(result.state):
            return False
        of_run = FlowRunFilter(id=FlowRunFilterId(any_=[run]))
        for task in client.read_task_runs(flow_run_filter=of_run, task_run_filter=TaskRunFilter()):
            if task.state is not None and not task.state.is_final():
                client.set_task_run_state(task.id, Crashed(message=_MESSAGE), force=True)
        client.set_flow_run_state(run, Crashed(message=_MESSAGE), force=True)
        parts = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
        for part in client.read_flow_runs(flow_run_filter=parts):
            if part.deployment_id is None:  # one of a deployment has a process of its own
                _crash(client, part.id)
        return True
    return False


def main() -> None:
    """Set flow runs whose processes were killed to Crashed, and remove their worktrees; in a process of its own beside a server."""
    from tidemill.runs.worktree import sweep

    project = Project.open(Path(sys.argv[1]))
    for run in sweep_flow_runs(project):
        print(f"flow run {run}: crashed, for its process was killed")
    for folder in sweep(project.shared):
        print(f"{folder}: removed")


if __name__ == "__main__":
    main()

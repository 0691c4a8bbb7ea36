"""A person's decision in the Prefect UI: a flow run that is suspended, with a form, until somebody answers or its time is over.

A suspended run has no process. It is in Prefect's database, so that it outlives the run that asks, the server and the
machine; the candidate itself waits in git, where ``tidemill approve`` finds it without any server.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError
from tidemill.flows.notifications import PROMOTION, notify
from tidemill.project.flow_settings import flow_settings
from tidemill.project.project import Project
from tidemill.runs.flow_records import note_flow_run
from tidemill.runs.pending import Question, read_question
from tidemill.runs.promotion import approve, reject

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import State

DEPLOYMENT: Final = "approve/approve"
_HOUR: Final = 3600


class Decision(RunInput):
    """What the form asks."""

    decision: Literal["approve", "reject"] = Field(
        description="approve makes the candidate the champion; reject keeps the champion"
    )
    reason: str = Field(min_length=1, description="why; kept with the version")


def decide_in_prefect(project: Project, problem: str, candidate: str) -> str:
    """Ask about a candidate, and do what the person answers; part of a flow run of a deployment.

    The first time it suspends the run; the run begins anew when the form is answered, and then has the answer.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    candidate
        Commit whose ``dvc.lock`` holds the candidate.

    Returns
    -------
    str
        What came of it.
    """
    note_flow_run(project)
    question = _open(project, problem, candidate)
    if question is None:
        return f"{problem}: nobody is asked about candidate {candidate[:12]} any more"
    form = Decision.with_initial_data(description=_description(project, question))
    timeout = round(flow_settings(project).approval_hours * _HOUR)
    answer = suspend_flow_run(wait_for_input=form, timeout=timeout, key=question.tag)
    try:
        return _decide(project, question, answer)
    except ConfigError as error:  # decided on the command line while the form was filled in
        return str(error)


def _open(project: Project, problem: str, candidate: str) -> Question | None:
    question = read_question(project, problem)
    return question if question and not question.expired and question.commit == candidate else None


def _decide(project: Project, question: Question, answer: Decision) -> str:
    problem = question.about.problem
    if answer.decision == "reject":
        reject(project, question, answer.reason)
        return f"{problem}: rejected, {question.about.champion or 'no champion yet'} stays: {answer.reason}"
    version = approve(project, question, answer.reason)
    text = f"{version} is the champion, approved in the Prefect UI: {answer.reason}"
    notify(project, PROMOTION, problem, text)
    return text


def ask_in_prefect(project: Project, question: Question, text: str) -> bool:
    """Start the flow run that asks, where the server that is up has the deployment for it.

    Parameters
    ----------
    project
        The project.
    question
        What is asked.
    text
        What the form shows, in Markdown.

    Returns
    -------
    bool
        Whether there is one; else ``tidemill approve`` is the way.
    """
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    with atomic_write(_text_file(project, question)) as path:
        path.write_text(text, encoding="utf-8")
    parameters = {"problem": question.about.problem, "candidate": question.commit}
    try:
        run_deployment(DEPLOYMENT, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=question.tag)
    except ObjectNotFound:
        return False
    return True


def close_questions(project: Project, problem: str) -> list[str]:
    """End the flow runs that ask about a candidate which is decided or expired.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    list of str
        Ids of the flow runs.
    """
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelled

    closed = []
    question = read_question(project, problem)
    candidate = None if question is None or question.expired else question.commit
    with get_client(sync_client=True) as client:
        for run in _asking_runs(client):
            if run.parameters.get("problem") == problem and run.parameters.get("candidate") != candidate:
                ended: State[None] = Cancelled(message="decided by now, or the champion has changed")
                client.set_flow_run_state(run.id, ended, force=True)
                closed.append(str(run.id))
    return closed


def _asking_runs(client: SyncPrefectClient) -> list[Any]:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName, FlowRunFilter, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateType as StateTypes
    from prefect.client.schemas.objects import StateType

    waiting = FlowRunFilter(state=FlowRunFilterState(type=StateTypes(any_=[StateType.PAUSED, StateType.SCHEDULED])))
    name = DeploymentFilter(name=DeploymentFilterName(any_=[DEPLOYMENT.partition("/")[2]]))
    return list(client.read_flow_runs(flow_run_filter=waiting, deployment_filter=name))


def _text_file(project: Project, question: Question) -> Path:
    return project.state / "questions" / f"{question.commit}.md"


def _description(project: Project, question: Question) -> str:
    """What the run that asks has written, or else the gate's reasons."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return _text_file(project, question).read_text(encoding="utf-8")
    return "\n".join(f"- {reason}" for reason in question.about.reasons)

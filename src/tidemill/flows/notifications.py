"""Notifications through Prefect blocks: what has happened, to a webhook, by mail, in a chat. Off until ``conf/flows.yaml`` names blocks.

Addresses and secrets are in the blocks, in Prefect's database; a name such as ``slack-webhook/team`` is all that the project holds.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill.project.flow_settings import (
    ALARM,
    ASK,
    FAILURE,
    PROMOTION,
    QUESTION,
    ROLLBACK,
    STOP,
    Event,
    FlowSettings,
    flow_settings,
)
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

__all__ = [
    "ALARM",
    "ASK",
    "FAILURE",
    "PROMOTION",
    "QUESTION",
    "ROLLBACK",
    "STOP",
    "notify",
    "notify_alarm",
    "notify_decision",
    "notify_failure",
    "tell_from_command",
]

_LOG = logging.getLogger(__name__)


def notify(project: Project, event: Event, problem: str, text: str) -> list[str]:
    """Notify the blocks that the settings name of an event; a block that fails is logged, and stops nothing.

    Parameters
    ----------
    project
        The project.
    event
        Kind of event.
    problem
        Name of the problem.
    text
        What has happened.

    Returns
    -------
    list of str
        Names of the blocks that were notified.
    """
    return [block for block in _wanted(flow_settings(project), event) if _send(block, event, problem, text)]


def _wanted(settings: FlowSettings, event: Event) -> tuple[str, ...]:
    return settings.notifications.blocks if event in settings.notifications.events else ()


def _send(name: str, event: Event, problem: str, text: str) -> bool:
    import prefect.blocks.notifications  # noqa: F401 - its blocks are found by name once it is imported
    from prefect.blocks.core import Block

    try:
        block: Any = Block.load(name)
        block.notify(body=text, subject=f"{problem}: {event}")
    except Exception as error:  # noqa: BLE001 - whatever a service or its block does, the run goes on
        _LOG.warning("notification %s was not sent: %s: %s", name, type(error).__name__, error)
        return False
    return True


def notify_alarm(project: Project, problem: str, drift: Drift, *earlier: Drift | None) -> None:
    """Notify of a drift once: its alarm stays, and every later report has it again.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    drift
        Report of the monitor.
    *earlier
        Earlier reports; of an alarm that one of them has, nobody is notified.
    """
    alarm = _alarm(drift)
    if alarm is not None and alarm not in [_alarm(one) for one in earlier if one is not None]:
        notify(project, ALARM, problem, "\n".join(drift.reasons))


def notify_decision(project: Project, problem: str, decision: str, reasons: Sequence[str]) -> None:
    """Notify of a decision of the monitor that a person carries out; of the others nobody is notified.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    decision
        Such as ``ask``.
    reasons
        Why, a sentence each.
    """
    events: dict[str, Event] = {"ask": ASK, "stop": STOP}
    if decision in events:
        notify(project, events[decision], problem, "\n".join(reasons))


def _alarm(drift: Drift) -> tuple[str | None, str, str] | None:
    alarm = None if drift.stream is None else drift.stream.alarm
    return None if alarm is None else (drift.champion, alarm.score, alarm.batch)


def tell_from_command(project: Project, event: Event, problem: str, text: str) -> None:
    """Notify of what a command has done, with a Prefect server for as long as it takes where none is up.

    Parameters
    ----------
    project
        The project.
    event
        Kind of event.
    problem
        Name of the problem.
    text
        What has happened.
    """
    if not _wanted(flow_settings(project), event):
        return
    from tidemill.runs.temporary_server import prefect_api

    wait = prefect_api(project)
    wait()
    notify(project, event, problem, text)


def notify_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Notify of a flow run that has failed or crashed, as Prefect calls it.

    Parameters
    ----------
    flow
        The flow.
    flow_run
        Its run; the parameters ``root`` and ``problem`` say of what.
    state
        Why it ended.
    """
    project, problem = Project.open(Path(flow_run.parameters["root"])), flow_run.parameters["problem"]
    notify(project, FAILURE, problem, f"{flow.name} {flow_run.name} ended as {state.name}: {state.message}")

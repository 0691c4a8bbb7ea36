"""What a cycle of a refresh tells: its page, artifacts in the Prefect UI, the question to a person, notifications."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact

from tidemill.apps.reports.refresh_page import Refresh, question_text, refresh_page, samples_of
from tidemill.errors import DataError
from tidemill.flows.approval import ask_in_prefect, close_questions
from tidemill.flows.decisions import last_decision
from tidemill.flows.notifications import PROMOTION, QUESTION, notify, notify_alarm
from tidemill.flows.steps import artifact_key
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.evaluate import Verdict
from tidemill.reports.monitor import Drift
from tidemill.runs.local_addresses import page_url
from tidemill.runs.model_registry import file_at_version
from tidemill.runs.pending import read_question
from tidemill.runs.worktree import Workspace


def tell_refresh(
    work: Workspace, refresh: Refresh, verdict: Verdict, *, log: logging.Logger | logging.LoggerAdapter[Any]
) -> None:
    """Write the page of a refresh, show it in the UI, and ask and notify whom it concerns.

    Parameters
    ----------
    work
        Workspace of the run.
    refresh
        What it came to.
    verdict
        Of the gate.
    log
        Logger of the flow's run.
    """
    link = page_url(refresh_page(work.project, refresh))
    _show(refresh, verdict, link)
    close_questions(work.project, refresh.problem)
    _tell_drift(work, refresh.problem)
    if refresh.version is not None:
        notify(work.project, PROMOTION, refresh.problem, f"{refresh.summary}\n{link}")
    if refresh.asks:
        _ask(work.project, refresh, verdict, link, log=log)


def _show(refresh: Refresh, verdict: Verdict, link: str) -> None:
    reasons = "\n".join(f"- {reason}" for reason in verdict.reasons)
    create_markdown_artifact(
        key=artifact_key(refresh.problem, "refresh"),
        markdown=f"## {verdict.verdict} ({verdict.blessing})\n\n{refresh.summary}\n\n{reasons}\n\n[The whole report]({link})\n",
        description=f"What the refresh of {refresh.problem} came to",
    )
    create_link_artifact(
        key=artifact_key(refresh.problem, "refresh-report"),
        link=link,
        link_text=f"Report of the refresh of {refresh.problem}",
        description="Served by `make ui`; the file is under reports/.",
    )


def _tell_drift(work: Workspace, problem: str) -> None:
    """Unless the last look or the last run found the same."""
    drift = Drift.read_if_there(work.project.paths(problem).reports / "drift.json")
    if drift is None:
        return
    notify_alarm(work.project, problem, drift, last_decision(work.project, problem), _published_drift(work, problem))


def _published_drift(work: Workspace, problem: str) -> Drift | None:
    """Of the last run; None where its format is an older one too."""
    file = Paths.within(problem).reports / "drift.json"
    text = file_at_version(work.project, file, work.base)
    with contextlib.suppress(DataError):
        return None if text is None else Drift.parse(text, where=f"{file} of {work.base[:12]}")
    return None


def _ask(
    project: Project,
    refresh: Refresh,
    verdict: Verdict,
    link: str,
    *,
    log: logging.Logger | logging.LoggerAdapter[Any],
) -> None:
    question = read_question(project, refresh.problem)
    if question is None:  # decided meanwhile
        return
    text = f"{question_text(verdict, samples_of(project, refresh.problem))}\n\n[The whole report]({link})\n"
    if ask_in_prefect(project, question, text):
        log.info(f"{refresh.problem}: the Prefect UI has a form for the decision: flow run `approve {refresh.problem}`")
    notify(project, QUESTION, refresh.problem, f"{refresh.summary}\n{link}")

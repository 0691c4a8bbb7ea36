"""One Prefect task per DVC stage, and the artifacts that a stage shows in the UI."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait
from prefect.runtime import flow_run
from prefect.states import Completed

from tidemill.apps.reports.problem_report import EXPLAINED, SEARCHED
from tidemill.contracts import RunError
from tidemill.denoise.report.summary import facts
from tidemill.project.project import Project
from tidemill.reports.denoise import DenoiseReport
from tidemill.reports.evaluate import Metrics, Verdict
from tidemill.reports.monitor import Drift
from tidemill.reports.search import SearchReport
from tidemill.runs.in_place import outcome_of
from tidemill.runs.local_addresses import page_url, studio_url
from tidemill.runs.plan import Step
from tidemill.runs.run_progress import begin_progress, note_stage
from tidemill.runs.subprocesses import end_commands
from tidemill.runs.worktree import Workspace

_CHATTER = ("To track", "To enable", "Use `dvc push`", "Updating lock", "Generating lock", "\tgit add", "\tdvc config")
"""How the lines begin in which DVC advises a person; here the flow does that work."""


@task(task_run_name="{address}", persist_result=False)
def run_step(address: str, work: Workspace, *, changed: bool) -> State[None]:
    """Run one stage in the workspace.

    Parameters
    ----------
    address
        Of the stage, such as ``train@spam``.
    work
        Workspace of the run.
    changed
        Whether it has anything to do.

    Returns
    -------
    prefect.State
        Whether it ran, was restored, or had nothing to do.

    Raises
    ------
    RunError
        The stage failed.
    """
    if not changed:
        return Completed(name="Skipped", message=f"{address}: nothing changed")
    log = get_run_logger()
    note_stage(work.project, address, "running")
    covered: list[str] = []

    def say(line: str) -> None:
        covered.append(line)
        if line.strip() and not line.startswith(_CHATTER):
            log.info(line)

    try:
        work.dvc("repro", "--single-item", address, say=say)
    except RunError as error:
        note_stage(work.project, address, "failed", str(error))
        raise
    show(address, work.project)
    outcome = outcome_of(covered)
    note_stage(work.project, address, outcome)
    if outcome == "not needed":
        return Completed(name="Skipped", message=f"{address}: nothing changed")
    if outcome == "restored":
        return Completed(name="Restored", message=f"{address}: restored from the run cache")
    return Completed(message=f"{address}: done")


def run_steps(steps: list[Step], work: Workspace) -> tuple[str, ...]:
    """Run the steps of a plan, each as soon as those it waits for have ended.

    Parameters
    ----------
    steps
        Steps of the plan, each with those that it waits for.
    work
        Workspace of the run.

    Returns
    -------
    tuple of str
        Addresses of those that were computed.

    Raises
    ------
    RunError
        A stage failed; the message is the stage's own.
    """
    if steps:
        begin_progress(work.project, steps[0].address.partition("@")[2], steps, flow_run=_own_id())
    futures: dict[str, PrefectFuture[Any]] = {}
    for step in steps:
        waits = [futures[name] for name in step.after if name in futures]
        futures[step.address] = run_step.submit(  # type: ignore[call-overload] # prefect's overloads lack wait_for
            step.address, work, changed=step.changed, wait_for=waits
        )
    try:
        wait(list(futures.values()))
    except BaseException:  # a signal: tasks wait for their commands, and this process for its tasks
        end_commands()
        raise
    for address, future in futures.items():
        if future.state.is_failed() or future.state.is_crashed():
            raise RunError(f"stage {address}: {_reason(future.state)}")
    return tuple(address for address, future in futures.items() if future.state.name == "Completed")


def _own_id() -> str | None:
    return None if flow_run.id is None else str(flow_run.id)


def _reason(state: State[Any]) -> str:
    try:
        state.result(raise_on_failure=True)
    except RunError as error:
        return str(error)
    except BaseException as error:  # noqa: BLE001 - whatever it was, it is what the stage failed of
        return f"{type(error).__name__}: {error}"
    return state.message or str(state.name)


def show(address: str, project: Project) -> None:
    """Show the artifacts of a stage that has run in the Prefect UI.

    Parameters
    ----------
    address
        Stage and problem, such as ``train@spam``.
    project
        The project.
    """
    stage, _, problem = address.partition("@")
    if stage in _SHOWN:
        _SHOWN[stage](problem, project.paths(problem).reports)
    if stage in _GUARDED:
        _show_data_docs(problem, _GUARDED[stage])


def _show_data_docs(problem: str, table: str) -> None:
    create_link_artifact(
        key=artifact_key(problem, f"{table}-data-docs"),
        link=page_url(f"data_docs/{problem}/{table}/latest.html"),
        link_text=f"Great Expectations on {table} of {problem}",
        description="Served by `make ui`; the files are under reports/data_docs.",
    )


def _show_denoise(problem: str, reports: Path) -> None:
    with (reports / "lf_analysis.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    create_table_artifact(key=artifact_key(problem, "labeling-functions"), table=rows, description="Labeling functions")
    report = DenoiseReport.read(reports / "denoise.json")
    message = "\n".join(f"- **{name}**: {text}" for name, text in facts(report))
    plots = "\n\n".join(_plot(reports / "denoise" / f"{name}.png", title) for name, title in EXPLAINED.items())
    create_markdown_artifact(
        key=artifact_key(problem, "label-model"), markdown=f"## Label model\n\n{message}\n\n{plots}\n"
    )


def _show_evaluate(problem: str, reports: Path) -> None:
    verdict = Verdict.read(reports / "verdict.json")
    table = _flat(Metrics.read(reports / "metrics.json").model_dump())
    create_table_artifact(key=artifact_key(problem, "metrics"), table=table, description=f"Scores of {problem}")
    reasons = "\n".join(f"- {reason}" for reason in verdict.reasons)
    create_markdown_artifact(key=artifact_key(problem, "verdict"), markdown=f"## {verdict.verdict}\n\n{reasons}\n")
    create_link_artifact(
        key=artifact_key(problem, "studio"),
        link=studio_url(f"{problem}/runs"),
        link_text=f"Runs and versions of {problem} in the studio",
        description="Served by `make ui` and by `tidemill studio`.",
    )


def _show_search(problem: str, reports: Path) -> None:
    summary = SearchReport.read(reports / "search" / "search.json")
    if summary.minutes:
        plots = "\n\n".join(_plot(reports / "search" / f"{name}.png", title) for name, title in SEARCHED.items())
        markdown = f"## {summary.trials} trials\n\n{summary.verdict}\n\n{plots}\n"
        create_markdown_artifact(key=artifact_key(problem, "search"), markdown=markdown)


def _show_monitor(problem: str, reports: Path) -> None:
    drift = Drift.read(reports / "drift.json")
    reasons = "\n".join(f"- {reason}" for reason in drift.reasons)
    plot = _plot(reports / "drift.png", "what moved")
    create_markdown_artifact(
        key=artifact_key(problem, "drift"), markdown=f"## {drift.decision}\n\n{reasons}\n\n{plot}\n"
    )


def _plot(path: Path, title: str) -> str:
    import base64

    return f"![{title}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})" if path.exists() else ""


def artifact_key(problem: str, what: str) -> str:
    """Name an artifact as Prefect allows.

    Parameters
    ----------
    problem
        Name of the problem.
    what
        What it shows.

    Returns
    -------
    str
        Small letters, digits and hyphens.
    """
    return f"{problem}-{what}".lower().replace("_", "-")


def _flat(content: dict[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for key, value in content.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append({"metric": f"{prefix}{key}", "value": value})
    return rows


_GUARDED = {"ingest": "raw", "label": "votes", "denoise": "labels"}
"""Stage → its table that a Great Expectations suite guards."""

_SHOWN = {
    "denoise": _show_denoise,
    "evaluate": _show_evaluate,
    "monitor": _show_monitor,
    "search": _show_search,
}

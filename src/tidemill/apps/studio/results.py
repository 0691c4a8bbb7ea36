"""What runs came to: the newest result beside the one before, versions, and where to read more."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tidemill.apps.models.registry_table import problem_models
from tidemill.contracts import TidemillError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import Metrics, Verdict
from tidemill.reports.studio import Link, RunResult
from tidemill.runs.git import git, succeeds
from tidemill.runs.local_addresses import ui_address
from tidemill.runs.model_registry import Registry, file_at_version, read_registry
from tidemill.runs.promotion import latest_run

_MODEL: Final = "end_model"
_RESULTS: Final = 2
_TABLES: Final = {"raw": "rows", "votes": "votes", "labels": "labels"}


def newest_results(project: Project, problem: str) -> list[RunResult]:
    """Read the newest result and the one before.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    list of RunResult
        Newest first; what was run in place and is not committed comes before what is.
    """
    registry = read_registry(project, problem)
    file = Paths.within(problem).reports / "metrics.json"
    commits = _commits(project, file)
    here = file_at_version(project, file, None)
    newest = (file_at_version(project, file, commits[0][0]) or "") if commits else ""
    is_new = here is not None and here.rstrip() != newest.rstrip()
    places: list[tuple[str | None, str | None]] = [*([(None, None)] if is_new else []), *commits]
    results = (_result(project, registry, commit, when) for commit, when in places[:_RESULTS])
    return [result for result in results if result is not None]


def _commits(project: Project, file: Path) -> list[tuple[str, str]]:
    """Commit and time of those that changed a file, newest first."""
    if not succeeds("rev-parse", "--verify", "HEAD^{commit}", folder=project.root):
        return []
    tip = latest_run(project, file.parts[1])
    listed = git("log", f"-{_RESULTS}", "--format=%H %cI", tip, "--", file.as_posix(), folder=project.root)
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in listed.splitlines()]


def _result(project: Project, registry: Registry, commit: str | None, when: str | None) -> RunResult | None:
    """None where it is in a form that is no longer read."""
    reports = Paths.within(registry.problem).reports
    try:
        text = file_at_version(project, reports / "metrics.json", commit) or ""
        metrics = Metrics.parse(text, where="metrics.json")
        judged = file_at_version(project, reports / "verdict.json", commit)
        verdict = None if judged is None else Verdict.parse(judged, where="verdict.json")
    except TidemillError:
        return None
    version = next((name for name, where in registry.versions.items() if where == commit), None)
    return RunResult(
        commit=None if commit is None else commit[:12],
        when=when,
        version=None if version is None else version.partition("@")[2],
        champion=version is not None and version == registry.champion,
        metric=metrics.metric,
        rows=metrics.rows,
        scores=_scores(metrics),
        verdict=None if verdict is None else verdict.verdict,
        reasons=() if verdict is None else verdict.reasons,
    )


def _scores(metrics: Metrics) -> dict[str, Estimate]:
    intervals = metrics.intervals.get(_MODEL, {})
    return {
        name: Estimate(score=score, low=intervals.get(name, (None, None))[0], high=intervals.get(name, (None, None))[1])
        for name, score in metrics.scores.get(_MODEL, {}).items()
    }


def versions_of(project: Project, problem: str) -> dict[str, Any]:
    """List versions as `tidemill models` does.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    dict
        Of ``ProblemModels``.
    """
    return asdict(problem_models(project, problem))


def links_of(project: Project, problem: str, flow_run: str | None) -> list[Link]:
    """List the pages on which a run can be read in full.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    flow_run
        Id of the Prefect run; None: none is known.

    Returns
    -------
    list of Link
        Those that are there.
    """
    reports = project.shared / "reports"
    paths = project.paths(problem)
    pages = [("Report of all problems", reports / "index.html"), ("Report on the functions", paths.reports / "lf.html")]
    pages += [(f"Checks of the {words} (Data Docs)", paths.data_docs_page(table)) for table, words in _TABLES.items()]
    found = [
        Link(title=title, address=f"/reports/{page.relative_to(reports).as_posix()}")
        for title, page in pages
        if page.exists() and page.is_relative_to(reports)
    ]
    prefect = ui_address(project)
    if prefect is not None:
        page = f"/runs/flow-run/{flow_run}" if flow_run else "/runs"
        found.append(Link(title="Run in Prefect" if flow_run else "Prefect", address=prefect + page))
    return found

"""The studio's answers about runs and versions, and the pages of reports, which may hold no script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse

from tidemill.apps.lineage.comparison import version_diff
from tidemill.apps.studio.deciding import Decision, WantedPromotion, WantedRollback, decide
from tidemill.apps.studio.results import links_of, newest_results, versions_of
from tidemill.apps.studio.running import WantedRun, cancel_run, last_run, run_elsewhere, start_run
from tidemill.apps.studio.workspace import Workspace
from tidemill.contracts import ConfigError
from tidemill.project.project import Project


def add_run_routes(studio: FastAPI, project: Project, workspace: Callable[[str], Workspace]) -> None:
    """Add them to the application.

    Parameters
    ----------
    studio
        The application.
    project
        Its project.
    workspace
        Gives the workspace of a problem, or raises ConfigError.
    """
    _runs(studio, project, workspace)
    _versions(studio, project, workspace)

    @studio.get("/reports/{page:path}")
    def report(page: str) -> FileResponse:
        folder = (project.shared / "reports").resolve()
        path = (folder / page).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise ConfigError(f"there is no page reports/{page}")
        return FileResponse(path)


def _runs(studio: FastAPI, project: Project, workspace: Callable[[str], Workspace]) -> None:
    @studio.get("/api/problems/{problem}/runs")
    def runs(problem: str) -> dict[str, Any]:
        name = workspace(problem).name
        run = last_run(project, name)
        return {
            "run": None if run is None else run.model_dump(mode="json"),
            "elsewhere": run_elsewhere(project),
            "results": [one.model_dump(mode="json") for one in newest_results(project, name)],
            "links": [
                one.model_dump(mode="json") for one in links_of(project, name, None if run is None else run.flow_run)
            ],
            "models": versions_of(project, name),
        }

    @studio.get("/api/problems/{problem}/runs/last")
    def progress(problem: str) -> dict[str, Any]:
        run = last_run(project, workspace(problem).name)
        return {"run": None if run is None else run.model_dump(mode="json"), "elsewhere": run_elsewhere(project)}

    @studio.post("/api/problems/{problem}/runs")
    def started(problem: str, wanted: WantedRun) -> dict[str, Any]:
        start_run(project, workspace(problem).name, wanted)
        return progress(problem)

    @studio.post("/api/problems/{problem}/runs/cancel")
    def cancelled(problem: str) -> dict[str, Any]:
        cancel_run(project)
        return progress(problem)


def _versions(studio: FastAPI, project: Project, workspace: Callable[[str], Workspace]) -> None:
    @studio.get("/api/problems/{problem}/versions/{old}/{new}")
    def diff(problem: str, old: str, new: str) -> dict[str, Any]:
        return version_diff(project, workspace(problem).name, old, new).model_dump(mode="json")

    @studio.post("/api/problems/{problem}/rollback")
    def rolled_back(problem: str, wanted: WantedRollback) -> dict[str, Any]:
        return decide(project, workspace(problem).name, wanted)

    @studio.post("/api/problems/{problem}/decision")
    def decided(problem: str, decision: Decision) -> dict[str, Any]:
        return decide(project, workspace(problem).name, decision)

    @studio.post("/api/problems/{problem}/promote")
    def promoted(problem: str, wanted: WantedPromotion) -> dict[str, Any]:
        return decide(project, workspace(problem).name, wanted)

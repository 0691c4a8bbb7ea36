"""The studio's answers about new problems."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from tidemill.apps.studio.new_problem import WantedProblem, add_problem, preview_problem, server_files
from tidemill.apps.studio.uploads import receive
from tidemill.project.project import Project


def add_new_problem_routes(studio: FastAPI, project: Project) -> None:
    """Add them to the application.

    Parameters
    ----------
    studio
        The application.
    project
        Its project.
    """

    @studio.get("/api/incoming")
    def incoming() -> dict[str, Any]:
        return {"files": server_files(project)}

    @studio.post("/api/uploads")
    async def upload(request: Request, name: Annotated[str, Query(max_length=500)]) -> dict[str, str]:
        return {"upload": await receive(project, name, request.stream())}

    @studio.post("/api/new/preview")
    def previewed(wanted: WantedProblem) -> dict[str, Any]:
        return preview_problem(project, wanted).model_dump(mode="json")

    @studio.post("/api/new")
    def added(wanted: WantedProblem) -> dict[str, Any]:
        made = add_problem(project, wanted)
        return {"name": wanted.name, "rows": made.rows, "classes": list(made.classes), "lines": made.lines}

"""The studio's web application: JSON, and files of which a page builds itself; imported only to serve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import Field

from tidemill.apps.studio.columns import column_values, columns_of, statistic_columns
from tidemill.apps.studio.committing import CommitMessage, changed_files, commit
from tidemill.apps.studio.examples import PickedRows, make_examples
from tidemill.apps.studio.form import fields_of, is_template, with_fields
from tidemill.apps.studio.function_file import entries
from tidemill.apps.studio.gain import label_gain
from tidemill.apps.studio.guard import Access, Guard
from tidemill.apps.studio.labeling import (
    GivenLabel,
    QueueRequest,
    RowsOnPages,
    WithdrawnLabel,
    give_label,
    label_page,
    label_queue,
    picture_of,
    withdraw_label,
)
from tidemill.apps.studio.new_routes import add_new_problem_routes
from tidemill.apps.studio.offers import offer
from tidemill.apps.studio.preview import EditedText, preview
from tidemill.apps.studio.problems import summarize
from tidemill.apps.studio.rows import RowQuery, find_rows, shown_rows, slices_of, votes_of
from tidemill.apps.studio.run_routes import add_run_routes
from tidemill.apps.studio.saving import ConflictError, delete, save
from tidemill.apps.studio.workspace import Workspace
from tidemill.apps.workbench.explain_row import explain_place
from tidemill.apps.workbench.list_functions import function_table
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ConfigError, Settings, TidemillError
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.functions.loading import files_of
from tidemill.project.project import Project

PAGES: Final = Path(__file__).parents[2] / "templates/studio"
_BAD, _CONFLICT = 400, 409


class EditedFunction(Settings):
    """What the editor has."""

    file: str = Field(max_length=200)
    yaml: str = Field(max_length=200_000)
    fields: dict[str, Any] | None = None
    name: str | None = None
    began_with: str | None = None
    quick: bool = False


class DeletedFunction(Settings):
    """What is to be taken out of a file."""

    file: str = Field(max_length=200)
    name: str = Field(max_length=1000)
    began_with: str = Field(max_length=200_000)


def application(project: Project, access: Access) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    project
        The project whose problems it shows.
    access
        Who may ask.

    Returns
    -------
    fastapi.FastAPI
        To be run by an ASGI server.
    """
    studio = FastAPI(title="Tidemill studio", docs_url=None, redoc_url=None, openapi_url=None)
    studio.add_middleware(Guard, access=access)
    known: dict[str, Workspace] = {}

    def workspace(problem: str) -> Workspace:
        if problem not in project.problems:
            raise ConfigError(f"there is no problem {problem!r}")
        return known.setdefault(problem, Workspace(project, problem))

    _errors(studio)
    _pages(studio, project, access)
    _looks(studio, workspace)
    _edits(studio, workspace)
    _labels(studio, workspace)
    _commits(studio, workspace)
    _offers(studio, workspace)
    add_run_routes(studio, project, workspace)
    add_new_problem_routes(studio, project)
    return studio


def _errors(studio: FastAPI) -> None:
    @studio.exception_handler(ConflictError)
    async def conflict(_: Request, error: ConflictError) -> JSONResponse:
        return JSONResponse({"error": str(error), "current": error.current}, _CONFLICT)

    @studio.exception_handler(TidemillError)
    async def refused(_: Request, error: TidemillError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, _BAD)

    @studio.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return JSONResponse({"error": f"{first['loc'][-1]}: {first['msg']}"}, _BAD)


def _pages(studio: FastAPI, project: Project, access: Access) -> None:
    for file in sorted(PAGES.iterdir()):
        address = "/" if file.suffix == ".html" else f"/{file.name}"
        studio.add_api_route(address, _answering(file), methods=["GET"])

    @studio.get("/api/session")
    def session() -> dict[str, str]:
        return {"csrf": access.csrf, "project": project.root.name}

    @studio.get("/api/problems")
    def problems() -> list[dict[str, Any]]:
        return [summarize(project, name).model_dump(mode="json") for name in project.problems]


def _answering(file: Path) -> Callable[[], FileResponse]:
    def answer() -> FileResponse:
        return FileResponse(file)

    return answer


def _looks(studio: FastAPI, workspace: Callable[[str], Workspace]) -> None:
    @studio.get("/api/problems/{problem}")
    def about(problem: str) -> dict[str, Any]:
        space = workspace(problem)
        view = space.view
        return {
            "name": problem,
            "modality": view.problem.modality,
            "classes": list(view.classes),
            "batches": view.batches,
            "slices": slices_of(space),
            "columns": columns_of(space),
            "statistics": statistic_columns(space),
            "rows": view.raw.height,
            "voted": votes_of(view) is not None,
        }

    @studio.get("/api/problems/{problem}/rows")
    def rows(problem: str, query: Annotated[RowQuery, Query()]) -> dict[str, Any]:
        return find_rows(workspace(problem), query).model_dump(mode="json")

    @studio.get("/api/problems/{problem}/rows/{row_id:path}")
    def row(problem: str, row_id: str) -> dict[str, Any]:
        view = workspace(problem).view
        places = (view.raw["row_id"] == row_id).arg_true().to_numpy()
        if not len(places):
            raise ConfigError(f"there is no row {row_id!r}")
        shown = shown_rows(view, places[:1])[0].model_dump(mode="json")
        if votes_of(view) is None or view.model is None:
            return {"row": shown, "explanation": None}
        explained = explain_place(view, int(places[0])).model_dump(mode="json", exclude={"row"})
        return {"row": shown, "explanation": explained}

    @studio.get("/api/problems/{problem}/columns/{column:path}")
    def values(problem: str, column: str) -> dict[str, Any]:
        return column_values(workspace(problem), column).model_dump(mode="json")

    @studio.get("/api/problems/{problem}/functions")
    def functions(problem: str) -> dict[str, Any]:
        space = workspace(problem)
        view = space.view
        table = None
        if votes_of(view) is not None:
            table = space.kept("functions", lambda: _table(view))
        folder = view.paths.functions
        return {"table": table, "files": [_file(space, path) for path in (files_of(folder) if folder.is_dir() else [])]}


def _table(view: ProblemView) -> dict[str, Any]:
    """The analysis table, with what generators are worth in words."""
    table = function_table(view, cost=False)
    said = [voter.sentence(table.seconds.get(voter.function)) for voter in table.generated]
    return table.model_dump(mode="json") | {"generated_sentences": said}


def _offers(studio: FastAPI, workspace: Callable[[str], Workspace]) -> None:
    @studio.get("/api/problems/{problem}/suggestions")
    def suggestions(problem: str, batch: str = "") -> dict[str, Any]:
        return offer(workspace(problem), batch or None).model_dump(mode="json")


def _commits(studio: FastAPI, workspace: Callable[[str], Workspace]) -> None:
    @studio.get("/api/problems/{problem}/changes")
    def changes(problem: str) -> dict[str, Any]:
        return {"files": changed_files(workspace(problem))}

    @studio.post("/api/problems/{problem}/commit")
    def committed(problem: str, given: CommitMessage) -> dict[str, Any]:
        return commit(workspace(problem), given.message).model_dump(mode="json")


def _labels(studio: FastAPI, workspace: Callable[[str], Workspace]) -> None:
    on_pages: dict[str, RowsOnPages] = {}

    @studio.get("/api/problems/{problem}/labels")
    def page(problem: str) -> dict[str, Any]:
        return label_page(workspace(problem)).model_dump(mode="json")

    @studio.post("/api/problems/{problem}/labels/next")
    def queue(problem: str, asked: QueueRequest) -> dict[str, Any]:
        known = on_pages.setdefault(problem, RowsOnPages())
        return label_queue(workspace(problem), asked, known).model_dump(mode="json")

    @studio.post("/api/problems/{problem}/labels")
    def labeled(problem: str, given: GivenLabel) -> dict[str, Any]:
        return give_label(workspace(problem), given).model_dump(mode="json")

    @studio.post("/api/problems/{problem}/labels/withdraw")
    def withdrawn(problem: str, given: WithdrawnLabel) -> dict[str, Any]:
        return withdraw_label(workspace(problem), given).model_dump(mode="json")

    @studio.get("/api/problems/{problem}/pictures/{row_id:path}")
    def picture(problem: str, row_id: str) -> Response:
        return Response(picture_of(workspace(problem), row_id), media_type="image/png")


def _file(space: Workspace, path: Path) -> dict[str, Any]:
    """What is wrong with one file is shown beside it; the others are listed all the same."""
    listed: dict[str, Any] = {"file": path.name, "python": path.suffix == ".py", "functions": [], "error": None}
    try:
        made = space.functions_in(path)
        listed["functions"] = [
            {"name": one.name, "yaml": None} for one in made if not isinstance(one, DeclaredLabelingFunction)
        ]
        if path.suffix != ".py":
            listed["functions"] = _declared(path)
    except TidemillError as error:
        listed["error"] = str(error)
    return listed


def _declared(path: Path) -> list[dict[str, Any]]:
    return [
        {"name": entry.name, "yaml": entry.text, "comment": entry.comment}
        for entry in entries(path.read_bytes().decode("utf-8"), path)
    ]


def _edits(studio: FastAPI, workspace: Callable[[str], Workspace]) -> None:
    @studio.post("/api/problems/{problem}/preview")
    def previewed(problem: str, edited: EditedFunction) -> dict[str, Any]:
        space = workspace(problem)
        path = space.file(edited.file, new=edited.name is None)
        text = edited.yaml if edited.fields is None else with_fields(edited.yaml, edited.fields, path)
        answer: dict[str, Any] = {"yaml": text, "fields": None, "template": False, "functions": [], "error": None}
        try:
            answer |= {"fields": fields_of(text, path), "template": is_template(text, path)}
            found = preview(space, EditedText(edited.file, text, edited.name), is_quick=edited.quick)
            answer["functions"] = [one.model_dump(mode="json") for one in found]
        except TidemillError as error:
            answer["error"] = str(error)
        return answer

    @studio.post("/api/problems/{problem}/preview/gain")
    def gained(problem: str, edited: EditedFunction) -> dict[str, Any]:
        found = label_gain(workspace(problem), EditedText(edited.file, edited.yaml, edited.name))
        return {"gain": None if found is None else found.model_dump(mode="json")}

    @studio.post("/api/problems/{problem}/functions")
    def saved(problem: str, edited: EditedFunction) -> dict[str, Any]:
        space = workspace(problem)
        entry = save(space, edited.file, edited.yaml, began_with=edited.began_with, name=edited.name)
        written = space.file(edited.file).relative_to(space.project.root)
        return {"name": entry.name, "yaml": entry.text, "comment": entry.comment, "file": str(written)}

    @studio.post("/api/problems/{problem}/functions/delete")
    def deleted(problem: str, wanted: DeletedFunction) -> dict[str, Any]:
        space = workspace(problem)
        delete(space, wanted.file, began_with=wanted.began_with, name=wanted.name)
        return {"file": str(space.file(wanted.file).relative_to(space.project.root))}

    @studio.post("/api/problems/{problem}/examples")
    def exemplified(problem: str, picked: PickedRows) -> dict[str, Any]:
        return make_examples(workspace(problem), picked).model_dump(mode="json")

"""What a file or folder would become as a problem, and the problem made of it: `tidemill new` in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from tidemill.apps.onboarding.new_problem import CreatedProblem, NewProblem, create_problem, prepare_problem
from tidemill.apps.studio.uploads import forget, uploaded
from tidemill.contracts import ConfigError, Settings, TidemillError
from tidemill.ingest.splits import describe_labels
from tidemill.ingest.values import is_missing
from tidemill.project.packages import INCOMING
from tidemill.project.project import Project
from tidemill.readers.cell_text import as_string
from tidemill.readers.options import ReadOptions
from tidemill.readers.read import read_file
from tidemill.readers.table import Table
from tidemill.reports.studio import DataColumn, ProblemPreview

_SHOWN: Final = 5
_CHARACTERS: Final = 120
_LABELS: Final = frozenset({"label", "labels", "class", "category", "target", "gold", "stars", "sentiment", "rating"})
_FEW: Final = 20
_PLACEHOLDER: Final = "new_problem"
Column = Field(default=None, max_length=500)


class WantedProblem(Settings):
    """A new problem, as the form has it."""

    name: str = Field(default="", max_length=100)
    upload: str | None = Field(default=None, max_length=100)
    path: str | None = Field(default=None, max_length=1000)
    guess: bool = False
    text: str | None = Column
    label: str | None = Column
    image: str | None = Column
    classes: tuple[str, ...] = Field(default=(), max_length=1000)
    meta: tuple[str, ...] = Field(default=(), max_length=1000)
    ignore_splits: bool = False
    encoding: str | None = Field(default=None, max_length=50)
    delimiter: str | None = Field(default=None, max_length=1)
    bad_rows: Literal["refuse", "quarantine"] = "refuse"


def server_files(project: Project) -> list[str]:
    """List files and folders on the server that a problem can be made of.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        Below ``data/incoming``, at most two folders deep.
    """
    top = project.shared / INCOMING
    found = [*top.glob("*"), *top.glob("*/*")]
    return sorted(path.relative_to(top).as_posix() for path in found if not path.name.startswith("."))


def preview_problem(project: Project, wanted: WantedProblem) -> ProblemPreview:
    """Look at a file or folder as `tidemill new` would; nothing is written.

    Parameters
    ----------
    project
        The project.
    wanted
        What is known so far; with ``guess`` the columns of text and labels are proposed.

    Returns
    -------
    ProblemPreview
        With an error where choices do not make a problem yet.

    Raises
    ------
    ConfigError
        There is no such file.
    DataError
        It cannot be read.
    """
    source = _source(project, wanted)
    table = None if source.is_dir() else read_file(source, _reading(wanted))
    if table is not None and wanted.guess:
        wanted = wanted.model_copy(update=_guessed(table))
    rows, labels, error = 0, None, None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = () if table is None else table.notes
    try:
        words = wanted.model_copy(update={"name": wanted.name or _PLACEHOLDER})
        prepared = prepare_problem(_words(project, words), project)
        rows, classes, notes = prepared.batch.raw.height, prepared.classes, prepared.notes
        labels = describe_labels(prepared.batch.labels) if any(prepared.batch.labels.values()) else None
        notes = (*notes, *([prepared.caution] if prepared.caution else ()))
    except TidemillError as problem:
        error = _in_words_of_the_form(str(problem))
    names = () if table is None else tuple(table.columns)
    about = {name: tuple(note for note in notes if _is_about(note, name)) for name in names}
    return ProblemPreview(
        folder=table is None,
        columns=() if table is None else tuple(_column(table, name, about[name]) for name in names),
        text=wanted.text,
        label=wanted.label,
        rows=rows,
        classes=classes,
        labels=labels,
        notes=tuple(note for note in notes if not any(note in of_column for of_column in about.values())),
        error=error,
    )


def add_problem(project: Project, wanted: WantedProblem) -> CreatedProblem:
    """Make the problem as `tidemill new` does; nothing of it stays where that fails.

    Parameters
    ----------
    project
        The project.
    wanted
        All of the form.

    Returns
    -------
    CreatedProblem

    Raises
    ------
    ConfigError
        The name cannot be used, or a required choice is missing.
    DataError
        The data cannot be read, or its labels make no problem.
    """
    made = create_problem(_words(project, wanted), project)
    if wanted.upload is not None:
        forget(project, wanted.upload)
    return made


def _words(project: Project, wanted: WantedProblem) -> NewProblem:
    source = _source(project, wanted)
    place: dict[str, Any] = {"images": source} if source.is_dir() else {"source": source}
    return NewProblem(
        wanted.name,
        **place,
        text=wanted.text,
        label=wanted.label,
        image=wanted.image,
        classes=wanted.classes or None,
        meta=wanted.meta,
        ignore_splits=wanted.ignore_splits,
        reading=_reading(wanted),
    )


def _reading(wanted: WantedProblem) -> ReadOptions:
    return ReadOptions(wanted.encoding or None, wanted.delimiter or None, None, wanted.bad_rows)


def _source(project: Project, wanted: WantedProblem) -> Path:
    if wanted.upload is not None:
        return uploaded(project, wanted.upload)
    if not wanted.path:
        raise ConfigError("choose a file")
    top = (project.shared / INCOMING).resolve()
    path = (top / wanted.path).resolve()
    if path == top or not path.is_relative_to(top) or not path.exists():
        raise ConfigError(f"there is no {wanted.path!r} in {INCOMING}")
    return path


def _guessed(table: Table) -> dict[str, str | None]:
    """The longest strings are the text; few different values, or a usual name, are labels."""
    lengths = {name: _mean_length(values) for name, values in table.columns.items()}
    text = max(lengths, key=lambda name: lengths[name], default=None)
    if text is None or not lengths[text]:
        return {}
    others = [name for name in table.columns if name != text]
    named = [name for name in others if name.lower() in _LABELS]
    few = [name for name in others if 1 < len(_different(table.columns[name])) <= min(_FEW, len(table.numbers) // 4)]
    return {"text": text, "label": next(iter([*named, *few]), None)}


def _mean_length(values: Sequence[Any]) -> float:
    texts = [value for value in values if isinstance(value, str)]
    return sum(map(len, texts)) / len(texts) if texts else 0.0


def _different(values: Sequence[Any]) -> set[str]:
    return {as_string(value) for value in values if not is_missing(value)}


def _column(table: Table, name: str, notes: tuple[str, ...]) -> DataColumn:
    values = table.columns[name]
    shown = tuple("" if is_missing(value) else as_string(value)[:_CHARACTERS] for value in values[:_SHOWN])
    missing = sum(map(is_missing, values))
    return DataColumn(name=name, values=shown, different=len(_different(values)), missing=missing, notes=notes)


def _is_about(note: str, column: str) -> bool:
    return f"column {column!r}" in note


def _in_words_of_the_form(text: str) -> str:
    for option, field in (
        ("--text COLUMN", "as Text"),
        ("--ignore-splits", "Folders of splits are no classes"),
        ("--classes", "Classes"),
    ):
        text = text.replace(option, field)
    return text

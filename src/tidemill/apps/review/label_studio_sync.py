"""Rows pushed to a project of Label Studio, and answers pulled into the history of gold.

Neither way needs a memory of its own: what the server has is not pushed again, what the history has is not added again,
so either side may be killed and started at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows
from tidemill.apps.gold.withdraw import withdrawals
from tidemill.apps.review.label_studio import LabelStudio
from tidemill.apps.review.label_studio_tasks import (
    SOURCE,
    Annotations,
    labeling_interface,
    read_annotations,
    task,
)
from tidemill.apps.review.rows_to_review import rows_to_review, wanted_rows
from tidemill.common.locks import locked
from tidemill.contracts import DataError
from tidemill.project.gold_history import Answer, append_answers
from tidemill.project.project import Project

_ROW: Final = "row_id"


@dataclass(frozen=True)
class PushedRows:
    """What was sent.

    Parameters
    ----------
    project
        Number of the project in Label Studio.
    sent
        Rows that are tasks now.
    there
        Rows that were tasks before.
    """

    project: int
    sent: int
    there: int


@dataclass(frozen=True)
class PulledAnswers:
    """What came back.

    Parameters
    ----------
    project
        Number of the project in Label Studio.
    answers
        New lines of the history.
    known
        Answers that were in the history before.
    withdrawn
        Of the new lines, those that withdraw an answer whose annotation was deleted or changed into a skip.
    skipped
        Annotations by which a person skipped a row.
    refused
        Annotations that cannot be an answer, with the reason.
    """

    project: int
    answers: tuple[Answer, ...]
    known: int
    withdrawn: int
    skipped: int
    refused: tuple[str, ...]


def title_of(name: str) -> str:
    """Title of a problem's project in Label Studio.

    Parameters
    ----------
    name
        Name of the problem.

    Returns
    -------
    str
    """
    return f"{name} (Tidemill)"


def push_rows(project: Project, name: str, file: Path, server: LabelStudio) -> PushedRows:
    """Make rows tasks of Label Studio: content, votes and what the models say.

    The project is made where it is not there, and is given the classes of the problem where they have changed.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    file
        Of rows, as `tidemill gold sample` writes it: a column row_id, and picked where rows were drawn at random.
    server
        Label Studio.

    Returns
    -------
    PushedRows

    Raises
    ------
    DataError
        The file names no row, or one that the problem does not have; the server does not answer.
    ConfigError
        The server refuses the token.
    """
    make_tables(project, name)
    rows = problem_rows(project, name)
    wanted = wanted_rows(file, rows)
    with locked(rows.paths.state / "locks" / f"label-studio-{name}.lock"):  # two at once would both send a row
        number = _project(server, rows)
        there = {item["data"].get(_ROW) for item in server.tasks(number)}
        missing = wanted.filter(~pl.col(_ROW).is_in(list(there)))
        if missing.height:
            classes = rows.problem.classes
            server.add_tasks(number, [task(row, classes, f"Tidemill {name}") for row in rows_to_review(rows, missing)])
    return PushedRows(number, missing.height, wanted.height - missing.height)


def _project(server: LabelStudio, rows: ProblemRows) -> int:
    config = labeling_interface(rows.problem.modality, rows.problem.classes)
    number = server.find_project(title_of(rows.problem.name))
    if number is None:
        return server.make_project(title_of(rows.problem.name), config)
    if server.config(number) != config:
        server.set_config(number, config)
    return number


def pull_answers(project: Project, name: str, server: LabelStudio, *, dry_run: bool = False) -> PulledAnswers:
    """Add what people answered in Label Studio to the history of gold.

    An annotation that was changed is a newer answer; of one that was deleted or turned into a skip the answer is withdrawn. Where a
    whole task was deleted, its answers stay: tidying up is no correction.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    server
        Label Studio.
    dry_run
        Write nothing.

    Returns
    -------
    PulledAnswers

    Raises
    ------
    DataError
        The server does not answer, or has no project for the problem.
    ConfigError
        The server refuses the token.
    """
    make_tables(project, name)
    rows = problem_rows(project, name)
    number = server.find_project(title_of(name))
    if number is None:
        raise DataError(f"Label Studio has no project {title_of(name)!r}: `tidemill review push {name} FILE` makes it")
    tasks = server.tasks(number)
    found = read_annotations(tasks, number, classes=rows.problem.classes, rows=rows.place)
    known = {answer.id for answer in rows.history.answers}
    fresh = [answer for answer in found.answers if answer.id not in known]
    gone = _deleted(rows, found)
    answers = (*fresh, *withdrawals(rows, gone, source=SOURCE, make=not dry_run))
    if not dry_run:
        append_answers(rows.paths, answers)
    return PulledAnswers(number, answers, len(found.answers) - len(fresh), len(gone), found.skipped, found.refused)


def _deleted(rows: ProblemRows, found: Annotations) -> list[Answer]:
    """Valid answers of annotations that are not there any more, though their task is, or that skip their row now.

    Another server counts its tasks from 1 too: a task that was made after the answer is not the one that was answered.
    """
    result = []
    for answer in rows.history.valid:
        row_id, made = found.tasks.get(answer.source.rpartition("/")[0], (None, ""))
        if row_id == answer.row_id and made <= answer.when and answer.source not in found.sources:
            result.append(answer)
    return result

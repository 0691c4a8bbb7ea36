"""Rows written as tasks for a crowdsourcing platform, and its file of answers taken into the history of gold.

An answer is made of its assignment alone, so a file that is taken in twice, or that a later one contains, adds nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from tidemill.apps.gold.other_texts import notes_on_other_texts
from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows, shown_errors
from tidemill.apps.gold.withdraw import withdrawals
from tidemill.apps.review.crowd_files import (
    LABEL,
    PLATFORMS,
    Assignment,
    Platform,
    answered,
    assignments,
    platform_of,
    task_table,
)
from tidemill.apps.review.rows_to_review import rows_to_review, wanted_rows
from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.contracts import NO_GOLD, ConfigError
from tidemill.ingest import values
from tidemill.ingest.row_errors import RowErrors
from tidemill.project.gold_history import Answer, append_answers
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.readers.hand_labels import keep_hand_labels
from tidemill.readers.options import DEFAULTS
from tidemill.readers.read import read_file, report_reading
from tidemill.readers.table import Table
from tidemill.readers.write import check_out, write_frame

_WORKERS: Final = "workers.csv"


def export_tasks(
    project: Project, name: str, file: Path, platform: str, out: Path, *, image_url: str | None = None
) -> int:
    """Write rows to a file of tasks.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    file
        Of rows, as `tidemill review queue` writes it.
    platform
        mturk or toloka.
    out
        ``.csv``, ``.tsv`` or ``.jsonl``.
    image_url
        Address of a picture, with ``{row_id}`` in it; needed where rows are pictures.

    Returns
    -------
    int
        Number of tasks.

    Raises
    ------
    ConfigError
        There is no such platform, the name of ``out`` ends with no format that is written, or pictures have no address.
    DataError
        The file names no row, or one that the problem does not have.
    """
    if platform not in PLATFORMS:
        raise ConfigError(f"there is no platform {platform!r}; there are {', '.join(PLATFORMS)}")
    check_out(out, [file])
    keep_hand_labels(out)
    make_tables(project, name)
    rows = problem_rows(project, name)
    if rows.problem.modality == "image" and "{row_id}" not in (image_url or ""):
        raise ConfigError(
            "where are the pictures? give --image-url https://HOST/{row_id}.png: platforms show what they can fetch"
        )
    wanted = rows_to_review(rows, wanted_rows(file, rows))
    write_frame(task_table(wanted, PLATFORMS[platform], image_url=image_url), out)
    return len(wanted)


@dataclass(frozen=True)
class CrowdAnswers:
    """What a file of answers brings.

    Parameters
    ----------
    platform
        mturk or toloka.
    answers
        New lines of the history.
    known
        Answers that were in the history before.
    withdrawn
        Of the new lines, those that withdraw an answer whose assignment was rejected since.
    void
        Assignments that were rejected, have expired or were skipped.
    blank
        Assignments without an answer.
    refused
        What cannot be an answer, with the reason.
    """

    platform: str
    answers: tuple[Answer, ...]
    known: int
    withdrawn: int
    void: int
    blank: int
    refused: tuple[str, ...]


def import_answers(
    project: Project, name: str, file: Path, *, label: str | None = None, dry_run: bool = False
) -> CrowdAnswers:
    """Add what people answered on a platform to the history of gold.

    Answers of assignments that were rejected are left out, and withdrawn where they were taken in before.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    file
        As Mechanical Turk or Toloka writes it, of tasks that ``export_tasks`` wrote.
    label
        Column of the answers; None: that of ``label``, or the only one.
    dry_run
        Write nothing.

    Returns
    -------
    CrowdAnswers

    Raises
    ------
    DataError
        The file is of neither platform, lacks a column, has texts beside names of other rows, or holds answers of which none
        can be taken.
    """
    make_tables(project, name)
    rows, table = problem_rows(project, name), read_file(file, DEFAULTS)
    platform = platform_of(table)
    given, refused = assignments(table, platform)
    labels, no_class = _labels(table, platform, label, rows)
    counting = [one for one in given if one.counts]
    refused += [no_class[one.place] for one in counting if one.place in no_class]
    unknown = [one for one in counting if one.row_id not in rows.place and one.place not in no_class]
    refused += [
        f"{table.unit} {table.numbers[one.place]}: {one.row_id!r} is no row of {name}{rows.not_arrived}"
        for one in unknown
    ]
    said = [one for one in counting if one.row_id in rows.place and labels[one.place] != NO_GOLD]
    named = [(one.place, rows.place[one.row_id]) for one in said]
    report_reading(notes_on_other_texts(table, rows, named, [f"{platform.given}text"]))
    made, differ = _once([(one, _answer(one, rows.problem.classes[labels[one.place]], platform)) for one in said])
    refused += [
        f"{table.unit} {table.numbers[one.place]}: assignment {one.source} has another answer further up: neither is taken"
        for one in differ
    ]
    blank = sum(labels[one.place] == NO_GOLD and one.place not in no_class for one in counting)
    fresh = _fresh(made, rows, platform)
    void = {one.source for one in given if not one.counts}
    gone = [answer for answer in rows.history.valid if answer.source in void]
    if refused and not (made or gone):
        raise shown_errors(refused, file.name)
    answers = (*fresh, *withdrawals(rows, gone, source=platform.name, make=not dry_run))
    if not dry_run:
        append_answers(rows.paths, answers)
        _keep_workers(rows.paths, platform, {one.who(platform): one.worker for one in counting})
    return CrowdAnswers(platform.name, answers, len(made) - len(fresh), len(gone), len(void), blank, tuple(refused))


def _once(given: Sequence[tuple[Assignment, Answer]]) -> tuple[list[Answer], list[Assignment]]:
    """The answer of each assignment, and lines that contradict an earlier one of the same."""
    first = dict[str, Answer]()
    for one, answer in given:
        first.setdefault(one.source, answer)
    differ = [one for one, answer in given if answer.label != first[one.source].label]
    unclear = {one.source for one in differ}
    return [answer for source, answer in first.items() if source not in unclear], differ


def _fresh(made: Sequence[Answer], rows: ProblemRows, platform: Platform) -> list[Answer]:
    """Answers that the history lacks: new ones, changed ones, and those whose rejection was taken back.

    What a person has withdrawn stays withdrawn; and an answer that changes an earlier one of its assignment is newer, whatever time the file has.
    """
    history = rows.history
    labels = {answer.id: answer.source for answer in history.answers if answer.label is not None}
    gone = sorted((answer for answer in history.answers if answer.label is None), key=lambda answer: answer.when)
    withdrawn_by = {labels[str(answer.replaces)]: answer.source for answer in gone if answer.replaces in labels}
    valid = {(answer.source, answer.label) for answer in history.valid}
    sources = {answer.source for answer in history.valid}
    result = []
    for answer in made:
        is_back = withdrawn_by.get(answer.source) == platform.name
        if (answer.source, answer.label) in valid or (answer.id in labels and not is_back):
            continue
        is_newer = answer.id in labels or answer.source in sources
        result.append(answer.model_copy(update={"when": history.time([answer.row_id])}) if is_newer else answer)
    return result


def _labels(
    table: Table, platform: Platform, label: str | None, rows: ProblemRows
) -> tuple[list[int], Mapping[int, str]]:
    """Class of each row of the file, and why it has none where its answer is no class."""
    said = replace(table, columns={LABEL: answered(table, platform, label)})
    errors = RowErrors(said, "quarantine")
    reading = rows.settings.model_copy(update={"gold": LABEL})
    labels = values.gold(said, reading, rows.problem.classes, errors)
    classes = ", ".join(rows.problem.classes)
    return labels, {
        row: f"{table.unit} {table.numbers[row]}: {said.columns[LABEL][row]!r} is no class; classes are {classes}"
        for row in errors.reasons
    }


def _answer(given: Assignment, label: str, platform: Platform) -> Answer:
    content = {"row_id": given.row_id, "label": label, "who": given.who(platform), "when": given.when}
    return Answer.model_validate(content | {"source": given.source, "picked": given.picked})


def _keep_workers(paths: Paths, platform: Platform, workers: Mapping[str, str]) -> None:
    """Who is who on the platform stays on this machine, out of git and DVC: to pay, to ask and to exclude people."""
    file = paths.state / "review" / _WORKERS
    schema = {"who": pl.String, "platform": pl.String, "worker": pl.String}
    new = pl.DataFrame([(who, platform.name, worker) for who, worker in workers.items()], schema=schema, orient="row")
    with locked(paths.state / "locks" / "workers.lock"):  # of two imports at once the later would lose the other's
        before = pl.read_csv(file, schema=schema, glob=False) if file.exists() else new.clear()
        with atomic_write(file) as part:
            pl.concat([before, new]).unique("who", keep="first").sort("who").write_csv(part)

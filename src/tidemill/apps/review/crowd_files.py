"""Files of crowdsourcing platforms: tasks as they take them, and answers as they give them back.

Columns of Mechanical Turk's batch files and of Toloka's; JSON lines with the same names are read and written too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from tidemill.apps.review.rows_to_review import RowToReview
from tidemill.contracts import DataError
from tidemill.ingest.values import is_missing
from tidemill.project.gold_history import how_picked
from tidemill.readers.cell_text import as_string
from tidemill.readers.table import Table, nearest

ROW: Final = "row_id"
LABEL: Final = "label"
_CROWD_FORM: Final = "taskAnswers"
"""Column of Mechanical Turk in which crowd elements put all that a person said, as JSON."""
_TICKS: Final = frozenset({"true", "false", None})
"""What a column of a radio button holds, in lower case."""
_ZONES: Final = {"UTC": 0, "GMT": 0, "PST": -8, "PDT": -7}
_SLACK: Final = dt.timedelta(days=1)
"""By which clocks and unnamed zones may differ."""
_TURK_TIME: Final = re.compile(r"\w{3} \w{3} +\d+ [\d:]+ \w+ \d{4}")
"""Sat Nov 28 10:13:24 PST 2026"""


@dataclass(frozen=True)
class Platform:
    """Names of a platform's columns.

    Parameters
    ----------
    name
        mturk or toloka.
    task
        What stands before the columns of a task where it is uploaded.
    given
        The same in the file of answers.
    answer
        What stands before the columns of an answer.
    assignment, worker, status, submitted
        Columns of the file of answers.
    answers
        States, in lower case, in which an assignment is an answer.
    void
        States, in lower case, in which it is none.
    """

    name: str
    task: str
    given: str
    answer: str
    assignment: str
    worker: str
    status: str
    submitted: str
    answers: frozenset[str]
    void: frozenset[str]


MTURK: Final = Platform(
    name="mturk",
    task="",
    given="Input.",
    answer="Answer.",
    assignment="AssignmentId",
    worker="WorkerId",
    status="AssignmentStatus",
    submitted="SubmitTime",
    answers=frozenset({"submitted", "approved"}),
    void=frozenset({"rejected"}),
)
TOLOKA: Final = Platform(
    name="toloka",
    task="INPUT:",
    given="INPUT:",
    answer="OUTPUT:",
    assignment="ASSIGNMENT:assignment_id",
    worker="ASSIGNMENT:worker_id",
    status="ASSIGNMENT:status",
    submitted="ASSIGNMENT:submitted",
    answers=frozenset({"submitted", "approved", "accepted"}),
    void=frozenset({"rejected", "expired", "skipped", "active"}),
)
PLATFORMS: Final[Mapping[str, Platform]] = {one.name: one for one in (MTURK, TOLOKA)}


def task_table(rows: Sequence[RowToReview], platform: Platform, *, image_url: str | None = None) -> pl.DataFrame:
    """Write rows as tasks.

    Parameters
    ----------
    rows
        What is to be answered; votes and predictions are left out, which would lead people.
    platform
        That takes them.
    image_url
        Address of a picture, with ``{row_id}`` in the place of its row; needed where rows are pictures.

    Returns
    -------
    polars.DataFrame
        A row each: row_id, text or image_url, and picked (random or uncertain).
    """
    lines = []
    for row in rows:
        content = (
            {"text": row.content}
            if isinstance(row.content, str)
            else {"image_url": (image_url or "").replace("{row_id}", row.row_id)}
        )
        line = {ROW: row.row_id} | content | {"picked": how_picked(row.picked)}
        lines.append({f"{platform.task}{name}": value for name, value in line.items()})
    return pl.DataFrame(lines)


@dataclass(frozen=True)
class Assignment:
    """What a person answered about a row, or that it does not count.

    Parameters
    ----------
    place
        Index of the row in the file.
    row_id
        As the file names it.
    worker
        Id of the person on the platform.
    when
        As ``Answer.when`` has it.
    source
        Names the assignment.
    picked
        How the row was chosen, where the file says it.
    counts
        False where it was rejected, has expired or was skipped.
    """

    place: int
    row_id: str
    worker: str
    when: str
    source: str
    picked: str | None
    counts: bool

    def who(self, platform: Platform) -> str:
        """Id under which the history knows the person: on the platform's pages theirs would lead to a name.

        Parameters
        ----------
        platform
            That the file is of.

        Returns
        -------
        str
            The same for the same person in every checkout.
        """
        return f"{platform.name}-{hashlib.sha256(self.worker.encode()).hexdigest()[:12]}"


def platform_of(table: Table) -> Platform:
    """Find out whose file of answers a table is.

    Parameters
    ----------
    table
        The file.

    Returns
    -------
    Platform

    Raises
    ------
    DataError
        It has the columns of neither.
    """
    for platform in PLATFORMS.values():
        if table.has(platform.worker) and table.has(f"{platform.given}{ROW}"):
            return platform
    wanted = " or ".join(f"{one.given}{ROW} and {one.worker}" for one in PLATFORMS.values())
    raise DataError(
        f"{table.name} has no columns {wanted}: is it a file of answers, of tasks that `tidemill review export` wrote?"
    )


def assignments(table: Table, platform: Platform) -> tuple[list[Assignment], list[str]]:
    """Read who answered what and when.

    Parameters
    ----------
    table
        The file.
    platform
        That it is of.

    Returns
    -------
    list of Assignment
        Rows without a row_id are left out, as control tasks of the platform are.
    list of str
        Why rows of the file cannot be taken.

    Raises
    ------
    DataError
        A column is missing.
    """
    names = (f"{platform.given}{ROW}", platform.assignment, platform.worker, platform.submitted)
    columns = [[_text(value) for value in table.column(name, "the file")] for name in names]
    status = _column(table, platform.status)
    picked = _column(table, f"{platform.given}picked")
    result, refused = list[Assignment](), list[str]()
    for place, (row_id, assignment, worker, submitted) in enumerate(zip(*columns, strict=True)):
        if not row_id:
            continue
        counts = (status[place] or "").lower() not in platform.void
        when = _time(submitted)
        if counts and (reason := _reason_against(platform, status[place], (assignment, worker, submitted), when)):
            refused.append(f"{table.unit} {table.numbers[place]}: {reason}")
            continue
        source = f"{platform.name}/{assignment}/{row_id}"
        chosen = how_picked(picked[place])
        result.append(Assignment(place, row_id, worker or "", when or "", source, chosen, counts))
    return result, refused


def _reason_against(
    platform: Platform, status: str | None, given: tuple[str | None, str | None, str | None], when: str | None
) -> str | None:
    """Why what an assignment says cannot be an answer; an answer of the future would be the newest for as long."""
    assignment, worker, submitted = given
    if not (assignment and worker and when):
        return (
            f"{platform.assignment}, {platform.worker} and a time in {platform.submitted} are needed; they are {assignment!r}, {worker!r}, "
            f"{submitted!r}"
        )
    if status and status.lower() not in platform.answers:
        known = ", ".join(sorted(platform.answers | platform.void))
        return f"{platform.status} is {status!r}, which may be an answer or none; known are {known}"
    if when > _written(dt.datetime.now(dt.UTC) + _SLACK):
        return f"{platform.submitted} is {submitted!r}, which is yet to come"
    return None


def answered(table: Table, platform: Platform, wanted: str | None) -> list[str | None]:
    """Read what was answered, a text a row.

    Parameters
    ----------
    table
        The file.
    platform
        That it is of.
    wanted
        Column of the answers, or what those of radio buttons have before the name of a button; None: that of ``label``, or
        the only one.

    Returns
    -------
    list of str or None
        None where nothing was answered.

    Raises
    ------
    DataError
        There is no such column, or several could be it.
    """
    usual, form = f"{platform.answer}{LABEL}", f"{platform.answer}{_CROWD_FORM}"
    found = [name for name in table.columns if name.startswith(platform.answer)]
    buttons = _buttons(table, found, platform)
    if wanted is None and not table.has(usual) and usual not in buttons:
        if form in found:
            return [_of_form(value) for value in table.columns[form]]
        fields = list(
            dict.fromkeys(next((field for field in buttons if name in buttons[field]), name) for name in found)
        )
        if len(fields) != 1:
            raise DataError(
                f"{table.name}: the answers are not in {usual!r}{nearest(usual, fields)}; name their column with --label"
            )
        wanted = fields[0]
    wanted = wanted or usual
    if wanted in buttons and not table.has(wanted):
        return _chosen(table, buttons[wanted], wanted)
    return [_text(value) for value in table.column(wanted, "--label")]


def _buttons(table: Table, found: Sequence[str], platform: Platform) -> dict[str, list[str]]:
    """Columns of each field of radio buttons, ``Answer.label.spam`` and ``Answer.label.ham``, which hold true and false."""
    result = dict[str, list[str]]()
    for name in found:
        field, dot, button = name.removeprefix(platform.answer).partition(".")
        if dot and button and {_ticked(value) for value in table.columns[name]} <= _TICKS:
            result.setdefault(f"{platform.answer}{field}", []).append(name)
    return {field: columns for field, columns in result.items() if len(columns) > 1}


def _chosen(table: Table, columns: Sequence[str], field: str) -> list[str | None]:
    """Name of the button that each row has ticked; several are named together, which is no class and told with the row."""
    rows = zip(*(table.columns[name] for name in columns), strict=True)
    buttons = [name.removeprefix(f"{field}.") for name in columns]
    ticked = [[button for button, value in zip(buttons, row, strict=True) if _ticked(value) == "true"] for row in rows]
    return [", ".join(row) or None for row in ticked]


def _ticked(value: Any) -> str | None:
    text = _text(value)
    return text and text.lower()


def _of_form(value: Any) -> str | None:
    """[{"label": {"label": "spam"}}] of a classifier, [{"label": {"spam": true, "ham": false}}] of radio buttons, [{"label": "spam"}]."""
    try:
        said = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return _text(value)
    while isinstance(said, list) and len(said) == 1:
        said = said[0]
    while isinstance(said, Mapping):
        ticked = [name for name, is_ticked in said.items() if is_ticked is True]
        if ticked or all(isinstance(each, bool) for each in said.values()):
            return ", ".join(ticked) or None
        said = said.get(LABEL, next(iter(said.values())))
    return _text(said)


def _column(table: Table, name: str) -> list[str | None]:
    return [_text(value) for value in table.column(name, name)] if table.has(name) else [None] * len(table.numbers)


def _text(value: Any) -> str | None:
    """Lists and objects of JSON as they are written there: no class is called so, which is told with the row."""
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False) if value else None
    return None if is_missing(value) else as_string(value).strip() or None


def _time(text: str | None) -> str | None:
    """Moments without a zone are UTC; Mechanical Turk names its zone between the time and the year."""
    if text is None:
        return None
    try:
        moment = _turk_time(text) if _TURK_TIME.fullmatch(text) else dt.datetime.fromisoformat(text)
    except (ValueError, KeyError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return _written(moment.astimezone(dt.UTC))


def _written(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _turk_time(text: str) -> dt.datetime:
    *before, zone, year = text.split()
    offset = f"{_ZONES[zone]:+03d}00"
    return dt.datetime.strptime(" ".join([*before, offset, year]), "%a %b %d %H:%M:%S %z %Y")

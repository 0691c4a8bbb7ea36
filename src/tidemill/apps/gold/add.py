"""Answers of a file, added to the history of a problem's gold."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tidemill.apps.gold.other_labels import notes_on_other_labels
from tidemill.apps.gold.other_texts import notes_on_other_texts
from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows, shown_errors
from tidemill.common.files import atomic_write
from tidemill.contracts import NO_GOLD, SPLITS, ConfigError, DataError
from tidemill.ingest import values
from tidemill.ingest.row_errors import RowErrors
from tidemill.project.gold_history import WITH_BATCH, Answer, append_answers, how_picked
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.readers.cell_text import as_string
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.other_tools import notes_on_status
from tidemill.readers.read import read_file
from tidemill.readers.table import Table, nearest

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FILES: Final = ("file_name", "filename", "file", "image", "path")
"""Columns that name rows by the files of images, as a metadata.csv beside them does."""
Fate = Literal["new", "changed", "same", "known"]


@dataclass(frozen=True)
class FileOptions:
    """How a file of answers is read.

    Parameters
    ----------
    label
        Column of the labels; None: found by its name.
    rows
        Column that names the rows; None: found by its name.
    batch
        Batch of all rows, where names are not the same row in every batch.
    who
        Id of the person, where no column ``who`` says; None: an id of this checkout.
    blank
        Class of rows without a label, and of all rows where the file has no column of labels; None: they are left out.
    reading
        Encoding and the like.
    """

    label: str | None = None
    rows: str | None = None
    batch: str | None = None
    who: str | None = None
    blank: str | None = None
    reading: ReadOptions = DEFAULTS


@dataclass(frozen=True)
class AddedLabels:
    """What a file adds.

    Parameters
    ----------
    answers
        New lines of the history.
    counts
        Labels that are new, changed, the same as the one that counts, and known already from the same person; rows left
        blank.
    splits
        New and changed labels by split.
    notes
        What was guessed of the file.
    """

    answers: tuple[Answer, ...]
    counts: Mapping[str, int]
    splits: Mapping[str, int]
    notes: tuple[str, ...]


def add_labels(project: Project, name: str, file: Path, options: FileOptions, *, dry_run: bool = False) -> AddedLabels:
    """Add the labels of a file to a problem's history of gold; all of them, or none where one cannot be taken.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    file
        In any format that is read; rows without a label are left out.
    options
        How the file is read.
    dry_run
        Write nothing.

    Returns
    -------
    AddedLabels

    Raises
    ------
    DataError
        Names the rows that are unknown or ambiguous, that have the text of another row, and the labels that are no class.
    ConfigError
        ``options.who`` is a name and no id.
    """
    make_tables(project, name)
    rows = problem_rows(project, name)
    table = read_file(file, options.reading)
    usual = (*_label_names(rows, options), *_row_names(rows, options.rows), "batch", "who", "picked")
    table = values.with_usual_names(table, usual)
    who = options.who or ("" if table.has("who") else own_id(rows.paths, make=not dry_run))
    given = _given_labels(table, rows, options, who)
    about_texts = notes_on_other_texts(table, rows, [(one.row, one.place) for one in given[0]])
    done = _answers(given, rows, file.name)
    if not dry_run:
        append_answers(rows.paths, done.answers)
    label = _label_column(table, rows, options)
    reading = rows.settings.model_copy(update={"gold": label})
    about_labels = values.words_for_no_label(table, reading, rows.problem.classes)
    about_time = [f"{table.name}: column 'when' is not read: labels are of the time at which they are added"]
    notes = (
        *table.notes,
        *about_labels,
        *notes_on_status(table),
        *(about_time if table.has("when") else ()),
        *_notes_on_people(given[0]),
        *notes_on_other_labels(table, rows, [(one.row, one.label) for one in given[0]], label),
        *about_texts,
    )
    return AddedLabels(done.answers, done.counts, done.splits, notes)


@dataclass(frozen=True)
class LabeledRow:
    """The label of one row.

    Parameters
    ----------
    row_id
        The row.
    label
        Name of its class.
    picked
        How the row was chosen: random or uncertain; None: not known.
    note
        What the person writes beside it.
    who
        Id of the person; None: that of this checkout.
    """

    row_id: str
    label: str
    picked: str | None = None
    note: str | None = None
    who: str | None = None


def add_answer(project: Project, name: str, given: LabeledRow, *, source: str) -> Answer:
    """Add the label that a person gives one row.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    given
        Row and label.
    source
        Where it was given.

    Returns
    -------
    Answer
        The line that was added, or the one by which the same person has said the same before.

    Raises
    ------
    DataError
        There is no such row or class.
    ConfigError
        ``given.who`` is a name and no id.
    """
    rows = problem_rows(project, name)
    who = own_id(rows.paths) if given.who is None else checked_id(given.who)
    if given.row_id not in rows.place:
        raise DataError(f"{name} has no row {given.row_id!r}")
    if given.label not in rows.problem.classes:
        raise DataError(f"{given.label!r} is no class of {name}{nearest(given.label, rows.problem.classes)}")
    place, label = rows.place[given.row_id], rows.problem.classes.index(given.label)
    item = _GivenLabel(place, label, who, how_picked(given.picked), given.note or None)
    added = _answers(([item], 0), rows, source).answers
    append_answers(rows.paths, added)
    return added[0] if added else rows.history.by_person[given.row_id, who]


def checked_id(who: str) -> str:
    """Check that a text is an id of a person and no name.

    Parameters
    ----------
    who
        The text.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ConfigError
        It is not.
    """
    if not _ID.fullmatch(who):
        raise ConfigError(
            f"who: {who!r} is no id of a person: lower-case letters, digits, - and _, up to 32, such as r07; names of people "
            "stay out of git"
        )
    return who


def own_id(paths: Paths, *, make: bool = True) -> str:
    """Read the id under which this checkout's user labels: drawn once, and kept out of git.

    Parameters
    ----------
    paths
        Of a problem.
    make
        Keep one that is drawn.

    Returns
    -------
    str
        ``u`` and eight hexadecimal digits.
    """
    file = paths.state / "annotator"
    if file.exists():
        return file.read_text(encoding="utf-8").strip()
    result = f"u{secrets.token_hex(4)}"
    if make:
        with atomic_write(file) as part:
            part.write_text(f"{result}\n", encoding="utf-8")
    return result


@dataclass(frozen=True)
class _GivenLabel:
    place: int
    label: int
    who: str
    picked: str | None
    note: str | None = None
    row: int = 0  # of the file


def _given_labels(table: Table, rows: ProblemRows, options: FileOptions, who: str) -> tuple[list[_GivenLabel], int]:
    """What each labeled row of the file says, and how many rows are left blank."""
    label, named = _label_column(table, rows, options), _row_column(table, rows, options.rows)
    errors = RowErrors(table, "quarantine")
    reading = rows.settings.model_copy(update={"gold": label})
    labels = values.gold(table, reading, rows.problem.classes, errors)
    if options.blank is not None:
        blank = rows.problem.classes.index(options.blank)
        cells = [None] * len(labels) if label is None else table.column(label, "--label")
        labels = [blank if values.is_missing(cell) else value for cell, value in zip(cells, labels, strict=True)]
    result, first = list[_GivenLabel](), dict[tuple[int, str], int]()
    for row, value in enumerate(table.column(named, "--rows")):
        if row in errors.reasons or labels[row] == NO_GOLD:
            continue
        try:
            place = _place(_word(value, named), row, table, rows, options)
            given = _GivenLabel(place, labels[row], _who(table, row, who), _picked(table, row), row=row)
        except (DataError, ConfigError) as error:
            errors.add(row, f"column {named!r}: {error}" if isinstance(error, DataError) else str(error))
            continue
        before = first.setdefault((given.place, given.who), len(result))
        if before == len(result):
            result.append(given)
        elif result[before].label != given.label:
            errors.add(row, f"{as_string(value).strip()!r} has another label further up: keep one of the two")
    problems = [f"{table.unit} {bad.number}: {bad.reason}" for bad in table.bad]
    problems += [f"{table.unit} {table.numbers[row]}: {reason}" for row, reason in sorted(errors.reasons.items())]
    if problems:
        raise shown_errors(problems, table.name, unknown=rows.not_arrived)
    return result, labels.count(NO_GOLD)


def _notes_on_people(given: Sequence[_GivenLabel]) -> list[str]:
    """A note on rows that people label differently in one file, whose answers are of one time."""
    labels: dict[int, set[int]] = {}
    for one in given:
        labels.setdefault(one.place, set()).add(one.label)
    differing = sum(len(several) > 1 for several in labels.values())
    if not differing:
        return []
    which = f"{differing} of {len(labels)} rows are labeled differently by people of the file: one of the labels counts as gold"
    more = "denoise.use_answers learns from all of them, and `tidemill review agreement` shows how far people agree"
    return [f"{which}, by chance; {more}"]


def _label_column(table: Table, rows: ProblemRows, options: FileOptions) -> str | None:
    names = _label_names(rows, options)
    found = next((name for name in names if table.has(name)), None)
    if found is None and (options.label or options.blank is None):
        raise DataError(
            f"{table.name} has no column {' or '.join(map(repr, names))}{nearest(names[0], list(table.columns))}; name the "
            "column of the labels with --label"
        )
    return found


def _label_names(rows: ProblemRows, options: FileOptions) -> list[str]:
    usual = ("label", rows.settings.gold, "gold", "class")
    return [options.label] if options.label else [name for name in dict.fromkeys(usual) if name]


def _row_names(rows: ProblemRows, wanted: str | None) -> list[str]:
    usual = ("row_id", rows.settings.key_column, "key", rows.settings.image, *_FILES)
    return [wanted] if wanted else [name for name in dict.fromkeys(usual) if name]


def _row_column(table: Table, rows: ProblemRows, wanted: str | None) -> str:
    names = _row_names(rows, wanted)
    found = next((name for name in names if table.has(name)), None)
    if found is None:
        raise DataError(
            f"{table.name} has no column {' or '.join(map(repr, names))}{nearest(names[0], list(table.columns))}; name the "
            "column that names the rows with --rows"
        )
    return found


def _place(name: str | None, row: int, table: Table, rows: ProblemRows, options: FileOptions) -> int:
    if name is None:
        raise DataError("no row is named: fill it, or remove the line")
    return rows.names.find(name, _cell(table, row, "batch") or options.batch)


def _cell(table: Table, row: int, column: str) -> str | None:
    return _word(table.columns[column][row], column) if table.has(column) else None


def _word(value: Any, column: str) -> str | None:
    if values.is_missing(value):
        return None
    try:
        return as_string(value).strip()
    except TypeError:
        raise ConfigError(f"column {column!r} is {str(value)[:60]}, not text or a number: mend the row") from None


def _who(table: Table, row: int, usual: str) -> str:
    return checked_id(_cell(table, row, "who") or usual)


def _picked(table: Table, row: int) -> str | None:
    return how_picked(table.columns["picked"][row]) if table.has("picked") else None


def _answers(given: tuple[list[_GivenLabel], int], rows: ProblemRows, source: str) -> AddedLabels:
    kept, blank = given
    ids, own, gold, splits = (rows.table[name].to_list() for name in ("row_id", "own", "gold", "split"))
    when = rows.history.time(ids[item.place] for item in kept)
    earlier = {(row_id, who, answer.label) for (row_id, who), answer in rows.history.by_person.items()}
    counts: Counter[str] = Counter({"blank": blank})
    by_split, answers = Counter[str](), []
    for item in kept:
        label, row_id = rows.problem.classes[item.label], ids[item.place]
        fate = _fate(item.label, gold[item.place], is_known=(row_id, item.who, label) in earlier)
        counts[fate] += 1
        if fate == "known":
            continue
        by_split[splits[item.place]] += fate != "same"
        known = rows.history.counting.get(row_id)
        replaced = known.id if known is not None else WITH_BATCH if own[item.place] != NO_GOLD else None
        content = {"row_id": row_id, "label": label, "who": item.who, "when": when, "source": source}
        more = {"replaces": replaced, "picked": item.picked, "note": item.note}
        answers.append(Answer.model_validate(content | more))
    return AddedLabels(tuple(answers), dict(counts), {name: by_split[name] for name in SPLITS}, ())


def _fate(label: int, now: int, *, is_known: bool) -> Fate:
    if is_known:
        return "known"
    if now == NO_GOLD:
        return "new"
    return "same" if now == label else "changed"

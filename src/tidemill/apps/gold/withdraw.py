"""Answers that shall not count any more: a line that says so is added, nothing is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidemill.apps.gold.add import own_id
from tidemill.apps.gold.rows import ProblemRows, problem_rows, shown_errors
from tidemill.contracts import NO_GOLD, ConfigError, DataError
from tidemill.project.gold_history import WITH_BATCH, Answer, append_answers
from tidemill.project.project import Project


@dataclass(frozen=True)
class WithdrawnLabels:
    """What was withdrawn.

    Parameters
    ----------
    answers
        New lines of the history.
    rows
        Rows that are concerned.
    unlabeled
        Of these, rows that have no label now.
    """

    answers: tuple[Answer, ...]
    rows: int
    unlabeled: int


def withdraw_labels(
    project: Project,
    name: str,
    rows: Sequence[str] = (),
    *,
    source: str | None = None,
    who: str | None = None,
    everything: bool = False,
) -> WithdrawnLabels:
    """Withdraw the answers that count of some rows, or all that came from a source or a person.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    rows
        Rows by row_id, key or file name: the answer that counts goes, and the one before it counts again.
    source, who
        Withdraw the answers of this file or tool, or of this person, in place of those of rows.
    everything
        Withdraw all answers of the rows, and the label that they came with.

    Returns
    -------
    WithdrawnLabels

    Raises
    ------
    ConfigError
        Neither rows nor a source or person are named, or both.
    DataError
        A row is unknown or has no label; or no answer is of that source or person.
    """
    if bool(rows) == (source is not None or who is not None):
        raise ConfigError("say whose labels are withdrawn: rows, or --source FILE or --who ID")
    known = problem_rows(project, name)
    wanted = _of_rows(known, rows, everything=everything) if rows else _of_origin(known, source, who)
    by = own_id(known.paths)
    ids = [row_id for row_id, _ in wanted]
    when = known.history.time(ids)
    answers = tuple(
        Answer(row_id=row_id, label=None, who=by, when=when, source="withdrawn", replaces=answer)
        for row_id, answer in wanted
    )
    append_answers(known.paths, answers)
    after = problem_rows(project, name)
    places = {after.place[row_id] for row_id in ids if row_id in after.place}
    return WithdrawnLabels(answers, len(set(ids)), sum(after.table["gold"][place] == NO_GOLD for place in places))


def withdraw_answer(project: Project, name: str, row_id: str, answer: str) -> None:
    """Withdraw one answer, whatever others have said of its row since; once, however often it is asked for.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    row_id
        The row.
    answer
        Id of the answer.

    Raises
    ------
    DataError
        There is no such answer.
    """
    known = problem_rows(project, name)
    if (row_id, answer) in known.history.withdrawn:
        return
    gone = [one for one in known.history.valid if one.row_id == row_id and one.id == answer]
    if not gone:
        raise DataError(f"row {row_id} of {name} has no answer {answer}: it is not in this checkout's history any more")
    append_answers(known.paths, withdrawals(known, gone, source="withdrawn", make=True))


def withdrawals(rows: ProblemRows, gone: Sequence[Answer], *, source: str, make: bool) -> list[Answer]:
    """Withdraw answers that their tool has taken back.

    Parameters
    ----------
    rows
        Of the problem.
    gone
        The answers.
    source
        Name of the tool.
    make
        Keep this checkout's id, where one is drawn for it.

    Returns
    -------
    list of Answer
        Lines that are to be added to the history.
    """
    if not gone:
        return []
    who, when = own_id(rows.paths, make=make), rows.history.time(answer.row_id for answer in gone)
    return [
        Answer(row_id=answer.row_id, label=None, who=who, when=when, source=source, replaces=answer.id)
        for answer in gone
    ]


def _of_rows(known: ProblemRows, rows: Sequence[str], *, everything: bool) -> list[tuple[str, str]]:
    result, errors = [], []
    for name in rows:
        try:
            place = known.names.find(name)
        except DataError as error:
            errors.append(str(error))
            continue
        row_id = known.table["row_id"][place]
        answers = [answer.id for answer in known.history.valid if answer.row_id == row_id]
        own = [WITH_BATCH] if known.table["own"][place] != NO_GOLD else []
        own = [item for item in own if (row_id, item) not in known.history.withdrawn]
        counting = known.history.counting.get(row_id)
        found = [*answers, *own] if everything else [counting.id] if counting is not None else own
        if not found:
            errors.append(f"{name!r} has no label")
        result += [(row_id, answer) for answer in found]
    if errors:
        raise shown_errors(errors, "the command")
    return result


def _of_origin(known: ProblemRows, source: str | None, who: str | None) -> list[tuple[str, str]]:
    result = [
        (answer.row_id, answer.id)
        for answer in known.history.valid
        if (source is None or source in (answer.source, answer.origin)) and (who is None or answer.who == who)
    ]
    if not result:
        sources = sorted({answer.origin for answer in known.history.valid})
        raise DataError(
            f"no answer is of {' and '.join(map(repr, filter(None, (source, who))))}; sources are {', '.join(sources) or 'none'} "
            "(`tidemill gold list` shows people too)"
        )
    return result

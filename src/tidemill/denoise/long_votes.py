"""Votes with a line each, in the columns task, worker and label of crowd-kit, or under the names of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import DataError, not_class
from tidemill.denoise.vote_values import read_cells

LONG: Final = ("task", "worker", "label")
_OTHER_NAMES: Final = (
    frozenset(
        {"task", "task_id", "item", "item_id", "question", "question_id", "example", "example_id", "row_id", "object"}
    ),
    frozenset(
        f"{who}{end}"
        for who in ("worker", "annotator", "rater", "user", "labeler", "labeller", "coder", "reviewer", "performer")
        for end in ("", "_id", "_name", "_email")
    ),
    frozenset({"label", "answer", "annotation", "rating", "vote", "response"}),
)
"""What others call task, worker and label; taken where a table has these three columns, and others about the answers alone."""
_ABOUT_ANSWERS: Final = frozenset(
    {"seconds", "duration", "time", "timestamp", "date", "created_at", "submitted_at", "comment", "confidence"}
    | {"assignment_id", "annotation_id", "answer_id", "hit_id", "session_id", "work_time", "lead_time"}
)
_APPEN: Final = ("_unit_id", "_worker_id")
_TOLOKA: Final = ("INPUT:", "ASSIGNMENT:worker_id", "OUTPUT:")
"""How Toloka's columns of task, worker and label begin."""

_ENOUGH: Final = 10
"""Lines from which no pair twice is a sign, not chance."""


def plain_names(table: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Call task, worker and label what Toloka, Appen and others name otherwise.

    Parameters
    ----------
    table
        As read.
    path
        Its file, for messages.

    Returns
    -------
    table : polars.DataFrame
        With the columns of ``LONG`` where it has a vote a line under known names; else as it was.
    notes : list of str
        Which names were taken for which.

    Raises
    ------
    DataError
        A report of Appen has no single column of answers.
    """
    toloka = [[column for column in table.columns if column.startswith(prefix)] for prefix in _TOLOKA]
    others = [[column for column in table.columns if column.strip().lower() in names] for names in _OTHER_NAMES]
    if {*_APPEN} <= set(table.columns):
        return _of_appen(table, path)
    if all(len(matches) == 1 for matches in toloka):
        return table.rename(dict(zip((matches[0] for matches in toloka), LONG, strict=True))), []
    if any(len(matches) != 1 for matches in others) or set(LONG) <= set(table.columns):
        return table, []
    if {name.strip().lower() for name in table.columns if [name] not in others} - _ABOUT_ANSWERS:
        return table, []
    named = dict(zip((matches[0] for matches in others), LONG, strict=True))
    told = ", ".join(f"{column} as {name}" for column, name in named.items() if column != name)
    return table.rename(named), [f"{path.name}: a vote a line, {told}"]


def _of_appen(table: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str]]:
    """A full report of Appen: an answer a line, in the column of the question, beside which ``<question>_gold`` may stand."""
    tested = [name.removesuffix("_gold") for name in table.columns if name.endswith("_gold")]
    asked = [name for name in table.columns if name in tested] or [name for name in table.columns if name == LONG[2]]
    if len(asked) != 1:
        raise DataError(
            f"{path.name}: is it a report of Appen ({', '.join(_APPEN)})? It has no single column of answers, found as label or by its label_gold: call it label"
        )
    named = dict(zip((*_APPEN, asked[0]), LONG, strict=True))
    told = ", ".join(f"{column} as {name}" for column, name in named.items() if column != name)
    is_test = (
        pl.col("_golden").cast(pl.String).str.to_lowercase() == "true"
        if "_golden" in table.columns
        else pl.lit(value=False)
    )
    kept = table.filter(~is_test.fill_null(value=False))
    left = table.height - kept.height
    notes = [f"{path.name}: a vote a line as Appen has it, {told}"]
    notes += [f"{path.name}: left out {counted(left, 'answer', 'answers')} to test questions (_golden)"] if left else []
    return kept.select(list(named)).rename(named), notes


def ask_whether_long(table: pl.DataFrame, path: Path, classes: Sequence[str]) -> None:
    """Refuse a table that looks as if it had a vote a line under names that are not known.

    It has three columns (besides times, comments and the like): two whose values repeat, though no pair of them does, of
    which at least one holds other things than votes; and one of votes.

    Parameters
    ----------
    table
        As read, with its columns in the order of the file.
    path
        Its file, for messages.
    classes
        Names of the classes.

    Raises
    ------
    DataError
        It looks so; the names that its columns need are given.
    """
    names = [name for name in table.columns if name.strip().lower() not in _ABOUT_ANSWERS]
    if len(names) != len(LONG) or table.height < _ENOUGH:
        return
    voted = [name for name in names if _holds_votes(table[name], classes)]
    for label in reversed(voted):
        pair = [name for name in names if name != label]
        repeat = all(table[name].n_unique() < table.height for name in pair)
        if repeat and not set(pair) <= set(voted) and table.select(pair).n_unique() == table.height:
            task, worker = sorted(pair, key=lambda name: table[name].n_unique(), reverse=True)
            raise DataError(
                f"{path.name}: has it a vote a line, for no pair of {pair[0]} and {pair[1]} comes twice? Then call its columns "
                f"{', '.join(LONG)}, such as {task} as task, {worker} as worker and {label} as label; where {label} is a "
                f"function's votes, say --columns {label}"
            )


def _holds_votes(column: pl.Series, classes: Sequence[str]) -> bool:
    cells = read_cells(column, classes)
    return not len(cells.wrong) and bool(
        ((cells.values >= not_class(len(classes) - 1)) & (cells.values <= len(classes))).all()
    )

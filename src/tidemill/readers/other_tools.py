"""What programs for surveys and labeling write among the rows of their exports, whatever the format: Qualtrics, Prodigy, Argilla."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from tidemill.readers.table import Table

_ACCEPTED: Final = "accept"
_ANSWERS: Final = frozenset({_ACCEPTED, "reject", "ignore"})
_OF_STATUS: Final = ".status"
_SUBMITTED: Final = "submitted"
_OF_ARGILLA: Final = frozenset({_SUBMITTED, "discarded", "draft", "pending"})
_ANSWERED: Final = ("label", "accept")
"""Columns to which an answer of Prodigy applies: a label that was offered, and one that was chosen."""


_STATUS: Final = re.compile(r"(annotation|label|review)?[ _]?(status|state|decision)", re.IGNORECASE)
_SPLIT_NAMES: Final = frozenset(
    {"train", "training", "dev", "val", "valid", "validation", "test", "testing", "holdout"}
)
_NOT_ACCEPTED: Final = frozenset(
    {"rejected", "reject", "skipped", "skip", "cancelled", "canceled", "ignored", "deleted"}
)


def notes_on_status(table: Table) -> list[str]:
    """Tell of a column by which labels may have been rejected where they were collected.

    Parameters
    ----------
    table
        Rows with labels.

    Returns
    -------
    list of str
        A note per such column.
    """
    notes = []
    for name in filter(_STATUS.fullmatch, table.columns):
        cells = [cell.strip().lower() if isinstance(cell, str) else "" for cell in table.columns[name]]
        found = [cell for cell in cells if cell in _NOT_ACCEPTED]
        if found:
            notes.append(
                f"{table.name}: column {name!r} is {', '.join(map(repr, sorted(set(found))))} in {len(found)} rows, whose labels are "
                "taken as others are: take these rows out of the file where their labels do not count"
            )
    return notes


def notes_on_splits(table: Table, *, but: Collection[str | None] = ()) -> list[str]:
    """Tell of a column that divides rows into training and test data, which nothing follows.

    Parameters
    ----------
    table
        Rows.
    but
        Columns that have another meaning.

    Returns
    -------
    list of str
        A note per such column.
    """
    notes = []
    for name, cells in table.columns.items():
        if name in but or not all(cell is None or isinstance(cell, str) for cell in cells):
            continue
        values = {cell.strip().lower() for cell in cells if cell} - {""}
        if len(values) > 1 and values <= _SPLIT_NAMES:
            notes.append(
                f"{table.name}: column {name!r} ({', '.join(sorted(values))}) is not followed: Tidemill divides rows on its own (ingest.split). To keep test "
                "rows out, leave them out of the file"
            )
    return notes


def of_other_tools(table: Table) -> Table:
    """Leave out what is no row, and labels that people did not accept.

    Parameters
    ----------
    table
        As a file was read.

    Returns
    -------
    Table
        Without the rows in which Qualtrics describes its columns; a label that was rejected or ignored in Prodigy, or discarded or
        left as a draft in Argilla, is None. Notes tell of all.
    """
    return _without_discarded(_without_rejected(_without_descriptions(table)))


def _without_discarded(table: Table) -> Table:
    """Of the answers of Argilla, which has a list of them and one of their status, those that were submitted."""
    columns, notes = dict(table.columns), []
    for name, status in table.columns.items():
        answers = table.columns.get(name.removesuffix(_OF_STATUS), [])
        known = {str(one) for cell in status for one in _listed(cell)} if name.endswith(_OF_STATUS) else set()
        if not answers or not known or not known <= _OF_ARGILLA or known == {_SUBMITTED}:
            continue
        results = [_submitted(answer, cell) for answer, cell in zip(answers, status, strict=True)]
        lost = sum(len(_listed(answer)) - len(_listed(kept)) for answer, kept in zip(answers, results, strict=True))
        columns[name.removesuffix(_OF_STATUS)] = results
        notes.append(
            f"{table.name}: an export of Argilla; {lost} answers of {name.removesuffix(_OF_STATUS)!r} that were discarded or left as drafts count as none"
        )
    return replace(table, columns=columns, notes=(*table.notes, *notes))


def _submitted(answer: Any, status: Any) -> Any:
    kept = [one for one, state in zip(_listed(answer), _listed(status), strict=False) if state == _SUBMITTED]
    return None if not kept else kept if isinstance(answer, list) else kept[0]


def _listed(cell: Any) -> list[Any]:
    return cell if isinstance(cell, list) else [] if cell is None else [cell]


def _without_descriptions(table: Table) -> Table:
    """Leave out the two rows below the header in which Qualtrics writes its questions and its own names of the columns."""
    first = [row for row in range(min(2, len(table.numbers) - 1)) if any(map(_is_import_id, _row(table, row)))]
    if not first:
        return table
    start = first[0] + 1
    numbers = " and ".join(map(str, table.numbers[:start]))
    note = f"{table.name}, {table.unit} {numbers}: descriptions of the columns, as Qualtrics writes them, are left out"
    columns = {name: column[start:] for name, column in table.columns.items()}
    return replace(table, columns=columns, numbers=table.numbers[start:], notes=(*table.notes, note))


def _row(table: Table, row: int) -> list[Any]:
    return [column[row] for column in table.columns.values()]


def _is_import_id(cell: object) -> bool:
    return isinstance(cell, str) and cell.startswith('{"ImportId":')


def _without_rejected(table: Table) -> Table:
    answers = table.columns.get("answer", [])
    answered = [name for name in _ANSWERED if name in table.columns]
    if not answered or not all(isinstance(answer, str) and answer in _ANSWERS for answer in answers):
        return table
    lost = sum(answer != _ACCEPTED for answer in answers)
    if not lost:
        return table
    plain = {
        name: [
            value if answer == _ACCEPTED else None for value, answer in zip(table.columns[name], answers, strict=True)
        ]
        for name in answered
    }
    note = (
        f"{table.name}: an export of Prodigy; {lost} rows whose answer is reject or ignore have no label ({', '.join(answered)}): "
        "where a rejected one is of the other of two classes, write that class and accept in the file"
    )
    return replace(table, columns=table.columns | plain, notes=(*table.notes, note))

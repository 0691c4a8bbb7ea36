"""Columns of a file of answers that hold classes as well as the one that is read, such as corrections beside first labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidemill.apps.gold.rows import ProblemRows
from tidemill.common.class_names import class_indices
from tidemill.common.spelling import counted
from tidemill.ingest.values import is_missing
from tidemill.readers.cell_text import as_string
from tidemill.readers.table import Table

_NOT_LABELS: Final = frozenset({"who", "batch", "picked", "when"})


def notes_on_other_labels(
    table: Table, rows: ProblemRows, labels: Sequence[tuple[int, int]], column: str | None
) -> list[str]:
    """Tell of columns whose every value is a class and that do not say what the labels say.

    Parameters
    ----------
    table
        Rows of the file.
    rows
        Rows of the problem.
    labels
        Index of a row in the file, and of the class that was read there.
    column
        Column that was read; None: there is none, and nothing is told.

    Returns
    -------
    list of str
        A note on each such column. Classes whose names are numbers are like counts and flags, so none is told there.
    """
    classes = rows.problem.classes
    if column is None or all(name.replace(".", "").isdecimal() for name in classes):
        return []
    find = class_indices(classes)
    results = []
    for name in table.columns:
        if name == column or name in _NOT_LABELS:
            continue
        written = {row: as_string(cell) for row, cell in enumerate(table.columns[name]) if not is_missing(cell)}
        found = {row: find(text) for row, text in written.items()}
        if not found or None in found.values():
            continue
        differing = [(row, label) for row, label in labels if row in found and found[row] != label]
        if differing:
            row, label = differing[0]
            results.append(
                f"{table.name}: labels are those of column {column!r}; {name!r} holds classes as well and differs in "
                f"{counted(len(differing), 'row')}, the first is {table.unit} {table.numbers[row]} ({written[row]!r} for "
                f"{classes[label]!r}): --label {name} takes those"
            )
    return results

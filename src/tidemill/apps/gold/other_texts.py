"""Texts that stand beside labels in a file, against those of the rows that the file names: a column that was sorted alone shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from tidemill.apps.gold.rows import ProblemRows
from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.ingest.values import composed, is_missing
from tidemill.readers.cell_text import as_string
from tidemill.readers.table import Table

_CUT: Final = 40
"""Characters from which on the beginning of a text is taken for it, as programs cut long ones off."""


def notes_on_other_texts(
    table: Table, rows: ProblemRows, named: Sequence[tuple[int, int]], columns: Sequence[str] = ()
) -> list[str]:
    """Compare the texts of a file with those of the rows that it names.

    Parameters
    ----------
    table
        Rows of the file.
    rows
        Rows of the problem.
    named
        Index of a row in the file, and of the row that it names.
    columns
        Names that a column of texts may have, the first that is there is taken; none: ``text`` and that of the problem's files.

    Returns
    -------
    list of str
        A note where texts differ from those of their rows; nothing where the file has no texts.

    Raises
    ------
    DataError
        A text is that of another row.
    """
    column = next((name for name in columns or ("text", rows.settings.content) if table.has(name)), None)
    if rows.problem.modality != "text" or column is None or not named:
        return []
    written = table.column(column, "ingest.text")
    cells = [(row, place, written[row]) for row, place in named if isinstance(written[row], str | int | float)]
    texts = _texts(rows)
    differing = [
        (row, place, text)
        for row, place, text in (
            (row, place, _plain(as_string(cell))) for row, place, cell in cells if not is_missing(cell)
        )
        if not _is_same(text, texts[place])
    ]
    if not differing:
        return []
    known = {text: place for place, text in enumerate(texts)}
    ids = rows.table["key"]
    swapped = [(row, place, known[text]) for row, place, text in differing if text in known]
    if swapped:
        row, place, other = swapped[0]
        raise DataError(
            f"{table.name}: {counted(len(swapped), 'row has', 'rows have')} the text of another row, so no label is taken: "
            f"{table.unit} {table.numbers[row]} names {ids[place]!r} and has in {column!r} the text of {ids[other]!r}. Where one column was sorted "
            f"without the others, sort all together; where the names are right, leave the column {column!r} out"
        )
    row, place, _ = differing[0]
    return [
        (
            f"{table.name}: {counted(len(differing), 'row has', 'rows have')} another text in {column!r} than the row that is named, the first is "
            f"{table.unit} {table.numbers[row]} ({ids[place]!r}): see that the labels are of these rows"
        )
    ]


def _texts(rows: ProblemRows) -> list[str]:
    """The text of each row of the problem, in the order of its table."""
    batches = rows.table["batch"].unique().to_list()
    read = pl.concat(
        [
            pl.read_parquet(rows.paths.raw / f"{batch}.parquet", columns=["row_id", "text"], glob=False)
            for batch in batches
        ]
    )
    joined = rows.table.select("row_id").join(read, on="row_id", how="left", maintain_order="left")
    return [_plain(text or "") for text in joined["text"]]


def _plain(text: str) -> str:
    return " ".join(composed(text).split())


def _is_same(text: str, other: str) -> bool:
    if text == other:
        return True
    longer, shorter = (text, other) if len(text) > len(other) else (other, text)
    return len(shorter) >= _CUT and longer.startswith(shorter.rstrip(". \N{HORIZONTAL ELLIPSIS}"))

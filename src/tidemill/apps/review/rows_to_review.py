"""What people are shown of a row: its content, its votes and what the models say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.apps.gold.rows import ProblemRows
from tidemill.contracts import ABSTAIN, DataError, probability_columns
from tidemill.project.contents import shown_contents
from tidemill.readers.options import DEFAULTS
from tidemill.readers.read import read_file

_ROW: Final = "row_id"


@dataclass(frozen=True)
class RowToReview:
    """A row that people shall look at.

    Parameters
    ----------
    row_id
        The row.
    batch
        Its batch.
    picked
        Why; a random row is shown without votes and without a prediction, which would lead people.
    content
        The text, or the file of the picture.
    votes
        Name of the class by function, of those that vote.
    probabilities : (n_classes,) or None
        What the models say.
    """

    row_id: str
    batch: str
    picked: str
    content: str | bytes
    votes: Mapping[str, str]
    probabilities: Any | None

    @property
    def is_random(self) -> bool:
        """Whether it was drawn at random."""
        return self.picked.startswith("random")


def rows_to_review(rows: ProblemRows, wanted: pl.DataFrame) -> list[RowToReview]:
    """Read what people are shown of rows.

    Parameters
    ----------
    rows
        Of the problem.
    wanted
        Columns ``row_id``, ``batch`` and ``picked``.

    Returns
    -------
    list of RowToReview
        In the same order.
    """
    batches = wanted["batch"].unique(maintain_order=True).to_list()
    contents = shown_contents(rows.paths, batches, rows.problem.modality)
    joined = wanted.join(contents, on=_ROW, how="left", maintain_order="left")
    votes, probabilities = _votes(rows, wanted), _probabilities(rows, wanted)
    return [
        RowToReview(
            row[_ROW],
            row["batch"],
            row["picked"],
            row[rows.problem.modality],
            votes.get(row[_ROW], {}),
            probabilities.get(row[_ROW]),
        )
        for row in joined.to_dicts()
    ]


def wanted_rows(file: Path, rows: ProblemRows) -> pl.DataFrame:
    """Read which rows a file names.

    Parameters
    ----------
    file
        As `tidemill review queue` or `gold sample` writes it: a column row_id, and picked where rows were drawn at random.
    rows
        Of the problem.

    Returns
    -------
    polars.DataFrame
        row_id, picked and batch, each row once.

    Raises
    ------
    DataError
        The file names no row, or one that the problem does not have.
    """
    table = read_file(file, DEFAULTS)
    ids = [str(value).strip() for value in table.column(_ROW, "the file")]
    unknown = [value for value in ids if value not in rows.place]
    if unknown:
        raise DataError(f"{file.name}: {unknown[0]!r} is no row of {rows.problem.name}{rows.not_arrived}")
    picked = [str(value) for value in table.columns["picked"]] if table.has("picked") else ["uncertain"] * len(ids)
    named = pl.DataFrame({_ROW: ids, "picked": picked}, schema={_ROW: pl.String, "picked": pl.String})
    joined = named.unique(_ROW, keep="first", maintain_order=True).join(
        rows.table.select(_ROW, "batch"), on=_ROW, how="left", maintain_order="left"
    )
    if joined.is_empty():
        raise DataError(f"{file.name} names no row")
    return joined


def _votes(rows: ProblemRows, wanted: pl.DataFrame) -> dict[str, Mapping[str, str]]:
    if not rows.paths.votes.exists():
        return {}
    table = wanted.select(_ROW).join(pl.read_parquet(rows.paths.votes, glob=False), on=_ROW, how="inner")
    functions = [column for column in table.columns if column not in (_ROW, "batch", "split")]
    return {
        row[_ROW]: {
            name: rows.problem.classes[row[name]]
            for name in functions
            if row[name] is not None and row[name] != ABSTAIN and 0 <= row[name] < len(rows.problem.classes)
        }
        for row in table.to_dicts()
    }


def _probabilities(rows: ProblemRows, wanted: pl.DataFrame) -> dict[str, Any]:
    """Of the end model where it has predicted, else of the label model."""
    columns, result = probability_columns(rows.problem.classes), dict[str, Any]()
    for file in (rows.paths.labels, rows.paths.predictions):
        if not file.exists():
            continue
        table = pl.read_parquet(file, glob=False)
        if all(column in table.columns for column in columns):
            found = table.join(wanted.select(_ROW), on=_ROW, how="semi").drop_nulls(columns)
            predicted = np.asarray(found.select(columns).to_numpy())
            result |= dict(zip(found[_ROW], predicted, strict=True))
    return result

"""Rows that are worth a person's label, the labels that are given, and pictures of rows."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Final, Literal

import polars as pl
from pydantic import Field

from tidemill.apps.gold.add import LabeledRow, add_answer
from tidemill.apps.gold.rows import ProblemRows, problem_rows
from tidemill.apps.gold.sample import SampleRequest, pick_rows
from tidemill.apps.gold.withdraw import withdraw_labels
from tidemill.apps.studio.workspace import Workspace
from tidemill.contracts import NO_GOLD, SPLITS, ConfigError, Settings
from tidemill.readers.image_decoder import decode_image
from tidemill.reports.studio import LabelCounts, LabelQueue, RowToLabel

SOURCE: Final = "studio"
_AT_ONCE: Final = 20
_AUDIT: Final = 0.2
_PIXELS: Final = 640


class GivenLabel(Settings):
    """What a person says of a row."""

    row_id: str = Field(max_length=200)
    label: str = Field(max_length=1000)
    picked: Literal["random", "uncertain"] | None = None
    note: str = Field(default="", max_length=2000)


class WithdrawnLabel(Settings):
    """The row whose newest label was a mistake."""

    row_id: str = Field(max_length=200)


def label_queue(workspace: Workspace, *, batch: str | None, skipped: Collection[str]) -> LabelQueue:
    """Pick the next rows that are worth a label.

    Parameters
    ----------
    workspace
        The problem.
    batch
        Rows of this batch alone; None: of any.
    skipped
        Ids of rows that are not asked again.

    Returns
    -------
    LabelQueue
        Without rows where all have labels or were skipped.

    Raises
    ------
    DataError
        There is no such batch, or one is not made into tables yet.
    """
    rows = problem_rows(workspace.project, workspace.name)
    counts = _counts(rows)
    if counts.labels == counts.rows:
        return LabelQueue(rows=(), by="", counts=counts)
    request = SampleRequest(most=_AT_ONCE + len(skipped), batch=batch, audit=_AUDIT, seed=len(rows.history.answers))
    sample = pick_rows(rows, request)
    kept = sample.table.filter(~pl.col("row_id").is_in(list(skipped))).head(_AT_ONCE)
    return LabelQueue(
        rows=tuple(
            RowToLabel(
                row_id=row["row_id"], batch=row["batch"], key=row["key"], picked=row["picked"], text=row.get("text")
            )
            for row in kept.to_dicts()
        ),
        by=sample.by,
        counts=counts,
    )


def give_label(workspace: Workspace, given: GivenLabel) -> LabelCounts:
    """Add a label to the history of gold.

    Parameters
    ----------
    workspace
        The problem.
    given
        Row and class.

    Returns
    -------
    LabelCounts
        As they are then.

    Raises
    ------
    DataError
        There is no such row or class.
    """
    with workspace.lock:
        labeled = LabeledRow(given.row_id, given.label, given.picked, given.note.strip())
        add_answer(workspace.project, workspace.name, labeled, source=SOURCE)
        return _counts(problem_rows(workspace.project, workspace.name))


def withdraw_label(workspace: Workspace, row_id: str) -> LabelCounts:
    """Withdraw the label of a row that counts.

    Parameters
    ----------
    workspace
        The problem.
    row_id
        The row.

    Returns
    -------
    LabelCounts
        As they are then.

    Raises
    ------
    DataError
        The row has no label.
    """
    with workspace.lock:
        withdraw_labels(workspace.project, workspace.name, [row_id])
        return _counts(problem_rows(workspace.project, workspace.name))


def _counts(rows: ProblemRows) -> LabelCounts:
    labeled = rows.table.filter(pl.col("gold") != NO_GOLD)
    by_split = dict(labeled.group_by("split").len().iter_rows())
    return LabelCounts(
        rows=rows.table.height, labels=labeled.height, splits={split: by_split.get(split, 0) for split in SPLITS}
    )


def picture_of(workspace: Workspace, row_id: str) -> bytes:
    """Draw the image of a row small, as functions and backbones see it.

    Parameters
    ----------
    workspace
        The problem.
    row_id
        The row.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    ConfigError
        There is no such row, or it has no image.
    """
    view = workspace.view
    if "image" not in view.raw.columns:
        raise ConfigError(f"rows of {workspace.name} have no images")
    found = view.raw.lazy().filter(pl.col("row_id") == row_id).select("image").collect()
    if found.is_empty():
        raise ConfigError(f"there is no row {row_id!r}")
    image, out = decode_image(found.item()).rgb(), io.BytesIO()
    image.thumbnail((_PIXELS, _PIXELS))
    image.save(out, format="PNG")
    return out.getvalue()

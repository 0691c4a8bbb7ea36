"""Rows that are worth a person's label, the labels that are given, and pictures of rows."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable
from typing import Final, Literal

import polars as pl
from pydantic import Field

from tidemill.apps.gold.add import LabeledRow, add_answer, own_id
from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows
from tidemill.apps.gold.sample import SampleRequest, pick_rows
from tidemill.apps.gold.withdraw import withdraw_answer
from tidemill.apps.studio.saving import ConflictError
from tidemill.apps.studio.workspace import Workspace
from tidemill.contracts import NO_GOLD, SPLITS, ConfigError, Settings
from tidemill.project.gold_history import GoldHistory
from tidemill.readers.image_decoder import decode_image
from tidemill.reports.studio import KeptLabel, LabelCounts, LabelPage, LabelQueue, RowToLabel

SOURCE: Final = "studio"
_AT_ONCE: Final = 20
_AUDIT: Final = 0.2
_PIXELS: Final = 640
_SHOWN_SECONDS: Final = 900.0
"""A page that was given rows and has asked for none since may be closed: they are asked elsewhere then."""


class GivenLabel(Settings):
    """What a person says of a row."""

    row_id: str = Field(max_length=200)
    label: str = Field(max_length=1000)
    picked: Literal["random", "uncertain"] | None = None
    note: str = Field(default="", max_length=2000)
    who: str = Field(default="", max_length=200)


class WithdrawnLabel(Settings):
    """The answer that was a mistake."""

    row_id: str = Field(max_length=200)
    answer: str = Field(max_length=200)


class QueueRequest(Settings):
    """Which rows a page asks for."""

    batch: str = Field(default="", max_length=1000)
    skipped: list[str] = Field(default=[], max_length=5000)
    page: str = Field(default="", max_length=100)


class RowsOnPages:
    """Rows that pages show now, so that two people are asked about different ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, tuple[frozenset[str], float]] = {}

    def elsewhere(self, page: str) -> frozenset[str]:
        """List rows that other pages were given not long ago.

        Parameters
        ----------
        page
            That asks.

        Returns
        -------
        frozenset of str
            Ids of rows.
        """
        since = time.monotonic() - _SHOWN_SECONDS
        with self._lock:
            self._pages = {name: kept for name, kept in self._pages.items() if kept[1] >= since}
            return frozenset[str]().union(*(rows for name, (rows, _) in self._pages.items() if name != page))

    def shown(self, page: str, rows: Iterable[str]) -> None:
        """Note the rows that a page shows from now on.

        Parameters
        ----------
        page
            Its name; a page without one is given rows and keeps none from others.
        rows
            Ids of rows.
        """
        if page:
            with self._lock:
                self._pages[page] = frozenset(rows), time.monotonic()


def label_page(workspace: Workspace) -> LabelPage:
    """Say what rows can be labeled as; of a problem that has not been run yet, the tables of rows are made first.

    Parameters
    ----------
    workspace
        The problem.

    Returns
    -------
    LabelPage

    Raises
    ------
    DataError
        No batch has arrived, or a row of one cannot be taken.
    """
    with workspace.lock:
        make_tables(workspace.project, workspace.name)
    rows = problem_rows(workspace.project, workspace.name)
    batches = rows.table["batch"].unique(maintain_order=True).to_list()
    return LabelPage(name=workspace.name, classes=tuple(rows.problem.classes), batches=tuple(batches))


def label_queue(workspace: Workspace, request: QueueRequest, on_pages: RowsOnPages) -> LabelQueue:
    """Pick the next rows that are worth a label.

    Parameters
    ----------
    workspace
        The problem.
    request
        Batch, rows that are not asked again, and the page.
    on_pages
        Rows that other pages show, which are asked here only where no others are left.

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
    counts, batch = _counts(rows), request.batch or None
    is_open = pl.col("gold") == NO_GOLD if batch is None else (pl.col("gold") == NO_GOLD) & (pl.col("batch") == batch)
    if rows.table.filter(is_open).is_empty() and (batch is None or batch in rows.table["batch"]):
        return LabelQueue(rows=(), by="", counts=counts)
    elsewhere = on_pages.elsewhere(request.page)
    most = _AT_ONCE + len(request.skipped) + len(elsewhere)
    sample = pick_rows(rows, SampleRequest(most=most, batch=batch, audit=_AUDIT, seed=len(rows.history.answers)))
    left = sample.table.filter(~pl.col("row_id").is_in(request.skipped))
    free = left.filter(~pl.col("row_id").is_in(list(elsewhere)))
    kept = (left if free.is_empty() else free).head(_AT_ONCE)
    on_pages.shown(request.page, kept["row_id"])
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


def give_label(workspace: Workspace, given: GivenLabel) -> KeptLabel:
    """Add a label to the history of gold.

    Parameters
    ----------
    workspace
        The problem.
    given
        Row, class, and the id of the person; an empty one is that of the checkout.

    Returns
    -------
    KeptLabel

    Raises
    ------
    DataError
        There is no such row or class.
    ConfigError
        The id is none.
    ConflictError
        Under the same id the row has another label.
    """
    with workspace.lock:
        paths, who = workspace.project.paths(workspace.name), given.who.strip() or None
        before = GoldHistory.read(paths.gold_history).by_person.get((given.row_id, who or own_id(paths)))
        if before is not None and before.label != given.label:
            raise ConflictError(
                f"somebody called this row {before.label!r} meanwhile under the same id, and that stays; give an id of your own to say otherwise",
                current=str(before.label),
            )
        labeled = LabeledRow(given.row_id, given.label, given.picked, given.note.strip(), who)
        kept = add_answer(workspace.project, workspace.name, labeled, source=SOURCE)
        return KeptLabel(answer=kept.id, counts=_counts(problem_rows(workspace.project, workspace.name)))


def withdraw_label(workspace: Workspace, withdrawn: WithdrawnLabel) -> LabelCounts:
    """Withdraw an answer, whatever others have said of its row since.

    Parameters
    ----------
    workspace
        The problem.
    withdrawn
        Row and answer.

    Returns
    -------
    LabelCounts
        As they are then.

    Raises
    ------
    DataError
        There is no such answer.
    """
    with workspace.lock:
        withdraw_answer(workspace.project, workspace.name, withdrawn.row_id, withdrawn.answer)
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

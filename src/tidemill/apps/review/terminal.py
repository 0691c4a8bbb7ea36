"""Rows labeled at a terminal: one is shown with its votes, a key answers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill.apps.gold.add import LabeledRow, add_answer, checked_id
from tidemill.apps.gold.rows import make_tables, problem_rows
from tidemill.apps.gold.sample import SampleRequest, pick_rows
from tidemill.apps.gold.withdraw import withdraw_answer
from tidemill.apps.review.rows_to_review import RowToReview, rows_to_review
from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.readers.image_decoder import decode_image

SOURCE: Final = "terminal"
SKIP, UNDO, QUIT = "s", "u", "q"
KEYS: Final = "123456789abcdefghijklmnoprtvwxyz"
"""Of the classes, in their order; s, u and q mean something else."""
_PIXELS: Final = 1024


@dataclass
class Session:
    """What was done.

    Attributes
    ----------
    labeled
        Rows that have a label from it.
    skipped
        Rows that were left out.
    left
        Rows that were picked and not reached.
    """

    labeled: int = 0
    skipped: int = 0
    left: int = 0


def label_rows(
    project: Project,
    name: str,
    request: SampleRequest,
    read_key: Callable[[], str],
    show: Callable[[str], None],
    *,
    who: str | None = None,
) -> Session:
    """Ask for the labels of rows that are worth one; each answer is kept at once.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    request
        How many rows, and which.
    read_key
        Waits for a key; an empty text means that there are no more.
    show
        Prints a text.
    who
        Id of the person; None: that of this checkout.

    Returns
    -------
    Session

    Raises
    ------
    DataError
        There is no such batch, or all its rows have labels.
    ConfigError
        There are more classes than keys, or ``who`` is a name and no id.
    """
    if who is not None:
        checked_id(who)
    make_tables(project, name)
    known = problem_rows(project, name)
    classes = known.problem.classes
    if len(classes) > len(KEYS):
        raise ConfigError(
            f"{name} has {len(classes)} classes and a terminal {len(KEYS)} keys: label in `tidemill studio`"
        )
    rows = rows_to_review(known, pick_rows(known, request).table)
    session, place, answered = Session(), 0, dict[int, str | None]()  # id of the answer, None of a skip, by place
    show(_legend(classes))
    while place < len(rows):
        show(_shown(rows[place], place, len(rows), known.paths))
        key = read_key().lower()
        if key in (QUIT, ""):
            break
        if key == UNDO and answered:
            place = max(answered)
            given = answered.pop(place)
            if given is not None:
                withdraw_answer(project, name, rows[place].row_id, given)
        elif key == SKIP:
            answered[place], place = None, place + 1
        elif len(key) == 1 and key in KEYS[: len(classes)]:
            label = classes[KEYS.index(key)]
            labeled = LabeledRow(rows[place].row_id, label, rows[place].picked, who=who)
            given = add_answer(project, name, labeled, source=SOURCE).id
            show(f"  {label}")
            answered[place], place = given, place + 1
        else:
            show(f"  no such key; {_legend(classes)}")
    session.skipped = sum(given is None for given in answered.values())
    session.labeled = len(answered) - session.skipped
    session.left = len(rows) - place
    return session


def _legend(classes: Sequence[str]) -> str:
    keys = "  ".join(f"{key} {label}" for key, label in zip(KEYS, classes, strict=False))
    return f"{keys}  |  {SKIP} skip  {UNDO} undo  {QUIT} quit"


def _shown(row: RowToReview, place: int, total: int, paths: Paths) -> str:
    """A row drawn at random is shown without votes, which would lead the answer."""
    content = (
        _plain(row.content) if isinstance(row.content, str) else f"open {_picture(row.row_id, row.content, paths)}"
    )
    votes = ", ".join(f"{name}: {label}" for name, label in row.votes.items())
    shown_votes = f"\n  votes: {votes}" if votes and not row.is_random else ""
    return f"\n[{place + 1}/{total}] {row.batch} {row.row_id}\n{content}{shown_votes}"


def _plain(text: str) -> str:
    """Without characters that steer a terminal."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) == "Cc" and one not in "\n\t" else one for one in text
    )


def _picture(row_id: str, content: bytes, paths: Paths) -> Path:
    file = paths.state / "review" / f"{row_id}.png"
    if not file.exists():
        image = decode_image(content).rgb()
        image.thumbnail((_PIXELS, _PIXELS))
        with atomic_write(file) as part:
            image.save(part, format="PNG")
    return file

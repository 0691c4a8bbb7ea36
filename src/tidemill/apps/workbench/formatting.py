"""tables and rows -> lines of a terminal of 100 columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tidemill.contracts import ABSTAIN
from tidemill.reports.workbench import Row

WIDTH: Final = 100
_OTHER: Final = {
    "row_id",
    "key",
    "batch",
    "split",
    "text",
    "image",
    "feature",
    "vote",
    "answer",
    "gold",
    "was",
    "is",
    "matched",
}


def columns(lines: Sequence[Sequence[str]], *, left: int = 2, shrink: int = 0) -> list[str]:
    """Rows of cells, the first being the head → lines whose columns stand under each other.

    The first ``left`` columns stand to the left, the others to the right; column ``shrink`` gives way to the width.

    >>> columns([["function", "b", "n"], ["longer", "x", "10"]])
    ['function  b   n', 'longer    x  10']
    """
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    excess = sum(widths) + 2 * (len(widths) - 1) - WIDTH
    widths[shrink] = max(widths[shrink] - max(excess, 0), 8)
    return [
        "  ".join(
            short(cell, width).ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def short(text: str, width: int) -> str:
    """Text → the same, or its beginning and an ellipsis.

    >>> short("abcdef", 4), short("abc", 4)
    ('abc…', 'abc')
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"


def row_line(row: Row, width: int = WIDTH, *, gold: str = "") -> str:
    """Row → its id, what is known of it and the beginning of its content, in one line."""
    row_id = str(row["row_id"])[:12]
    known = f"{row_id}  {gold:<10.10}" if gold else f"{row_id}  "
    return known + "  " + short(content(row, width - len(known) - 2), width - len(known) - 2)


def content(row: Row, room: int = 0) -> str:
    """Row → its text in one line, or what is known of its image.

    Where the row says what a function ``matched`` in its text and that lies beyond the room, the text begins before it.
    """
    text, span = row.get("text"), row.get("matched")
    if isinstance(text, str):
        start = span[0] - room // 3 if isinstance(span, tuple) and room and span[1] > room else 0
        return ("…" if start > 0 else "") + re.sub(r"\s+", " ", text[max(start, 0) :]).strip()
    facts = [f"{name} {value}" for name, value in row.items() if name not in _OTHER and value is not None]
    return ", ".join([str(row.get("key", "")), *facts]).strip(", ")


def vote_name(vote: int, classes: Sequence[str]) -> str:
    """Vote → its name.

    >>> [vote_name(vote, ["ham", "spam"]) for vote in (1, -1, -2)]
    ['spam', '', 'not ham']
    """
    if vote == ABSTAIN:
        return ""
    return classes[vote] if vote > ABSTAIN else f"not {classes[-2 - vote]}"


def percent(value: float | None, digits: int = 0) -> str:
    """Share → percent.

    >>> percent(0.125, 1), percent(None)
    ('12.5%', '-')
    """
    return "-" if value is None else f"{100 * value:.{digits}f}%"

"""Tables and rows as lines of a terminal of 100 columns."""

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
    """Align rows of cells, the first being the head.

    Parameters
    ----------
    lines
        Rows of cells.
    left
        Columns that are aligned to the left; the others are to the right.
    shrink
        Column that gives way to the width.

    Returns
    -------
    list of str
        A line per row of cells.

    Examples
    --------
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
    """Shorten a text to a width.

    Parameters
    ----------
    text
        Any text.
    width
        Characters at most, at least 1.

    Returns
    -------
    str
        The text, or its beginning and an ellipsis.

    Examples
    --------
    >>> short("abcdef", 4), short("abc", 4)
    ('abc…', 'abc')
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"


def row_line(row: Row, width: int = WIDTH, *, gold: str = "") -> str:
    """Write a row's id, its gold and the beginning of its content in one line.

    Parameters
    ----------
    row
        Columns of the row, ``row_id`` among them.
    width
        Characters of the line at most.
    gold
        Name of its class, cut to ten characters; empty: nothing is shown.

    Returns
    -------
    str
        One line.
    """
    row_id = str(row["row_id"])[:12]
    known = f"{row_id}  {gold:<10.10}" if gold else f"{row_id}  "
    return known + "  " + short(content(row, width - len(known) - 2), width - len(known) - 2)


def content(row: Row, room: int = 0) -> str:
    """Write a row's text in one line, or the other columns of a row with an image.

    Where the row has the span that a function ``matched`` in its text, and the span lies beyond the width, the text
    begins before the span.

    Parameters
    ----------
    row
        Columns of the row.
    room
        Width in characters that is available; 0: not limited. The text itself is not shortened.

    Returns
    -------
    str
        One line, without repeated spaces.
    """
    text, span = row.get("text"), row.get("matched")
    if isinstance(text, str):
        start = span[0] - room // 3 if isinstance(span, tuple) and room and span[1] > room else 0
        return ("…" if start > 0 else "") + re.sub(r"\s+", " ", text[max(start, 0) :]).strip()
    facts = [f"{name} {value}" for name, value in row.items() if name not in _OTHER and value is not None]
    return ", ".join([str(row.get("key", "")), *facts]).strip(", ")


def vote_name(vote: int, classes: Sequence[str]) -> str:
    """Name a vote.

    Parameters
    ----------
    vote
        Class index, ``ABSTAIN``, or ``not_class(k)``.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    str
        Empty for an abstain.

    Examples
    --------
    >>> [vote_name(vote, ["ham", "spam"]) for vote in (1, -1, -2)]
    ['spam', '', 'not ham']
    """
    if vote == ABSTAIN:
        return ""
    return classes[vote] if vote > ABSTAIN else f"not {classes[-2 - vote]}"


def percent(value: float | None, digits: int = 0) -> str:
    """Write a share in percent.

    Parameters
    ----------
    value
        Share in [0, 1], None where there is none.
    digits
        Decimals.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> percent(0.125, 1), percent(None)
    ('12.5%', '-')
    """
    return "-" if value is None else f"{100 * value:.{digits}f}%"

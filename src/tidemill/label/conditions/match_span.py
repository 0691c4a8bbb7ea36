"""The piece of a text that makes a condition fire, so that the user sees why it does.

>>> from tidemill.label.conditions.words import Keywords
>>> match_span(Keywords(kind="keywords", words=("prize",)), "You won a PRIZE!")
(10, 15)
"""

from __future__ import annotations

import functools

import polars as pl

from tidemill.label.conditions.base import Condition, any_of, escaped
from tidemill.label.conditions.lookaround import SECONDS, compiled
from tidemill.label.conditions.registry import All, AnyOf, Cases
from tidemill.label.conditions.words import Keywords, Regex

Span = tuple[int, int]


@functools.singledispatch
def match_span(condition: Condition, text: str) -> Span | None:  # noqa: ARG001 - most conditions look for no piece
    """Find the first piece of a text that a condition looks for.

    Parameters
    ----------
    condition
        A condition of any kind; most look for no piece of a text.
    text
        The row's text.

    Returns
    -------
    tuple of int and int, or None
        Where the piece begins and ends, in characters.
    """
    return None


@match_span.register
def _(condition: Keywords, text: str) -> Span | None:
    pattern = any_of(condition.words) if condition.whole_words else "|".join(map(escaped, condition.words))
    return _first_match(pattern if condition.case else f"(?i){pattern}", text) if condition.column == "text" else None


@match_span.register
def _(condition: Regex, text: str) -> Span | None:
    if condition.column != "text":
        return None
    if not condition.goes_back:
        return _first_match(condition.flagged, text)
    match = compiled(condition.flagged).search(text, timeout=SECONDS)
    return None if match is None or match.start() == match.end() else match.span()


@match_span.register(All)
@match_span.register(AnyOf)
def _(condition: All | AnyOf, text: str) -> Span | None:
    return next((span for part in condition.of if (span := match_span(part, text))), None)


@match_span.register
def _(condition: Cases, text: str) -> Span | None:
    return next((span for case in condition.of if (span := match_span(case.when, text))), None)


def _first_match(pattern: str, text: str) -> Span | None:
    piece = pl.Series([text]).str.extract(f"({pattern})").item()
    if not piece:
        return None
    start = text.index(piece)
    return start, start + len(piece)

r"""Condition and text → the piece of the text that it speaks of, so that a person sees why it fires.

>>> from tidemill.label.conditions import Keywords
>>> matched(Keywords(kind="keywords", words=("prize",)), "You won a PRIZE!")
(10, 15)
"""

from __future__ import annotations

import functools
import re

import polars as pl

from tidemill.label.condition import Condition, any_of
from tidemill.label.conditions import All, AnyOf, Cases, Keywords, Regex

Span = tuple[int, int]


@functools.singledispatch
def matched(condition: Condition, text: str) -> Span | None:  # noqa: ARG001 - most conditions speak of no piece
    """Condition and a row's text → where the first piece that it looks for begins and ends; None where there is none."""
    return None


@matched.register
def _(condition: Keywords, text: str) -> Span | None:
    pattern = any_of(condition.words) if condition.whole_words else "|".join(map(re.escape, condition.words))
    return _found(pattern if condition.case else f"(?i){pattern}", text) if condition.column == "text" else None


@matched.register
def _(condition: Regex, text: str) -> Span | None:
    return _found(condition.flagged, text) if condition.column == "text" else None


@matched.register(All)
@matched.register(AnyOf)
def _(condition: All | AnyOf, text: str) -> Span | None:
    return next((span for part in condition.of if (span := matched(part, text))), None)


@matched.register
def _(condition: Cases, text: str) -> Span | None:
    return next((span for case in condition.of if (span := matched(case.when, text))), None)


def _found(pattern: str, text: str) -> Span | None:
    """Pattern, as Polars reads it, and text → where it is found first, in characters."""
    piece = pl.Series([text]).str.extract(f"({pattern})").item()
    if not piece:
        return None
    start = text.index(piece)
    return start, start + len(piece)

"""Patterns with look-around or back-references, which Polars' engine has not: matched by ``regex``, with a time limit per text.

Polars' engine is linear in the text and so takes all other patterns; an engine that goes back may take exponential time.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any, Final

import polars as pl

SECONDS: Final = 2.0
"""Processor time that a pattern may take for one text."""
_SHOWN: Final = 40


@functools.cache
def reason_against(pattern: str) -> str:
    """Ask Polars' engine to compile a pattern.

    Parameters
    ----------
    pattern
        A regular expression.

    Returns
    -------
    str
        Why it cannot; empty where it can.
    """
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        return str(error).split("\n\nThis error occurred")[0].strip()
    return ""


@functools.cache
def compiled(pattern: str) -> Any:
    """Compile a pattern for the engine that goes back.

    Parameters
    ----------
    pattern
        A regular expression.

    Returns
    -------
    regex.Pattern

    Raises
    ------
    ValueError
        It does not compile.
    """
    import regex  # imported where such a pattern is: few files have one

    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"the pattern does not compile: {error}") from error


def has_matches(texts: pl.Series, pattern: str, at_least: int) -> pl.Series:
    """Tell which texts match a pattern often enough.

    Parameters
    ----------
    texts
        Strings; null where there is none.
    pattern
        A regular expression.
    at_least
        How many matches, none inside another, it takes.

    Returns
    -------
    polars.Series
        Booleans; null where there is no text.

    Raises
    ------
    ValueError
        The pattern takes longer than ``SECONDS`` for a text, which is named.
    """
    engine = compiled(pattern)
    results: list[bool | None] = []
    for row, text in enumerate(texts):
        try:
            results.append(None if text is None else _often_enough(engine, text, at_least))
        except TimeoutError as error:
            shown = f"{text[:_SHOWN]!r}{'…' if len(text) > _SHOWN else ''}"
            raise ValueError(
                f"the pattern took longer than {SECONDS:g} s for row {row}, {shown}: write one that goes back less, such as "
                "without a repetition inside a repetition"
            ) from error
    return pl.Series(results, dtype=pl.Boolean)


def _often_enough(engine: Any, text: str, at_least: int) -> bool:
    if at_least == 1:
        return engine.search(text, timeout=SECONDS) is not None
    matches = engine.finditer(text, timeout=SECONDS)
    return next(itertools.islice(matches, at_least - 1, None), None) is not None

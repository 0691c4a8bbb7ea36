"""A mention, and where mentions come from: files of names, patterns, columns of the documents, taggers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.candidates.names import NameMatcher, read_names
from tidemill.ingest.candidates.settings import CandidateSettings
from tidemill.ingest.candidates.taggers import GlinerModel, SpacyPipeline, load_tagger

Find = Callable[[str, Sequence[tuple[int, int]]], Iterator["Mention"]]
_SECONDS: Final = 2.0
"""Time that a pattern may take for one sentence."""


class Mention(NamedTuple):
    """An entity named in a text: characters ``begin`` to ``end``."""

    begin: int
    end: int
    type: str
    entity: str


def finders(settings: CandidateSettings, root: Path) -> list[Find]:
    """Make what finds mentions in one sentence, of all types whose mentions are in no column.

    Parameters
    ----------
    settings
        Of the candidates.
    root
        The project's folder, in which files of names are.

    Returns
    -------
    list of callable
        Each takes a sentence and the places of its words.

    Raises
    ------
    ConfigError
        A file of names is missing, a pattern does not compile, or a tagger is not installed.
    """
    found: list[Find] = []
    for type_, source in settings.mentions.items():
        if source.names is not None:
            found.append(_by_names(type_, NameMatcher(read_names(root / source.names), case=source.case)))
        elif source.pattern is not None:
            found.append(_by_pattern(type_, source.pattern))
        elif source.tagger is not None:
            found.append(_by_tagger(type_, load_tagger(source.tagger), source.labels or (type_,)))
    return found


def _by_names(type_: str, matcher: NameMatcher) -> Find:
    def find(text: str, words: Sequence[tuple[int, int]]) -> Iterator[Mention]:
        for begin, end, entity in matcher.find(text, words):
            yield Mention(begin, end, type_, entity)

    return find


def _by_pattern(type_: str, pattern: str) -> Find:
    import regex

    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise ConfigError(f"ingest.candidates.mentions.{type_}.pattern does not compile: {error}") from error
    group = "name" if "name" in compiled.groupindex else 0

    def find(text: str, words: Sequence[tuple[int, int]]) -> Iterator[Mention]:  # noqa: ARG001 - as all finders
        try:
            for match in compiled.finditer(text, timeout=_SECONDS):
                begin, end = match.span(group)
                if begin < end:
                    yield Mention(begin, end, type_, " ".join(match.group(group).split()))
        except TimeoutError as error:
            raise ConfigError(
                f"ingest.candidates.mentions.{type_}.pattern takes more than {_SECONDS:g} seconds on {text[:60]!r}: simplify it"
            ) from error

    return find


def _by_tagger(type_: str, tagger: SpacyPipeline | GlinerModel, labels: Sequence[str]) -> Find:
    def find(text: str, words: Sequence[tuple[int, int]]) -> Iterator[Mention]:  # noqa: ARG001 - as all finders
        for begin, end in tagger.tagged(text, labels):
            yield Mention(begin, end, type_, " ".join(text[begin:end].split()))

    return find


def listed_mentions(cell: Any, type_: str, text: str) -> list[Mention]:
    """Read the mentions that a column lists for a document.

    Parameters
    ----------
    cell
        A list of objects with ``begin``, ``end`` and perhaps ``entity``, or the JSON of one; None: there are none.
    type_
        Type of the mentions.
    text
        The document.

    Returns
    -------
    list of Mention

    Raises
    ------
    DataError
        It is no such list, or a span is not inside the document.
    """
    try:
        items = json.loads(cell) if isinstance(cell, str) and cell.strip() else cell or []
    except ValueError as error:
        raise DataError(f"{cell!r:.60} is not a JSON list of mentions: {error}") from error
    found = []
    for item in items if isinstance(items, list) else [items]:
        begin, end = (item.get(key) if isinstance(item, dict) else None for key in ("begin", "end"))
        if not (isinstance(begin, int) and isinstance(end, int) and 0 <= begin < end <= len(text)):
            raise DataError(
                f'{item!r:.60} is no mention {{"begin": …, "end": …}} inside a text of {len(text)} characters'
            )
        found.append(Mention(begin, end, type_, str(item.get("entity") or " ".join(text[begin:end].split()))))
    return found

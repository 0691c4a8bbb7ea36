"""A mention, and where mentions come from: files of names, patterns, columns of the documents, taggers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.candidates.names import NameMatcher, read_names
from tidemill.ingest.candidates.settings import CandidateSettings, MentionSettings

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
            found.append(_by_tagger(type_, source))
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


def _by_tagger(type_: str, source: MentionSettings) -> Find:
    library, _, model = str(source.tagger).partition(":")
    wanted = source.labels or (type_,)
    tag = _spacy(model, wanted) if library == "spacy" else _gliner(model, wanted)

    def find(text: str, words: Sequence[tuple[int, int]]) -> Iterator[Mention]:  # noqa: ARG001 - as all finders
        for begin, end in tag(text):
            yield Mention(begin, end, type_, " ".join(text[begin:end].split()))

    return find


@functools.cache
def _spacy(model: str, labels: tuple[str, ...]) -> Callable[[str], Iterator[tuple[int, int]]]:
    try:
        import spacy

        pipeline = spacy.load(model)
    except ImportError as error:
        raise ConfigError(
            f"tagger spacy:{model}: spaCy is not installed; `pip install spacy && python -m spacy download {model}`"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"tagger spacy:{model}: there is no such model; `python -m spacy download {model}`"
        ) from error

    def tag(text: str) -> Iterator[tuple[int, int]]:
        return ((span.start_char, span.end_char) for span in pipeline(text).ents if span.label_ in labels)

    return tag


@functools.cache
def _gliner(model: str, labels: tuple[str, ...]) -> Callable[[str], Iterator[tuple[int, int]]]:
    try:
        from gliner import GLiNER

        tagger: Any = GLiNER.from_pretrained(model)
    except ImportError as error:
        raise ConfigError(f"tagger gliner:{model}: GLiNER is not installed; `pip install gliner`") from error
    except OSError as error:
        raise ConfigError(f"tagger gliner:{model}: there is no such model: {error}") from error

    def tag(text: str) -> Iterator[tuple[int, int]]:
        return ((item["start"], item["end"]) for item in tagger.predict_entities(text, list(labels)))

    return tag


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

"""A table of documents becomes a table of candidates, which the rest of ingest reads as any table of texts."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tidemill.common.progress import progress
from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.ingest.candidates.mentions import Find, Mention, finders, listed_mentions
from tidemill.ingest.candidates.names import word_spans
from tidemill.ingest.candidates.pairs import Pair, Sentence, contexts, marked, sentence_pairs
from tidemill.ingest.candidates.sentences import split_sentences
from tidemill.ingest.candidates.settings import COLUMNS, CandidateSettings
from tidemill.ingest.candidates.taggers import SpacyPipeline, load_tagger
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.table import Table

_PAIR, _TRIPLE = 2, 3


class Candidates:
    """Finds the candidates of documents.

    Parameters
    ----------
    settings
        Types of mentions and pairs.
    root
        The project's folder, in which files of names are.

    Examples
    --------
    >>> settings = CandidateSettings.model_validate({
    ...     "mentions": {"place": {"pattern": "[A-Z][a-z]+"}}, "pairs": [["place", "place"]],
    ...     "order": "subject_first", "window": 9, "context": 3, "most": 9, "markers": "names",
    ... })
    >>> [marked(pair, by_type=False) for pair in Candidates(settings, Path()).of("Rome lies in Italy.")]
    ['[Rome] lies in <Italy>.']
    """

    def __init__(self, settings: CandidateSettings, root: Path) -> None:
        self.settings = settings
        self.finders: Sequence[Find] = finders(settings, root)
        named = dict.fromkeys(item.tagger for item in settings.mentions.values() if item.tagger is not None)
        self._pipelines = [tagger for tagger in map(load_tagger, named) if isinstance(tagger, SpacyPipeline)]

    def of(self, text: str, listed: Sequence[Mention] = ()) -> list[Pair]:
        """Find the candidates of one document.

        Parameters
        ----------
        text
            The document; it is read in Unicode's composed form (NFC), as names are, unless mentions are listed.
        listed
            Mentions that are known of it, by characters of the document.

        Returns
        -------
        list of Pair
            In the order of the document.
        """
        text = text if listed else unicodedata.normalize("NFC", text)
        plain = text.translate(_BLANKS)
        spans, found = split_sentences(text), []
        for number, (begin, end) in enumerate(spans):
            sentence = plain[begin:end]
            words = word_spans(sentence)
            mentions = [mention for find in self.finders for mention in find(sentence, words)]
            inside = (item for item in listed if begin <= item.begin and item.end <= end)
            mentions += [item._replace(begin=item.begin - begin, end=item.end - begin) for item in inside]
            if len(mentions) > 1 and words:
                begins, ends = zip(*words, strict=True)
                parsed = self._parsed(sentence)
                whole = Sentence(sentence, begin, number, words, sorted(mentions), begins, ends, parsed)
                found += sentence_pairs(whole, self.settings)
        return found

    def _parsed(self, sentence: str) -> Any:
        """What the first pipeline with a parser makes of a sentence; None: there is none."""
        found = (pipeline.parsed(sentence) for pipeline in self._pipelines)
        return next((doc for doc in found if doc.has_annotation("DEP")), None)

    def listed(self, cells: Mapping[str, object], text: str) -> list[Mention]:
        """Read the mentions that columns list for a document.

        Parameters
        ----------
        cells
            Of the document, by column: those of ``CandidateSettings.columns``.
        text
            The document.

        Returns
        -------
        list of Mention

        Raises
        ------
        DataError
            A cell is no list of mentions; names its column.
        """
        found = []
        for type_, source in self.settings.mentions.items():
            if source.spans is not None:
                try:
                    found += listed_mentions(cells[source.spans], type_, text)
                except DataError as error:
                    raise DataError(f"column {source.spans!r}: {error}") from error
        return found


_BLANKS = {ord(blank): " " for blank in "\n\r\t\v\f\x85\u00a0\u2028\u2029\u202f\u3000"} | dict.fromkeys(
    range(0x2000, 0x200B), " "
)


@dataclass(frozen=True)
class Columns:
    """Columns of the documents that are not theirs to keep: text, key and gold."""

    text: str
    key: str | None
    gold: str | None


def with_candidates(
    table: Table, settings: IngestSettings, classes: Sequence[str], root: Path, *, at_least: int = 1
) -> Table:
    """Make candidates of documents where settings ask for them.

    Parameters
    ----------
    table
        Rows of a source.
    settings
        Of ingest.
    classes
        Classes of the problem; the first is that of pairs without a relation.
    root
        The project's folder, in which files of names are.
    at_least
        Candidates that there have to be.

    Returns
    -------
    Table
        A candidate on each row; the table itself where there are none to be made.

    Raises
    ------
    DataError
        A cell of mentions or of facts cannot be read, or there are too few candidates.
    ConfigError
        Mentions cannot be found as the settings say.
    """
    if settings.candidates is None:
        return table
    columns = Columns(settings.content, settings.key_column, settings.gold)
    result = expand(table, Candidates(settings.candidates, root), columns, classes)
    if len(result.numbers) < at_least:
        raise DataError(
            f"{table.name}: no sentence of its {len(table.numbers)} documents has two mentions that make a candidate: look at "
            "ingest.candidates (mentions, pairs, order, window)"
        )
    return result


def expand(table: Table, candidates: Candidates, columns: Columns, classes: Sequence[str]) -> Table:
    """Make the table of candidates of a table of documents.

    Parameters
    ----------
    table
        A document on each row.
    candidates
        What finds them.
    columns
        Which columns hold the text, the name and the facts of a document.
    classes
        Classes of the problem; the first is that of pairs without a relation.

    Returns
    -------
    Table
        The columns of the documents, with the text marked, the key of each candidate and its label, and those of
        ``COLUMNS``. A document without text stays a row of its own, for ingest to refuse.

    Raises
    ------
    DataError
        A cell of mentions or of facts cannot be read.
    """
    texts = table.column(columns.text, "ingest.text")
    listed = {name: table.column(name, "ingest.candidates.mentions") for name in candidates.settings.columns}
    numbered, names = list[int](), (columns.text, *COLUMNS)
    cells, keys, labels = list[tuple[Any, ...]](), list[str](), list[str | None]()
    for row, text in enumerate(progress(texts, total=len(texts), name=f"candidates of {table.name}", unit="documents")):
        document = _document(table, row, columns, text)
        if not isinstance(text, str) or not text.strip():
            numbered.append(row)
            cells.append((text, document, *[None] * (len(COLUMNS) - 1)))
            keys.append(document)
            labels.append(None)
            continue
        try:
            mentions = candidates.listed({name: column[row] for name, column in listed.items()}, text)
        except DataError as error:
            raise DataError(f"{table.where(row)}, {error}") from error
        found = candidates.of(text, mentions)
        facts = _facts(table, row, columns.gold, classes) if found else None
        for pair in found:
            numbered.append(row)
            cells.append(_cells(pair, document, candidates.settings))
            keys.append(_key(pair, document))
            labels.append(None if facts is None else facts.get((pair.subject.entity, pair.object.entity), classes[0]))
    made = {name: [cell[place] for cell in cells] for place, name in enumerate(names)}
    kept = {name: [column[row] for row in numbered] for name, column in table.columns.items()}
    own: dict[str, list[Any]] = {} if columns.gold is None else {columns.gold: labels}
    own |= {} if columns.key is None else {columns.key: keys}
    notes = (*table.notes, f"{table.name}: {counted(len(numbered), 'candidate')} in {counted(len(texts), 'document')}")
    return replace(table, columns=kept | made | own, numbers=[table.numbers[row] for row in numbered], notes=notes)


def _document(table: Table, row: int, columns: Columns, text: Any) -> str:
    key = None if columns.key is None else table.column(columns.key, "ingest.key")[row]
    return hashlib.sha256(str(text).encode()).hexdigest()[:16] if key is None else str(key)


def _key(pair: Pair, document: str) -> str:
    begin, subject, object_ = pair.sentence.begin, pair.subject, pair.object
    return f"{document}:{begin + subject.begin}-{begin + subject.end}:{begin + object_.begin}-{begin + object_.end}"


def _cells(pair: Pair, document: str, settings: CandidateSettings) -> tuple[Any, ...]:
    """The text, then the columns in the order of ``COLUMNS``."""
    before, between, after = contexts(pair, settings.context)
    begin, subject, object_ = pair.sentence.begin, pair.subject, pair.object
    return (
        marked(pair, by_type=settings.markers == "types"),
        document,
        pair.sentence.text,
        pair.sentence.number,
        subject.entity,
        object_.entity,
        subject.type,
        object_.type,
        begin + subject.begin,
        begin + subject.end,
        begin + object_.begin,
        begin + object_.end,
        subject <= object_,
        pair.distance,
        before,
        between,
        after,
        f"{before} … {after}",
        pair.path,
    )


def _facts(table: Table, row: int, gold: str | None, classes: Sequence[str]) -> dict[tuple[str, str], str] | None:
    """Facts that a document is known to state, all others being none; None: nobody has looked at it."""
    if gold is None or not table.has(gold):
        return None
    cell = table.column(gold, "ingest.gold")[row]
    if cell is None or cell == "":
        return None
    try:
        items = json.loads(cell) if isinstance(cell, str) else cell
        return {(item[0], item[-1]): classes[1] if len(item) == _PAIR else item[1] for item in map(_checked, items)}
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{table.where(row)}, column {gold!r}: {cell!r:.60} is no JSON list of facts, each [subject, object] or "
            "[subject, relation, object]"
        ) from error


def _checked(item: Any) -> list[str]:
    if not isinstance(item, list) or len(item) not in {_PAIR, _TRIPLE} or not all(isinstance(x, str) for x in item):
        raise ValueError(item)
    return item

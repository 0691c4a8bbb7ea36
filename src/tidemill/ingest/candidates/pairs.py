"""Pairs of mentions in a sentence, and what stands before, between and after them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from tidemill.ingest.candidates.dependencies import dependency_path
from tidemill.ingest.candidates.mentions import Mention
from tidemill.ingest.candidates.sentences import Span
from tidemill.ingest.candidates.settings import CandidateSettings

_ROUND: Final = str.maketrans("[]<>", "()()")
"""Brackets that mark names, in the text around them."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, its place in the document, its words (with their begins and ends) and mentions, by characters of the sentence.

    ``parsed`` is spaCy's ``Doc`` of it with its dependencies, where a named model parses.
    """

    text: str
    begin: int
    number: int
    words: Sequence[Span]
    mentions: Sequence[Mention]
    begins: Sequence[int]
    ends: Sequence[int]
    parsed: Any = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A subject and an object in one sentence, and the number of words between them."""

    sentence: Sentence
    subject: Mention
    object: Mention
    distance: int

    @property
    def first(self) -> Mention:
        """The mention that is first in the sentence."""
        return min(self.subject, self.object)

    @property
    def second(self) -> Mention:
        """The other mention."""
        return max(self.subject, self.object)

    @property
    def path(self) -> str:
        """The dependency path from the subject to the object; empty where nothing parses the sentence."""
        if self.sentence.parsed is None:
            return ""
        return dependency_path(self.sentence.parsed, self.subject[:2], self.object[:2])


def sentence_pairs(sentence: Sentence, settings: CandidateSettings) -> list[Pair]:
    """List the candidates of a sentence.

    Parameters
    ----------
    sentence
        With its mentions.
    settings
        Types of subject and object, their order, the window and how many candidates there may be.

    Returns
    -------
    list of Pair
        In the order of the sentence; two mentions that overlap or name one entity are no candidate, and where places have
        mentions of several types, the types that ``pairs`` lists first count.
    """
    pairs = list(_pairs(sentence, settings))
    if len(settings.pairs) > 1:
        pairs = _once(pairs, settings)
    if len(pairs) > settings.most:
        kept = sorted(range(len(pairs)), key=lambda place: (pairs[place].distance, place))[: settings.most]
        pairs = [pairs[place] for place in sorted(kept)]
    return pairs


def _pairs(sentence: Sentence, settings: CandidateSettings) -> Iterator[Pair]:
    begins, mentions, wanted, order = sentence.begins, sentence.mentions, settings.pairs, settings.order
    for place, first in enumerate(mentions):
        after = bisect_left(begins, first.end)
        for second in islice(mentions, place + 1, None):
            if second.begin < first.end:
                continue
            distance = bisect_left(begins, second.begin) - after
            if distance > settings.window:
                break  # those that follow are further away
            if first.entity == second.entity:
                continue
            if order != "object_first" and (first.type, second.type) in wanted:
                yield Pair(sentence, first, second, distance)
            if order != "subject_first" and (second.type, first.type) in wanted:
                yield Pair(sentence, second, first, distance)


def _once(pairs: list[Pair], settings: CandidateSettings) -> list[Pair]:
    best: dict[tuple[int, ...], tuple[int, int]] = {}
    for place, pair in enumerate(pairs):
        spans = (*pair.subject[:2], *pair.object[:2])
        rank = (settings.pairs.index((pair.subject.type, pair.object.type)), place)
        best[spans] = min(best.get(spans, rank), rank)
    return [pairs[place] for place in sorted(place for _, place in best.values())]


def contexts(pair: Pair, words: int) -> tuple[str, str, str]:
    """Cut out the words before, between and after the two mentions.

    Parameters
    ----------
    pair
        A candidate.
    words
        Words that are kept before and after.

    Returns
    -------
    before, between, after : str
    """
    sentence, first, second = pair.sentence, pair.first, pair.second
    text, count = sentence.text, len(sentence.words)
    before = bisect_right(sentence.ends, first.begin)
    after = min(count, bisect_left(sentence.begins, second.end) + words)
    left = sentence.begins[max(0, before - words)] if before and words else first.begin
    right = len(text) if after == count else sentence.ends[after - 1]
    right = max(right, second.end) if words else second.end
    return text[left : first.begin].strip(), text[first.end : second.begin].strip(), text[second.end : right].strip()


def marked(pair: Pair, *, by_type: bool) -> str:
    """Write a candidate as the end model reads it.

    Parameters
    ----------
    pair
        A candidate.
    by_type
        Whether the types of the mentions stand in place of their names, and nothing outside of them.

    Returns
    -------
    str
        ``[subject]`` and ``<object>`` in the sentence, or in the words between; other brackets of these kinds are round.
    """
    text, first, second = pair.sentence.text.translate(_ROUND), pair.first, pair.second
    names = [mention.type if by_type else text[mention.begin : mention.end] for mention in (first, second)]
    one, other = ("[{}]", "<{}>") if first is pair.subject else ("<{}>", "[{}]")
    inner = f"{one.format(names[0])}{text[first.end : second.begin]}{other.format(names[1])}"
    return inner if by_type else f"{text[: first.begin]}{inner}{text[second.end :]}"

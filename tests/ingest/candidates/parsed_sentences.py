"""Sentences parsed by hand: as ``Doc`` of spaCy, and as a stand-in for it, for nothing that Tidemill installs parses."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Word = tuple[str, int, str, str]
"""A word, the number of the word that it depends on, the label and the lemma."""

FOUNDED: Sequence[Word] = [
    ("Ada", 1, "compound", "Ada"),
    ("Smith", 2, "nsubj", "Smith"),
    ("founded", 2, "ROOT", "found"),
    ("the", 4, "det", "the"),
    ("Acme", 2, "dobj", "Acme"),
]
CAPITAL: Sequence[Word] = [
    ("Rome", 0, "ROOT", "Rome"),
    ("capital", 0, "appos", ""),
    ("Of", 1, "prep", ""),
    ("Italy", 2, "pobj", "Italy"),
]
TWO_TREES: Sequence[Word] = [("Rome", 0, "ROOT", "Rome"), ("Italy", 1, "ROOT", "Italy")]


def spacys(words: Sequence[Word]) -> Any:
    """A ``Doc`` of spaCy."""
    import spacy
    from spacy.tokens import Doc

    texts, heads, labels, lemmas = map(list, zip(*words, strict=True))
    return Doc(spacy.blank("en").vocab, words=texts, heads=heads, deps=labels, lemmas=lemmas)


@dataclass(eq=False)
class Token:
    """A word as spaCy has it."""

    i: int
    idx: int
    text: str
    dep_: str
    lemma_: str
    head: Token | None = None


@dataclass
class StandIn:
    """What candidates read of a ``Doc``."""

    tokens: list[Token]
    ents: Sequence[Any] = ()
    is_parsed: bool = True

    def has_annotation(self, name: str) -> bool:
        return self.is_parsed and name == "DEP"

    def char_span(self, begin: int, end: int, *, alignment_mode: str) -> Any:
        assert alignment_mode == "expand"
        inside = [token for token in self.tokens if token.idx < end and begin < token.idx + len(token.text)]
        top = [token for token in inside if token.head is token or token.head not in inside]
        return types.SimpleNamespace(root=top[0]) if inside else None


def stand_in(words: Sequence[Word]) -> StandIn:
    """The same without spaCy."""
    tokens, place = list[Token](), 0
    for number, (text, _, label, lemma) in enumerate(words):
        tokens.append(Token(number, place, text, label, lemma))
        place += len(text) + 1
    for token, (_, head, _, _) in zip(tokens, words, strict=True):
        token.head = tokens[head]
    return StandIn(tokens)


def pipeline(*sentences: Sequence[Word], tagged: str = "", label: str = "PERSON") -> Callable[[str], StandIn]:
    """What ``spacy.load`` gives: it knows these sentences, parses them, and tags the words ``tagged`` with the label."""
    known = {" ".join(word for word, *_ in words): words for words in sentences}

    def run(text: str) -> StandIn:
        found = stand_in(known[text]) if text in known else StandIn([], is_parsed=False)
        begin = text.find(tagged) if tagged else -1
        entity = types.SimpleNamespace(start_char=begin, end_char=begin + len(tagged), label_=label)
        found.ents = [entity] if begin >= 0 else []
        return found

    return run

"""Functions that look their rows up, by id or by heart: their votes change when a row is called or put otherwise.

A row under another id says the same. A text with one word changed, two texts one after the other, and the first half of one
with the second half of another, of rows that got the same vote, each leave alone most of what a function may go by: words, patterns, lengths,
punctuation. Only a function that knows the whole text changes its vote on all three. The new word is one of the other text that this one has
not, so that a lookup by letters alone, or by the set of the words, fails too. A short text gets a full stop instead,
since functions may well know answers such as "yes please" whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import ABSTAIN

FEWEST: Final = 8
"""Rows of different content that it takes."""
_MOST: Final = 16
_SHARE: Final = 0.9
_SHORT: Final = 4
"""Words below which a text is short, as answers and titles are."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS: Final = 4
"""Letters of a word that is changed, where there is such a one: shorter ones are often left out of what is looked up."""

Vote = Callable[[pl.DataFrame], npt.NDArray[np.int16] | None]


@dataclass(frozen=True)
class Lookup:
    """How many votes of a function were asked for again, and how many changed.

    Parameters
    ----------
    asked
        Rows.
    by_id
        Votes that changed under another ``row_id``.
    by_heart
        Votes that changed however the text was put, at least.
    """

    asked: int = 0
    by_id: int = 0
    by_heart: int = 0

    def __add__(self, other: Lookup) -> Lookup:
        """Add what was seen of another batch."""
        return Lookup(self.asked + other.asked, self.by_id + other.by_id, self.by_heart + other.by_heart)

    def __str__(self) -> str:
        """Say that the function looks rows up; empty where it does not."""
        if self.asked < FEWEST or max(self.by_id, self.by_heart) < _SHARE * self.asked:
            return ""
        verb, changed = (
            ("under another row_id", self.by_id)
            if self.by_id >= self.by_heart
            else ("when its text is put otherwise", self.by_heart)
        )
        return f"{changed} of {self.asked} votes change {verb}: it looks rows up, for instance in gold, and does not go by what they say"


def look_up(votes: npt.NDArray[np.int16], table: pl.DataFrame, vote: Vote) -> Lookup:
    """Ask a function again of some rows that it votes on, called and put otherwise.

    Parameters
    ----------
    votes : (n_rows,)
        Its votes.
    table
        The rows.
    vote
        Gives its votes on other rows; None where it failed on one.

    Returns
    -------
    Lookup
        All zero where it votes on too few rows of different content, or fails on others.
    """
    rows = _some_rows(votes, table)
    if len(rows) < FEWEST:
        return Lookup()
    own, expected = table[rows.tolist()], votes[rows]
    forms = [own.with_columns(pl.format("called otherwise {}", "row_id").alias("row_id"))]
    if "text" in table.columns:
        forms += [
            own.with_columns(pl.Series("text", texts)) for texts in _put_otherwise(own["text"].to_list(), expected)
        ]
    again = vote(pl.concat(forms))
    if again is None:
        return Lookup()
    changed = (again.reshape(len(forms), len(rows)) != expected).sum(axis=1).tolist()
    return Lookup(len(rows), changed[0], min(changed[1:], default=0))


def _some_rows(votes: npt.NDArray[np.int16], table: pl.DataFrame) -> npt.NDArray[np.int64]:
    voted = np.flatnonzero(votes != ABSTAIN)
    some = voted[np.unique(np.linspace(0, len(voted) - 1, min(4 * _MOST, len(voted))).astype(np.int64))]
    content = next((name for name in ("text", "image") if name in table.columns), None)
    if content is None or not len(some):
        return np.zeros(0, dtype=np.int64)
    values = table[content][some.tolist()]
    if content == "text":
        values = _without_spelling(values)
    kept: npt.NDArray[np.int64] = some[(values.is_first_distinct() & values.is_not_null()).to_numpy()][:_MOST]
    return kept


def _without_spelling(texts: pl.Series) -> pl.Series:
    """One answer in many spellings is of one content: a function that knows three answers knows no rows."""
    plain = texts.str.to_lowercase().str.replace_all(r"\W", "")
    return plain.zip_with((plain != "") | plain.is_null(), texts)


def _put_otherwise(texts: list[str], votes: npt.NDArray[np.int16]) -> list[list[str]]:
    """With a word of another row's in it; followed by the other; its first half with the other's second half. The other got the same vote."""
    others = [texts[_next_alike(k, votes)] for k in range(len(texts))]
    pairs = list(zip(texts, others, strict=True))
    return [
        [_one_word_changed(text, other) for text, other in pairs],
        [f"{text} {other}" for text, other in pairs],
        [_halves(text, other) for text, other in pairs],
    ]


def _next_alike(row: int, votes: npt.NDArray[np.int16]) -> int:
    alike = np.flatnonzero(votes == votes[row])
    return int(alike[(np.searchsorted(alike, row) + 1) % len(alike)])


def _one_word_changed(text: str, other: str) -> str:
    """Put a word of the other text in the place of an inner one about as long, so that length and both ends stay."""
    inner = list(_WORD.finditer(text))[1:-1]
    own = {word.casefold() for word in _WORD.findall(text)}
    words = [word for word in _WORD.findall(other) if word.casefold() not in own]
    if len(own) < _SHORT or not words:
        return f"{text} ."
    long = [found for found in inner if len(found[0]) >= _FEWEST_LETTERS] or inner
    place = long[len(long) // 2]
    size = len(place[0])
    changed = min(words, key=lambda word: (len(word) < min(size, _FEWEST_LETTERS), abs(len(word) - size)))
    return f"{text[: place.start()]}{changed}{text[place.end() :]}"


def _halves(text: str, other: str) -> str:
    """Cut between words where there are some."""
    words, others = text.split(" "), other.split(" ")
    if min(len(words), len(others)) > 1:
        return " ".join([*words[: len(words) // 2], *others[len(others) // 2 :]])
    return text[: len(text) // 2] + other[len(other) // 2 :]

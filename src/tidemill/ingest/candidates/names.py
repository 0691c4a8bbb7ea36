"""Any number of names looked for in texts, word by word: the longest name that begins at a word is the one that stands there."""

from __future__ import annotations

import csv
import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.contracts import ConfigError

Span = tuple[int, int]
Signs = tuple[str, str]
_ASCII_WORD: Final = re.compile(r"\w+")
_WORD: Final = r"[{0}]\p{{M}}*|[\w--[{0}]]+"
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that write no spaces between words: each character counts as one."""
_SIGNS: Final = "+#*$@&%"
"""Characters that a name may begin or end with, as C++ does; all others around a name are those of the sentence."""
_PAIR: Final = 2


def word_spans(text: str) -> list[Span]:
    """Find the words of a text.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    list of (int, int)
        Begin and end of each; of scripts without spaces each character is a word.

    Examples
    --------
    >>> [text[begin:end] for text in ("new in Rome!", "東京 Works") for begin, end in word_spans(text)]
    ['new', 'in', 'Rome', '東', '京', 'Works']
    """
    words = _ASCII_WORD if text.isascii() else _any_word()
    return [match.span() for match in words.finditer(text)]


@functools.cache
def _any_word() -> Any:
    import regex

    return regex.compile(_WORD.format(_UNSPACED), flags=regex.VERSION1)


class NameMatcher:
    """Names compiled for looking up; time per text does not depend on how many there are.

    Parameters
    ----------
    names
        Name and the entity that it stands for.
    case
        Whether upper and lower case differ.

    Examples
    --------
    >>> matcher = NameMatcher({"New York": "New York", "York": "York", "U.S.": "United States"}, case=True)
    >>> text = "New York is in the U.S., York is not"
    >>> matcher.find(text, word_spans(text))
    [(0, 8, 'New York'), (19, 22, 'United States'), (25, 29, 'York')]
    """

    def __init__(self, names: Mapping[str, str], *, case: bool) -> None:
        self.case = case
        self.entities: dict[str, str] = {}
        self.signed: defaultdict[str, dict[Signs, str]] = defaultdict(dict)
        sizes: defaultdict[str, set[int]] = defaultdict(set)
        for name, entity in names.items():
            whole = self._read_alike(" ".join(unicodedata.normalize("NFC", name).split()))
            spans = word_spans(whole)
            if spans:
                begin, end = spans[0][0], spans[-1][1]
                signs, key = _signs(whole[:begin], whole[end:]), whole[begin:end]
                if any(signs):
                    self.signed[key].setdefault(signs, entity)
                else:
                    self.entities.setdefault(key, entity)
                sizes[whole[begin : spans[0][1]]].add(len(spans))
        self.sizes = {first: tuple(sorted(many, reverse=True)) for first, many in sizes.items()}

    def _read_alike(self, text: str) -> str:
        """The text as names and sentences are compared, of the same length."""
        text = text.replace("\u2019", "'")
        return text if self.case else fold(text)

    def find(self, text: str, words: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """Find the names in a text.

        Parameters
        ----------
        text
            A sentence, each white space of it a blank.
        words
            Begin and end of its words.

        Returns
        -------
        list of (int, int, str)
            Begin, end and entity of each name, none inside another.
        """
        text = self._read_alike(text)
        found, sizes, entities, place, count = [], self.sizes, self.entities, 0, len(words)
        is_plain = not self.signed and "  " not in text  # as most are; the quick way then
        while place < count:
            begin, end = words[place]
            step = 1
            for size in sizes.get(text[begin:end], ()):
                if place + size <= count:
                    end = words[place + size - 1][1]
                    if is_plain:
                        entity = entities.get(text[begin:end])
                        item = None if entity is None else (begin, end, entity)
                    else:
                        item = self._at(text, begin, end)
                    if item is not None:
                        found.append(item)
                        step = size
                        break
            place += step
        return found

    def _at(self, text: str, begin: int, end: int) -> tuple[int, int, str] | None:
        key = " ".join(text[begin:end].split())
        for (before, after), entity in self.signed[key].items() if key in self.signed else ():
            if text.endswith(before, 0, begin) and text.startswith(after, end):
                return begin - len(before), end + len(after), entity
        alone = self.entities.get(key)
        return None if alone is None else (begin, end, alone)


def _signs(before: str, after: str) -> Signs:
    """Signs right before and after the words of a name, such as those of C++."""
    return before[len(before.rstrip(_SIGNS)) :], after[: len(after) - len(after.lstrip(_SIGNS))]


def fold(text: str) -> str:
    """Lower the case of a text without moving any of its characters.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        Of the same length.
    """
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def read_names(path: Path) -> dict[str, str]:
    """Read a file of names: a name a line, or a CSV with a name and the entity that it stands for.

    Parameters
    ----------
    path
        File, in UTF-8; of a ``.csv`` the first line is its header.

    Returns
    -------
    dict of str to str
        Name and entity; of names that stand twice the first counts.

    Raises
    ------
    ConfigError
        The file is missing or has no names, or a line is not of this form.
    """
    if not path.is_file():
        raise ConfigError(f"{path} is missing: it is the file of names that ingest.candidates has")
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines())) if path.suffix == ".csv" else [[line] for line in text.splitlines()]
    names: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        if not row or not row[0].strip() or (number == 1 and path.suffix == ".csv"):
            continue
        if len(row) > _PAIR:
            raise ConfigError(f"{path}, line {number}: {len(row)} cells, where a name and its entity are two")
        name, entity = (unicodedata.normalize("NFC", cell).strip() for cell in (row[0], row[-1]))
        names.setdefault(name, entity or name)
    if not names:
        raise ConfigError(f"{path} holds no names: write one on each line")
    return names

"""Any number of names looked for in texts, word by word: the longest name that begins at a word is the one that stands there."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tidemill.contracts import ConfigError

WORD: Final = re.compile(r"\w+")
_PAIR: Final = 2


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
    >>> matcher.find(text, [match.span() for match in WORD.finditer(text)])
    [(0, 8, 'New York'), (19, 22, 'United States'), (25, 29, 'York')]
    """

    def __init__(self, names: Mapping[str, str], *, case: bool) -> None:
        self.case = case
        self.entities: dict[str, str] = {}
        sizes: defaultdict[str, set[int]] = defaultdict(set)
        for name, entity in names.items():
            spaced = " ".join(name.split())
            spans = [match.span() for match in WORD.finditer(spaced if case else fold(spaced))]
            if spans:
                key = (spaced if case else fold(spaced))[spans[0][0] : spans[-1][1]]
                self.entities.setdefault(key, entity)
                sizes[key[: spans[0][1] - spans[0][0]]].add(len(spans))
        self.sizes = {first: tuple(sorted(many, reverse=True)) for first, many in sizes.items()}

    def find(self, text: str, words: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
        """Find the names in a text.

        Parameters
        ----------
        text
            A sentence; white space between words is one character.
        words
            Begin and end of its words.

        Returns
        -------
        list of (int, int, str)
            Begin, end and entity of each name, none inside another.
        """
        text = text if self.case else fold(text)
        found, sizes, entities, place, count = [], self.sizes, self.entities, 0, len(words)
        while place < count:
            begin, end = words[place]
            step = 1
            for size in sizes.get(text[begin:end], ()):
                if place + size <= count:
                    end = words[place + size - 1][1]
                    entity = entities.get(text[begin:end])
                    if entity is not None:
                        found.append((begin, end, entity))
                        step = size
                        break
            place += step
        return found


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
        names.setdefault(row[0].strip(), (row[-1] or row[0]).strip())
    if not names:
        raise ConfigError(f"{path} holds no names: write one on each line")
    return names

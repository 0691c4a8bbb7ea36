"""texts -> which n-grams of words and of characters they hold: a vocabulary that JSON keeps, and counts that need no library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError

_WORD: Final = re.compile(r"\w\w+")
_SPACES: Final = re.compile(r"\s+")
_MOST_CHARACTERS: Final = 20_000
"""Of a text; what follows is not read."""


@dataclass(frozen=True)
class Grams:
    """N-grams of words up to ``words``, and of characters within a word from ``shortest`` to ``longest`` (0: none)."""

    words: int
    shortest: int = 0
    longest: int = 0

    def of(self, text: str) -> Iterator[str]:
        r"""Text -> its n-grams, in lower case; those of characters begin with a tab, so that none is taken for a word.

        >>> list(Grams(words=2).of("Free prize now"))
        ['free', 'prize', 'now', 'free prize', 'prize now']
        >>> list(Grams(words=0, shortest=4, longest=4).of("win £5"))
        ['\t win', '\twin ', '\t £5 ']
        """
        text = text[:_MOST_CHARACTERS].lower()
        found = _WORD.findall(text)
        for length in range(1, self.words + 1):
            yield from (" ".join(found[k : k + length]) for k in range(len(found) - length + 1))
        if self.longest:
            for word in _SPACES.split(text.strip()):
                yield from self._within(f" {word} ")

    def _within(self, word: str) -> Iterator[str]:
        for length in range(self.shortest, self.longest + 1):
            yield from ("\t" + word[k : k + length] for k in range(len(word) - length + 1))


@dataclass(frozen=True)
class Vocabulary:
    """N-grams that a model knows, each with the number of its column."""

    grams: Grams
    places: dict[str, int]

    @classmethod
    def of(cls, texts: Sequence[str], grams: Grams, *, least: int, most: int) -> Vocabulary:
        """Texts -> the n-grams that at least ``least`` of them hold, at most ``most``: those that most of them hold.

        Raises
        ------
        DataError
            No n-gram is in so many texts.
        """
        held: Counter[str] = Counter()
        for text in texts:
            held.update(set(grams.of(text)))
        common = sorted((name for name, count in held.items() if count >= least), key=lambda name: (-held[name], name))
        if not common:
            raise DataError(
                f"no word is in {least} of the {len(texts)} texts that teach: set least to 1, or leave n-grams out"
            )
        return cls(grams, {name: place for place, name in enumerate(sorted(common[:most]))})

    def counts(self, texts: Sequence[str]) -> Any:
        """Texts -> sparse (texts, n-grams) counts."""
        from scipy.sparse import csr_matrix

        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        for text in texts:
            found = Counter(place for name in self.grams.of(text) if (place := self.places.get(name)) is not None)
            columns += sorted(found)
            counts += [found[place] for place in columns[ends[-1] :]]
            ends.append(len(columns))
        shape = (len(texts), len(self.places))
        return csr_matrix((np.array(counts, dtype=np.float64), columns, ends), shape=shape)

    def notes(self) -> dict[str, Any]:
        """Nothing -> what JSON keeps of it."""
        own = self.grams
        return {"words": own.words, "shortest": own.shortest, "longest": own.longest, "terms": list(self.places)}

    @classmethod
    def from_notes(cls, notes: dict[str, Any]) -> Vocabulary:
        """What JSON kept -> the vocabulary."""
        grams = Grams(notes["words"], notes["shortest"], notes["longest"])
        return cls(grams, {name: place for place, name in enumerate(notes["terms"])})


def inverse_frequency(counts: Any) -> Any:
    """Sparse (texts, n-grams) counts -> (n-grams,) log((1 + texts) / (1 + texts with it)) + 1, as scikit-learn smooths."""
    held = np.asarray((counts > 0).sum(axis=0)).ravel()
    return np.log((1 + counts.shape[0]) / (1 + held)) + 1


def weighed(counts: Any, idf: Any) -> Any:
    """Sparse counts and (n-grams,) inverse frequencies -> TF-IDF with 1 + log(count), each text of length one."""
    from scipy.sparse import diags_array

    raised = counts.copy()
    raised.data = 1.0 + np.log(raised.data)
    raised = raised @ diags_array(np.asarray(idf, dtype=np.float64))
    length = np.sqrt(np.asarray(raised.multiply(raised).sum(axis=1)).ravel())
    return (diags_array(1.0 / np.where(length > 0, length, 1.0)) @ raised).tocsr()

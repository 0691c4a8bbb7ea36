"""texts -> which n-grams of words and of characters they hold: a vocabulary that JSON keeps, and counts that need no library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError

_WORD: Final = re.compile(r"\w\w+")
_MOST_CHARACTERS: Final = 20_000
"""Of a text; what follows is not read."""
_MOST_WORDS: Final = 200_000
"""Words whose characters are kept cut, so that memory does not grow with the texts."""


@dataclass(frozen=True)
class Grams:
    """N-grams of words up to ``words``, and of characters within a word from ``shortest`` to ``longest`` (0: none)."""

    words: int
    shortest: int = 0
    longest: int = 0

    def of(self, text: str) -> list[str]:
        r"""Text -> its n-grams, in lower case; those of characters begin with a tab, so that none is taken for a word.

        >>> Grams(words=2).of("Free prize now")
        ['free', 'prize', 'now', 'free prize', 'prize now']
        >>> Grams(words=0, shortest=4, longest=4).of("win £5")
        ['\t win', '\twin ', '\t £5 ']
        """
        lowered = text[:_MOST_CHARACTERS].lower()
        words = lowered.split() if self.longest else []
        return [*self._phrases(lowered), *(name for word in words for name in self._within(f" {word} "))]

    def places(self, texts: Sequence[str], place: Callable[[str], int | None]) -> Iterator[Any]:
        """Texts and what gives an n-gram its number (None: not known) -> for each text the numbers of its n-grams.

        A word is cut into characters once: texts are made of the same words again and again.
        """
        cut: dict[str, Any] = {}
        for text in texts:
            lowered = text[:_MOST_CHARACTERS].lower()
            parts = [_known(map(place, self._phrases(lowered)))]
            for word in lowered.split() if self.longest else ():
                found = cut.get(word)
                if found is None:
                    found = _known(map(place, self._within(f" {word} ")))
                    if len(cut) < _MOST_WORDS:
                        cut[word] = found
                parts.append(found)
            yield np.concatenate(parts)

    def _phrases(self, text: str) -> Iterator[str]:
        found = _WORD.findall(text) if self.words else []
        for length in range(1, self.words + 1):
            yield from map(" ".join, zip(*(found[k:] for k in range(length)), strict=False))

    def _within(self, word: str) -> Iterator[str]:
        for length in range(self.shortest, self.longest + 1):
            yield from ("\t" + word[k : k + length] for k in range(len(word) - length + 1))


def _known(places: Iterable[int | None]) -> Any:
    return np.array([place for place in places if place is not None], dtype=np.int32)


def _counted(found: Sequence[Any], width: int) -> Any:
    """For each text the columns of its n-grams, each as often as it is there -> sparse (texts, width) counts."""
    from scipy.sparse import csr_matrix

    columns = np.concatenate([np.zeros(0, dtype=np.int32), *found])
    ends = np.cumsum([0, *map(len, found)])
    counted = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(found), width))
    counted.sum_duplicates()
    return counted


@dataclass(frozen=True)
class Vocabulary:
    """N-grams that a model knows, each with the number of its column."""

    grams: Grams
    columns: dict[str, int]

    @classmethod
    def of(cls, texts: Sequence[str], grams: Grams, *, least: int, most: int) -> tuple[Vocabulary, Any]:
        """Texts -> the n-grams that at least ``least`` of them hold, at most ``most``, and the texts' counts of them.

        Of more than ``most`` those are taken that most texts hold. Every text is read once.

        Raises
        ------
        DataError
            No n-gram is in so many texts.
        """
        names: dict[str, int] = {}
        found = list(grams.places(texts, lambda name: names.setdefault(name, len(names))))
        counted = _counted(found, len(names))
        held = np.bincount(counted.indices, minlength=len(names)).tolist()
        common = [(name, count) for name, count in zip(names, held, strict=True) if count >= least]
        if not common:
            raise DataError(
                f"no word is in {least} of the {len(texts)} texts that teach: set least to 1, or leave n-grams out"
            )
        kept = sorted(name for name, _ in sorted(common, key=lambda one: (-one[1], one[0]))[:most])
        vocabulary = cls(grams, {name: place for place, name in enumerate(kept)})
        return vocabulary, counted[:, [names[name] for name in kept]].sorted_indices()

    def counts(self, texts: Sequence[str]) -> Any:
        """Texts -> sparse (texts, n-grams) counts."""
        return _counted(list(self.grams.places(texts, self.columns.get)), len(self.columns))

    def notes(self) -> dict[str, Any]:
        """Nothing -> what JSON keeps of it."""
        own = self.grams
        return {"words": own.words, "shortest": own.shortest, "longest": own.longest, "terms": list(self.columns)}

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

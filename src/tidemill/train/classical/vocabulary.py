"""N-grams of words and of characters: a vocabulary that JSON keeps, and counts that need no library."""

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
    """Which n-grams are counted.

    Parameters
    ----------
    words
        Longest n-gram of words.
    shortest, longest
        N-grams of characters within a word; 0: none.
    """

    words: int
    shortest: int = 0
    longest: int = 0

    def of(self, text: str) -> list[str]:
        r"""List the n-grams of a text in lower case; those of characters begin with a tab, so that none equals a word.

        Parameters
        ----------
        text
            Any text; only its beginning is read where it is very long.

        Returns
        -------
        list of str
            N-grams of words, then those of characters, as often as they occur.

        Examples
        --------
        >>> Grams(words=2).of("Free prize now")
        ['free', 'prize', 'now', 'free prize', 'prize now']
        >>> Grams(words=0, shortest=4, longest=4).of("win £5")
        ['\t win', '\twin ', '\t £5 ']
        """
        lowered = text[:_MOST_CHARACTERS].lower()
        words = lowered.split() if self.longest else []
        return [*self._phrases(lowered), *(name for word in words for name in self._within(f" {word} "))]

    def indices(self, texts: Sequence[str], index: Callable[[str], int | None]) -> Iterator[Any]:
        """Number the n-grams of texts.

        A word is cut into characters once: texts are made of the same words again and again.

        Parameters
        ----------
        texts
            Texts.
        index
            Gives an n-gram its number, or None where it is not known.

        Yields
        ------
        (n_grams,)
            The numbers of a text's n-grams.
        """
        cut: dict[str, Any] = {}
        for text in texts:
            lowered = text[:_MOST_CHARACTERS].lower()
            parts = [_known(map(index, self._phrases(lowered)))]
            for word in lowered.split() if self.longest else ():
                numbers = cut.get(word)
                if numbers is None:
                    numbers = _known(map(index, self._within(f" {word} ")))
                    if len(cut) < _MOST_WORDS:
                        cut[word] = numbers
                parts.append(numbers)
            yield np.concatenate(parts)

    def _phrases(self, text: str) -> Iterator[str]:
        words = _WORD.findall(text) if self.words else []
        for length in range(1, self.words + 1):
            yield from map(" ".join, zip(*(words[k:] for k in range(length)), strict=False))

    def _within(self, word: str) -> Iterator[str]:
        for length in range(self.shortest, self.longest + 1):
            yield from ("\t" + word[k : k + length] for k in range(len(word) - length + 1))


def _known(numbers: Iterable[int | None]) -> Any:
    return np.array([number for number in numbers if number is not None], dtype=np.int32)


def _counted(columns_of_texts: Sequence[Any], width: int) -> Any:
    """Sparse counts from each text's columns, one as often as it is there."""
    from scipy.sparse import csr_matrix

    columns = np.concatenate([np.zeros(0, dtype=np.int32), *columns_of_texts])
    ends = np.cumsum([0, *map(len, columns_of_texts)])
    counted = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(columns_of_texts), width))
    counted.sum_duplicates()
    return counted


@dataclass(frozen=True)
class Vocabulary:
    """N-grams of a model, each with the number of its column."""

    grams: Grams
    columns: dict[str, int]

    @classmethod
    def of(cls, texts: Sequence[str], grams: Grams, *, min_df: int, max_features: int) -> tuple[Vocabulary, Any]:
        """Choose the n-grams that enough texts hold; every text is read once.

        Parameters
        ----------
        texts
            Texts.
        grams
            Which n-grams are counted.
        min_df
            Texts that have to hold an n-gram.
        max_features
            N-grams at most; those are taken that most texts hold.

        Returns
        -------
        vocabulary : Vocabulary
        counts : (n_texts, n_grams)
            Sparse.

        Raises
        ------
        DataError
            No n-gram is in so many texts.
        """
        names: dict[str, int] = {}
        numbers = list(grams.indices(texts, lambda name: names.setdefault(name, len(names))))
        counted = _counted(numbers, len(names))
        n_texts = np.bincount(counted.indices, minlength=len(names)).tolist()
        common = [(name, count) for name, count in zip(names, n_texts, strict=True) if count >= min_df]
        if not common:
            raise DataError(
                f"no word is in {min_df} of the {len(texts)} training texts: set min_df to 1, or leave n-grams out"
            )
        chosen = sorted(name for name, _ in sorted(common, key=lambda entry: (-entry[1], entry[0]))[:max_features])
        vocabulary = cls(grams, {name: index for index, name in enumerate(chosen)})
        return vocabulary, counted[:, [names[name] for name in chosen]].sorted_indices()

    def counts(self, texts: Sequence[str]) -> Any:
        """Count the n-grams of texts.

        Parameters
        ----------
        texts : (n_texts,)
            Texts; n-grams that are not in the vocabulary are left out.

        Returns
        -------
        (n_texts, n_grams)
            Sparse matrix; columns in the order of the vocabulary.
        """
        return _counted(list(self.grams.indices(texts, self.columns.get)), len(self.columns))

    def to_json(self) -> dict[str, Any]:
        """Convert the vocabulary to JSON content.

        Returns
        -------
        dict
            As ``from_json`` takes it.
        """
        own = self.grams
        return {"words": own.words, "shortest": own.shortest, "longest": own.longest, "terms": list(self.columns)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Vocabulary:
        """Restore a vocabulary from what ``to_json`` gave.

        Parameters
        ----------
        values
            ``words``, ``shortest`` and ``longest`` of the n-grams, and ``terms`` in the order of their columns.

        Returns
        -------
        Vocabulary
            Equal to the one that was written.
        """
        grams = Grams(values["words"], values["shortest"], values["longest"])
        return cls(grams, {name: index for index, name in enumerate(values["terms"])})


def inverse_frequency(counts: Any) -> Any:
    """Compute log((1 + texts) / (1 + texts with it)) + 1 of each n-gram, as scikit-learn smooths.

    Parameters
    ----------
    counts : (n_texts, n_grams)
        Sparse.

    Returns
    -------
    (n_grams,)
    """
    n_texts = np.asarray((counts > 0).sum(axis=0)).ravel()
    return np.log((1 + counts.shape[0]) / (1 + n_texts)) + 1


def tf_idf(counts: Any, idf: Any) -> Any:
    """Weigh counts by inverse frequency, with 1 + log(count), each text of length one.

    Parameters
    ----------
    counts : (n_texts, n_grams)
        Sparse.
    idf : (n_grams,)

    Returns
    -------
    (n_texts, n_grams)
        Sparse.
    """
    from scipy.sparse import diags_array

    raised = counts.copy()
    raised.data = 1.0 + np.log(raised.data)
    raised = raised @ diags_array(np.asarray(idf, dtype=np.float64))
    length = np.sqrt(np.asarray(raised.multiply(raised).sum(axis=1)).ravel())
    return (diags_array(1.0 / np.where(length > 0, length, 1.0)) @ raised).tocsr()

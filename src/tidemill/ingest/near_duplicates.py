"""Near-duplicates of texts.

MinHash (Broder, "On the resemblance and containment of documents", 1997) over character 5-grams, with candidates from
banded signatures (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.common.progress import progress

Signature = npt.NDArray[np.uint32]
"""(permutations,): the smallest hash of any shingle, under each permutation."""

PERMUTATIONS: Final = 128
_BANDS: Final = 32  # of 4: two texts at similarity .8 meet in some band with probability 1 - (1 - .8^4)^32 > .9999
_SHINGLE: Final = 5
_FACTOR: Final = np.uint32(0x9E3779B1)
_MIX: Final = ((np.uint32(16), np.uint32(0x85EBCA6B)), (np.uint32(13), np.uint32(0xC2B2AE35)))
_CHUNK: Final = 256  # shingles hashed at once: 128 kB, which stays in a core's cache
_BYTES: Final = hashlib.shake_128(b"tidemill near-duplicates").digest(2 * 4 * PERMUTATIONS)
_FACTORS, _OFFSETS = np.frombuffer(_BYTES, dtype="<u4").reshape(2, PERMUTATIONS, 1) | np.uint32(1)
_DIGIT, _NUMBER, _SPACE = re.compile(r"\d"), re.compile(r"\d+"), re.compile(r"\s+")


def normalize(text: str, *, digits: bool = False) -> str:
    r"""Reduce a text to what counts: letter case, digits and white space do not.

    Parameters
    ----------
    text
        Text of a row.
    digits
        Whether digits count.

    Returns
    -------
    str
        Text by which duplicates are compared.

    Examples
    --------
    >>> normalize("Call  0800-123\nNOW")
    'call 0000-000 now'
    """
    lower = text.lower()
    return _SPACE.sub(" ", lower if digits else _DIGIT.sub("0", lower)).strip()


def shingles(text: str) -> npt.NDArray[np.uint32]:
    """Hash the 5-character shingles of a text.

    Parameters
    ----------
    text
        Text of a row.

    Returns
    -------
    (n_shingles,)
        In their order; a shorter text is one shingle.
    """
    codes = np.frombuffer(normalize(text).ljust(_SHINGLE).encode("utf-32-le"), dtype="<u4")
    count = len(codes) - _SHINGLE + 1
    hashed = np.zeros(count, dtype=np.uint32)
    for place in range(_SHINGLE):
        hashed *= _FACTOR
        hashed += codes[place : place + count]
    for shift, factor in _MIX:  # murmur3's last step, so that neighbouring codes end far apart
        hashed ^= hashed >> shift
        hashed *= factor
    return hashed ^ (hashed >> np.uint32(16))


def signature(text: str, *, digits: bool = False, topic: str = "") -> Signature:
    """Compute the MinHash signature of a text.

    Two signatures agree in a share of places near the texts' Jaccard similarity.

    Parameters
    ----------
    text
        Text of a row.
    digits
        Whether numbers are content: texts with different numbers have no shingle in common then.
    topic
        What the text is about: texts of different topics have no shingle in common.

    Returns
    -------
    (n_permutations,)
    """
    salt = f"{' '.join(_NUMBER.findall(text)) if digits else ''}{topic}"
    hashes = shingles(text) ^ _salt(salt)
    parts = [hashes[begin : begin + _CHUNK] for begin in range(0, len(hashes), _CHUNK)]
    smallest: Signature = np.min([(part * _FACTORS + _OFFSETS).min(axis=1) for part in parts], axis=0)
    return smallest


def _salt(text: str) -> np.uint32:
    return np.uint32(int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) if text else 0)


def signatures(
    texts: Sequence[str], *, digits: bool = False, topics: Sequence[str] | None = None
) -> npt.NDArray[np.uint32]:
    """Compute the MinHash signatures of texts.

    Parameters
    ----------
    texts
        Texts of the rows.
    digits
        Whether numbers are content.
    topics : (n_texts,)
        What each is about; None: texts are compared whatever they are about.

    Returns
    -------
    (n_texts, n_permutations)
    """
    pairs = zip(texts, topics or [""] * len(texts), strict=True)
    shown = progress(pairs, total=len(texts), name="comparing texts")
    results = [signature(text, digits=digits, topic=topic) for text, topic in shown]
    return np.array(results, dtype=np.uint32).reshape(len(texts), PERMUTATIONS)


class Seen:
    """Signatures of the texts kept so far; finds one that a further text is like.

    Parameters
    ----------
    threshold
        Similarity from which a text counts as a near-duplicate, in (0, 1].
    """

    def __init__(self, known: npt.NDArray[np.uint32], *, threshold: float) -> None:
        self.threshold = threshold
        self._rows: list[Signature] = []
        self._buckets: dict[bytes, list[int]] = defaultdict(list)
        for row in known:
            self._keep(row, self._bands(row))

    def find(self, row: Signature) -> int | None:
        """Find a text that a further one is like; keep the further one where there is none.

        Parameters
        ----------
        row : (n_permutations,)
            Signature of the text.

        Returns
        -------
        int or None
            Place of the most similar text, in the order in which they were kept.
        """
        bands = self._bands(row)
        candidates = sorted({item for band in bands for item in self._buckets.get(band, ())})
        if candidates:
            same = (np.stack([self._rows[item] for item in candidates]) == row).mean(axis=1)
            if same.max() >= self.threshold:
                return candidates[int(same.argmax())]
        self._keep(row, bands)
        return None

    def _bands(self, row: Signature) -> list[bytes]:
        return [bytes([number]) + band.tobytes() for number, band in enumerate(row.reshape(_BANDS, -1))]

    def _keep(self, row: Signature, bands: list[bytes]) -> None:
        for band in bands:
            self._buckets[band].append(len(self._rows))
        self._rows.append(row)

"""Any number of keyword lists looked for in texts, in one pass over the bytes.

Every run of ASCII letters, digits and underscores in a text is looked up once in a table of the first runs of all
keywords; what is found there is compared in full. ``Keywords.expression()`` stays the definition: where a letter beyond
ASCII stands beside a hit, or white space beyond ASCII may stand within one, or a letter that folds to an ASCII one (long s,
the Kelvin sign) in a text, that row is asked again by the expression itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.label.conditions.base import Condition, parts_of
from tidemill.label.conditions.words import Keywords

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_RUN: Final = re.compile(r"[0-9A-Za-z_]+")
_IS_WORD: Final = bytes(bool(_RUN.match(chr(byte))) and byte < 128 for byte in range(256))  # noqa: PLR2004 - ASCII
_KEY: Final = 8  # bytes of a run that are looked up at once
_FOLD: Final = np.uint64(0x2020202020202020)  # joins A to a, and no two others of [0-9A-Za-z_]
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(_KEY + 1)], dtype=np.uint64)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SPACES: Final = re.compile(rb"[\t-\r ]*")
_IS_SPACE: Final = np.frombuffer(bytes(byte in b"\t\n\v\f\r " for byte in range(256)), dtype=np.bool_)
_MAY_BE_SPACE: Final = np.frombuffer(bytes(byte in b"\xc2\xe1\xe2\xe3" for byte in range(256)), dtype=np.bool_)
"""First bytes of white space beyond ASCII, and of other characters."""
_LEAST_BITS: Final = 12
_BEYOND: Final = 128
_NO_HITS: Final = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
_FOLD_TO_ASCII: Final = ["\u017f", "\u212a"]  # long s and the Kelvin sign
_KNOWN: Final = frozenset({"kind", "words", "column", "match", "at_least", "case", "whole_words"})


def can_match(condition: Condition) -> bool:
    """Decide whether a condition is a list of whole ASCII words that begin with a letter, a digit or an underscore.

    Parameters
    ----------
    condition
        Condition of a declared labeling function.

    Returns
    -------
    bool
        Whether ``KeywordMatcher`` gives the same votes as the condition's own expression.
    """
    if not isinstance(condition, Keywords) or not condition.whole_words:
        return False
    fields = type(condition).model_fields
    if any(getattr(condition, name) != field.default for name, field in fields.items() if name not in _KNOWN):
        return False  # it asks more than this module knows of
    return all(word.isascii() and "\0" not in word and _RUN.match(word) for word in condition.words)


class KeywordMatcher:
    """Keyword conditions on one column, compiled.

    Parameters
    ----------
    conditions
        Conditions that ``can_match`` allows, all on the same column.

    Examples
    --------
    >>> win = Keywords(kind="keywords", words=("win", "you won"))
    >>> KeywordMatcher([win])(pl.Series("text", ["WIN!", "winter", "so you won", None]))[0].to_list()
    [True, False, True, None]
    """

    def __init__(self, conditions: Sequence[Keywords]) -> None:
        self.conditions = list(conditions)
        chosen = {
            case: [j for j, condition in enumerate(conditions) if condition.case == case] for case in (False, True)
        }
        self.lists = {
            case: (chosen[case], _Words([conditions[j] for j in chosen[case]], case=case))
            for case in chosen
            if chosen[case]
        }

    def __call__(self, texts: pl.Series) -> list[pl.Series]:
        """Give per condition the booleans that its expression gives.

        Parameters
        ----------
        texts : (n_rows,)

        Returns
        -------
        list of polars.Series
            (n_rows,) booleans, null where the text is missing.
        """
        runs = _Texts(texts)
        answers: dict[int, pl.Series] = {}
        for chosen, words in self.lists.values():
            matched = _answers(runs, [self.conditions[j] for j in chosen], words)
            answers |= dict(zip(chosen, matched, strict=True))
        return [answers[j] for j in range(len(self.conditions))]


class _Texts:
    """Texts as one array of bytes, a zero byte before and after each, and the runs of word characters in it."""

    def __init__(self, texts: pl.Series) -> None:
        self.texts = texts
        filled = texts.fill_null("")
        joined = filled.str.join("\0").cast(pl.Binary).item() if len(texts) else b""
        self.whole = whole = b"\0" + joined + b"\0" * _KEY
        self.bytes = np.frombuffer(whole, dtype=np.uint8)
        is_word = np.frombuffer(whole.translate(_IS_WORD), dtype=np.bool_)
        edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
        self.starts, self.ends = edges[::2], edges[1::2]
        lengths = filled.str.len_bytes().to_numpy().astype(np.int64)
        self.firsts = np.cumsum(lengths + 1) - lengths

    @cached_property
    def keys(self) -> npt.NDArray[np.uint64]:
        """The first eight bytes of every run; those after its end are zero."""
        eight = np.lib.stride_tricks.as_strided(
            self.bytes[:_KEY].view(np.uint64), shape=(len(self.bytes) - _KEY + 1,), strides=(1,)
        )
        keys: npt.NDArray[np.uint64] = eight[self.starts] & self.masks
        return keys

    @cached_property
    def masks(self) -> npt.NDArray[np.uint64]:
        """Which of a run's eight bytes belong to it."""
        masks: npt.NDArray[np.uint64] = _MASKS[np.minimum(self.ends - self.starts, _KEY)]
        return masks

    @cached_property
    def folded(self) -> npt.NDArray[np.uint64]:
        """The keys in lower case."""
        folded: npt.NDArray[np.uint64] = self.keys | (_FOLD & self.masks)
        return folded

    def rows(self, positions: Indices) -> Indices:
        """Find the rows of positions in the bytes."""
        rows: Indices = np.searchsorted(self.firsts, positions, side="right") - 1
        return rows


class _Words:
    """The distinct words of some conditions, laid out for looking up."""

    def __init__(self, conditions: Sequence[Keywords], *, case: bool) -> None:
        listed = [[word if case else word.lower() for word in condition.words] for condition in conditions]
        self.words = sorted({word for words in listed for word in words})
        number = {word: k for k, word in enumerate(self.words)}
        self.case = case
        self.pairs = np.array([(number[w], j) for j, words in enumerate(listed) for w in words], dtype=np.int64)
        self.pairs = self.pairs[np.argsort(self.pairs[:, 0], kind="stable")]
        self.limits = np.searchsorted(self.pairs[:, 0], np.arange(len(self.words) + 1))
        runs = [_run(word).encode() for word in self.words]
        keys = [int.from_bytes(run[:_KEY].ljust(_KEY, b"\0"), "little") for run in runs]
        masks = _MASKS[[min(len(run), _KEY) for run in runs]]
        folded = np.array(keys, dtype=np.uint64) | (np.uint64(0) if case else _FOLD & masks)
        self.order = np.argsort(folded, kind="stable")
        self.table = _Table(folded[self.order])
        self.run_lengths = np.array([len(run) for run in runs], dtype=np.int64)
        lengths = np.array([len(word) for word in self.words])
        self.is_simple = (self.run_lengths == lengths) & (lengths <= _KEY)

    def occurrences(self, texts: _Texts) -> tuple[Indices, Indices, Flags]:
        """Find positions and words: where a word stands, its boundaries checked as far as they are ASCII, and where that is doubted."""
        looked_up, low, high = self.table.look_up(texts.keys if self.case else texts.folded)
        runs, within = _spread(looked_up, high - low)
        words = self.order[np.repeat(low, high - low) + within]
        lengths = texts.ends[runs] - texts.starts[runs]
        same = lengths == self.run_lengths[words]
        runs, words = runs[same], words[same]
        positions, ends = texts.starts[runs], texts.ends[runs]
        certain = self.is_simple[words]
        doubted = np.zeros(len(words), dtype=np.bool_)
        for word in np.unique(words[~certain]):
            mine = np.flatnonzero(words == word)
            found = _Search(texts, positions[mine], case=self.case)
            found.go_on(self.words[word])
            certain[mine[found.left]], ends[mine[found.left]] = True, found.at
            certain[mine[found.doubted]] = doubted[mine[found.doubted]] = True
        is_bounded = np.array([bool(_RUN.match(word[-1])) for word in self.words])[words]
        doubted |= (texts.bytes[positions - 1] >= _BEYOND) | (is_bounded & (texts.bytes[ends] >= _BEYOND))
        return positions[certain], words[certain], doubted[certain]


class _Search:
    """One word, compared part by part at positions of which fewer and fewer are left.

    Attributes
    ----------
    left, at
        Numbers of the positions where all so far fits, and where that ends.
    doubted
        Numbers of those where white space beyond ASCII may stand next.
    """

    def __init__(self, texts: _Texts, positions: Indices, *, case: bool) -> None:
        self.texts, self.case = texts, case
        self.left, self.at = np.arange(len(positions)), positions
        self.doubted = np.zeros(0, dtype=np.int64)

    def go_on(self, word: str) -> None:
        """Compare the whole word, and the boundary at its end as far as that is ASCII."""
        for number, part in enumerate(parts_of(word)):
            if number:
                self._pass_spaces()
            self._compare(part.encode())
        if _RUN.match(word[-1]):
            self._keep(~np.frombuffer(_IS_WORD, dtype=np.bool_)[self.texts.bytes[self.at]])

    def _compare(self, part: bytes) -> None:
        wanted = np.frombuffer(part, dtype=np.uint8)
        fits = self.at + len(wanted) < len(self.texts.bytes)
        there = self.texts.bytes[np.where(fits, self.at, 0)[:, None] + np.arange(len(wanted))]
        if not self.case:
            is_capital = (there >= ord("A")) & (there <= ord("Z"))
            there = there + np.uint8(32) * is_capital
        self._keep(fits & (there == wanted).all(axis=1))
        self.at = self.at + len(wanted)

    def _pass_spaces(self) -> None:
        first = self.texts.bytes[self.at]
        self._doubt(_MAY_BE_SPACE[first])
        self._keep(_IS_SPACE[self.texts.bytes[self.at]])
        self.at = self.at + 1
        for number in np.flatnonzero(_IS_SPACE[self.texts.bytes[self.at]]).tolist():
            match = _SPACES.match(self.texts.whole, int(self.at[number]))
            self.at[number] = match.end() if match else self.at[number]
        self._doubt(_MAY_BE_SPACE[self.texts.bytes[self.at]])

    def _doubt(self, which: Flags) -> None:
        if which.any():
            self.doubted = np.concatenate((self.doubted, self.left[which]))
            self._keep(~which)

    def _keep(self, which: Flags) -> None:
        self.left, self.at = self.left[which], self.at[which]


class _Table:
    """Sorted keys, in which equal ones follow each other, by hash: the next free slot is taken where one is taken."""

    def __init__(self, ordered: npt.NDArray[np.uint64]) -> None:
        self.keys, firsts = np.unique(ordered, return_index=True)
        self.limits = np.append(firsts, len(ordered))
        self.bits = max(_LEAST_BITS, (8 * len(self.keys)).bit_length())
        self.numbers = np.full(1 << self.bits, -1, dtype=np.int32)
        for number, slot in enumerate(self._slots(self.keys).tolist()):
            while self.numbers[slot] >= 0:
                slot = (slot + 1) % len(self.numbers)  # noqa: PLW2901 - the walk to a free slot
            self.numbers[slot] = number

    def look_up(self, keys: npt.NDArray[np.uint64]) -> tuple[Indices, Indices, Indices]:
        """Find the keys that are there: their indices, in order, and the range of each among the sorted ones."""
        slots = self._slots(keys)
        asked = np.flatnonzero(self.numbers[slots] >= 0)
        slots = slots[asked]
        hits = []
        while len(asked):
            numbers = self.numbers[slots]
            same = (self.keys[numbers] == keys[asked]) & (numbers >= 0)
            hits.append((asked[same], numbers[same]))
            further = ~same & (numbers >= 0)
            asked, slots = asked[further], (slots[further] + 1) % len(self.numbers)
        indices, which = (np.concatenate(parts) for parts in zip(*hits, strict=True)) if hits else _NO_HITS
        order = np.argsort(indices, kind="stable") if len(hits) > 1 else slice(None)
        return indices[order], self.limits[which[order]], self.limits[which[order] + 1]

    def _slots(self, keys: npt.NDArray[np.uint64]) -> Indices:
        return ((keys * _MIX) >> np.uint64(64 - self.bits)).view(np.int64)


@dataclass(frozen=True)
class _Hits:
    """What conditions find: parallel arrays of condition, row and word, and whether the row is to be asked again."""

    conditions: Indices
    rows: Indices
    words: Indices
    doubted: Flags


def _answers(texts: _Texts, conditions: Sequence[Keywords], words: _Words) -> list[pl.Series]:
    hits = _hits(texts, words)
    odd = np.zeros(0, dtype=np.int64) if words.case else _odd_rows(texts.texts)
    order = np.argsort(hits.conditions.astype(np.int16), kind="stable")  # 16 bits are sorted by radix
    limits = np.searchsorted(hits.conditions[order], np.arange(len(conditions) + 1))
    return [
        _answer(texts.texts, condition, hits, order[limits[j] : limits[j + 1]], odd)
        for j, condition in enumerate(conditions)
    ]


def _hits(texts: _Texts, words: _Words) -> _Hits:
    positions, words_found, doubted = words.occurrences(texts)
    firsts = words.limits[words_found]
    counts = words.limits[words_found + 1] - firsts
    which, within = _spread(np.arange(len(words_found)), counts)
    pairs = np.repeat(firsts, counts) + within
    return _Hits(words.pairs[pairs, 1], texts.rows(positions)[which], pairs, doubted[which])


def _answer(texts: pl.Series, condition: Keywords, hits: _Hits, mine: Indices, odd: Indices) -> pl.Series:
    wanted = condition.at_least or (len(condition.words) if condition.match == "all" else 1)
    rows = hits.rows[mine]
    if wanted == 1:
        holds = np.zeros(len(texts), dtype=np.bool_)
        holds[rows] = True
    else:
        different = np.unique(np.stack((rows, hits.words[mine])), axis=1)[0]
        holds = np.bincount(different, minlength=len(texts)) >= wanted
    again = np.union1d(rows[hits.doubted[mine]], odd)
    if len(again):
        asked = texts.gather(again).rename(condition.column).to_frame().select(condition.expression()).to_series()
        holds[again] = asked.fill_null(value=False).to_numpy()
    answer = pl.Series(holds)
    return answer if not texts.null_count() else pl.select(pl.when(texts.is_not_null()).then(answer)).to_series()


def _odd_rows(texts: pl.Series) -> Indices:
    return np.flatnonzero(texts.str.contains_any(_FOLD_TO_ASCII).fill_null(value=False).to_numpy())


def _run(word: str) -> str:
    match = _RUN.match(word)
    return match.group() if match else ""


def _spread(values: Indices, counts: Indices) -> tuple[Indices, Indices]:
    """Repeat values as often as each is wanted, and count 0, 1, 2 … within each."""
    many = np.repeat(values, counts)
    within = np.arange(len(many)) - np.repeat(np.cumsum(counts) - counts, counts)
    return many, within

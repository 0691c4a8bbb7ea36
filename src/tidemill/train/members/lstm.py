"""texts -> probabilities: a small bidirectional LSTM on words, the greatest of what it held along the text deciding.

Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); Graves and Schmidhuber (2005) for both directions. It is taught
with Lightning and asked with numpy, in double precision: an answer does not depend on which rows are asked together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.head import softmax
from tidemill.train.members.base import DIGITS, Array, Material, restored, saved, taught
from tidemill.train.settings import LstmSettings

UNKNOWN: Final = 1
"""Number of a word that is not known; 0 stands after the last word."""
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_TOGETHER: Final = 512  # rows asked at once


@dataclass(frozen=True)
class Lstm:
    """Words known, how many of a text are read, and the weights by the names that torch gives them."""

    words: dict[str, int]
    length: int
    weights: dict[str, Any]

    needs_text: ClassVar[bool] = True

    @classmethod
    def fit(cls, material: Material, targets: Probabilities, weights: Array, settings: LstmSettings, seed: int) -> Self:
        """Rows, labels and weights -> the member; its chance is its own, torch's is left alone."""
        from tidemill.train.members.lstm_fit import fit_network

        rows, targets, weights = taught(material, targets, weights)
        words = known_words(rows.read(), settings)
        tokens = numbered(rows.read(), words, settings.words)
        return cls(words, settings.words, fit_network(tokens, (targets, weights), len(words) + 2, settings, seed))

    def predict_proba(self, material: Material) -> Probabilities:
        """Rows -> (rows, classes)."""
        tokens = numbered(material.read(), self.words, self.length)
        order = np.argsort((tokens > 0).sum(axis=1), kind="stable")
        said = np.zeros((len(tokens), len(self.weights["top.bias"])))
        for rows in np.array_split(order, max(1, -(-len(order) // _TOGETHER))):
            said[rows] = self._said(tokens[rows])
        return np.round(said, DIGITS)

    def _said(self, tokens: Any) -> Probabilities:
        own = {name: one.astype(np.float64) for name, one in self.weights.items()}
        there = tokens[:, : max(1, int((tokens > 0).sum(axis=1).max(initial=0)))]
        held = np.hstack([_direction(there, own, name) for name in ("there", "back")])
        return softmax(held @ own["top.weight"].T + own["top.bias"])

    def files(self) -> dict[str, bytes]:
        """Nothing -> its files."""
        return saved(self.weights, {"words": list(self.words), "length": self.length})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Folder -> the member."""
        kept, notes = restored(folder)
        return cls({word: place + 2 for place, word in enumerate(notes["words"])}, notes["length"], kept)


def known_words(texts: Sequence[str], settings: LstmSettings) -> dict[str, int]:
    """Texts -> the words that enough of them hold, each with its number."""
    held: Counter[str] = Counter()
    for text in texts:
        held.update(set(_TOKEN.findall(text.lower())[: settings.words]))
    common = sorted((word for word, n in held.items() if n >= settings.least), key=lambda word: (-held[word], word))
    return {word: place + 2 for place, word in enumerate(common[: settings.most])}


def numbered(texts: Sequence[str], words: dict[str, int], length: int) -> Any:
    """Texts -> (texts, length) numbers of their first words, 0 after the last; an empty text is one unknown word.

    >>> numbered(["Win, WIN", ""], {"win": 2, ",": 3}, 4).tolist()
    [[2, 3, 2, 0], [1, 0, 0, 0]]
    """
    tokens = np.zeros((len(texts), length), dtype=np.int64)
    for row, text in enumerate(texts):
        found = [words.get(word, UNKNOWN) for word in _TOKEN.findall(text.lower())[:length]] or [UNKNOWN]
        tokens[row, : len(found)] = found
    return tokens


def _direction(tokens: Any, own: dict[str, Any], name: str) -> Array:
    """Numbers of words, weights and a direction's name -> (rows, hidden) the greatest held along the words."""
    taken = own["embedding.weight"] @ own[f"{name}.weight_ih_l0"].T
    taken += own[f"{name}.bias_ih_l0"] + own[f"{name}.bias_hh_l0"]
    again = own[f"{name}.weight_hh_l0"].T
    said = np.zeros((len(tokens), again.shape[0]))
    cell, most = np.zeros_like(said), np.full_like(said, -np.inf)
    steps = range(tokens.shape[1])
    for step in reversed(steps) if name == "back" else steps:
        here = (tokens[:, step] > 0)[:, None]
        enter, forget, fresh, leave = np.split(taken[tokens[:, step]] + said @ again, 4, axis=1)
        after = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(fresh)
        cell = np.where(here, after, cell)
        said = np.where(here, _sigmoid(leave) * np.tanh(after), said)
        most = np.where(here, np.maximum(most, said), most)
    return most


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))

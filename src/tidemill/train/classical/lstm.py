"""A small bidirectional LSTM on words, max-pooled over the text.

Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); Graves and Schmidhuber (2005) for both directions. It is trained
with Lightning and predicts with NumPy, in double precision: a prediction does not depend on which rows are predicted together.
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
from tidemill.train.classical.base import DIGITS, Array, ModelInputs, from_files, rows_with_weight, to_files
from tidemill.train.head.head import softmax
from tidemill.train.settings import LstmSettings

UNKNOWN: Final = 1
"""Number of a word that is not known; 0 stands after the last word."""
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_TOGETHER: Final = 512  # rows predicted at once


@dataclass(frozen=True)
class Lstm:
    """A fitted LSTM.

    Parameters
    ----------
    words
        Known words and their numbers.
    length
        Words of a text that are read.
    weights
        By the names that torch gives them.
    """

    words: dict[str, int]
    length: int
    weights: dict[str, Any]

    needs_text: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, inputs: ModelInputs, targets: Probabilities, weights: Array, settings: LstmSettings, seed: int
    ) -> Self:
        """Build the vocabulary and train the network; torch's own generator is left alone.

        Parameters
        ----------
        inputs
            Rows with their texts.
        targets : (n_rows, n_classes)
            Probabilistic labels.
        weights : (n_rows,)
            Weight of each row, at least 0.
        settings
            Settings of this member.
        seed
            Of initial weights, dropout and order.

        Returns
        -------
        Lstm
            Fitted.

        Raises
        ------
        DataError
            No row has weight, or there are no texts.
        """
        from tidemill.train.classical.lstm_network import fit_network

        rows, targets, weights = rows_with_weight(inputs, targets, weights)
        words = build_vocabulary(rows.read(), settings)
        tokens = encode_texts(rows.read(), words, settings.max_length)
        return cls(words, settings.max_length, fit_network(tokens, (targets, weights), len(words) + 2, settings, seed))

    def predict_proba(self, inputs: ModelInputs) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows with their texts.

        Returns
        -------
        (n_rows, n_classes)
            Rounded to nine decimals.

        Raises
        ------
        DataError
            The rows have no texts.
        """
        tokens = encode_texts(inputs.read(), self.words, self.length)
        order = np.argsort((tokens > 0).sum(axis=1), kind="stable")
        predictions = np.zeros((len(tokens), len(self.weights["top.bias"])))
        for rows in np.array_split(order, max(1, -(-len(order) // _TOGETHER))):
            predictions[rows] = self._batch_predictions(tokens[rows])
        return np.round(predictions, DIGITS)

    def _batch_predictions(self, tokens: Any) -> Probabilities:
        own = {name: item.astype(np.float64) for name, item in self.weights.items()}
        words = tokens[:, : max(1, int((tokens > 0).sum(axis=1).max(initial=0)))]
        pooled = np.hstack([_direction(words, own, name) for name in ("there", "back")])
        return softmax(pooled @ own["top.weight"].T + own["top.bias"])

    def files(self) -> dict[str, bytes]:
        """Serialize the member; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        return to_files(self.weights, {"words": list(self.words), "length": self.length})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the member from its folder.

        Parameters
        ----------
        folder
            Folder with the files that ``files`` gives.

        Returns
        -------
        Self
            The fitted member.

        Raises
        ------
        DataError
            A file is missing or damaged.
        """
        tensors, values = from_files(folder)
        return cls({word: index + 2 for index, word in enumerate(values["words"])}, values["length"], tensors)


def build_vocabulary(texts: Sequence[str], settings: LstmSettings) -> dict[str, int]:
    """Number the words that occur in enough texts.

    Parameters
    ----------
    texts
        Texts of the rows with weight.
    settings
        Settings of the member.

    Returns
    -------
    dict of str to int
        Numbers from 2 on.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_TOKEN.findall(text.lower())[: settings.max_length]))
    common = sorted(
        (word for word, n in counts.items() if n >= settings.min_df), key=lambda word: (-counts[word], word)
    )
    return {word: index + 2 for index, word in enumerate(common[: settings.max_features])}


def encode_texts(texts: Sequence[str], words: dict[str, int], length: int) -> Any:
    """Encode texts as numbers of their first words.

    Parameters
    ----------
    texts
        Texts.
    words
        Numbers of known words.
    length
        Words of a text that are read.

    Returns
    -------
    (n_texts, length)
        0 after the last word; an empty text is one unknown word.

    Examples
    --------
    >>> encode_texts(["Win, WIN", ""], {"win": 2, ",": 3}, 4).tolist()
    [[2, 3, 2, 0], [1, 0, 0, 0]]
    """
    tokens = np.zeros((len(texts), length), dtype=np.int64)
    for row, text in enumerate(texts):
        numbers = [words.get(word, UNKNOWN) for word in _TOKEN.findall(text.lower())[:length]] or [UNKNOWN]
        tokens[row, : len(numbers)] = numbers
    return tokens


def _direction(tokens: Any, own: dict[str, Any], name: str) -> Array:
    """Maximum of the hidden states along the words, in one direction."""
    inputs = own["embedding.weight"] @ own[f"{name}.weight_ih_l0"].T
    inputs += own[f"{name}.bias_ih_l0"] + own[f"{name}.bias_hh_l0"]
    recurrent = own[f"{name}.weight_hh_l0"].T
    hidden = np.zeros((len(tokens), recurrent.shape[0]))
    cell, maximum = np.zeros_like(hidden), np.full_like(hidden, -np.inf)
    steps = range(tokens.shape[1])
    for step in reversed(steps) if name == "back" else steps:
        is_word = (tokens[:, step] > 0)[:, None]
        enter, forget, candidate, leave = np.split(inputs[tokens[:, step]] + hidden @ recurrent, 4, axis=1)
        updated = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(candidate)
        cell = np.where(is_word, updated, cell)
        hidden = np.where(is_word, _sigmoid(leave) * np.tanh(updated), hidden)
        maximum = np.where(is_word, np.maximum(maximum, hidden), maximum)
    return maximum


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))

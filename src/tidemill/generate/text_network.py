"""Small networks on words, from scratch: convolutions of several widths (Kim, 2014), or a convolution below an LSTM (Zhou et al., 2015).

Trained by Adam with words left out at random, averaged over its last steps; each class is drawn equally often. Both pool by the maximum
over a text's words; what follows the last word does not count, so that a prediction does not depend on which rows are predicted together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import Probabilities
from tidemill.generate.image_network import RATE, averaged, class_batches
from tidemill.train.classical.base import DIGITS, ModelInputs, from_files, to_files
from tidemill.train.classical.lstm import UNKNOWN, build_vocabulary, encode_texts
from tidemill.train.settings import LstmSettings

Form = Literal["cnn", "cnn_lstm"]
WIDTHS: Final = (1, 3, 5)
"""Words that a convolution sees at once."""
CHANNELS: Final = 48
BATCH: Final = 24
LEFT_OUT: Final = 0.1
"""Share of words that a step does not show."""
_TOGETHER: Final = 256


@dataclass(frozen=True)
class TextNetwork:
    """A fitted network.

    Parameters
    ----------
    form
        Convolutions alone, or an LSTM above one.
    words
        Known words and their numbers.
    length
        Words of a text that are read.
    weights
        By the names that torch gives them.
    """

    form: Form
    words: dict[str, int]
    length: int
    weights: dict[str, Any]

    def predict_proba(self, inputs: ModelInputs) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows with their texts.

        Returns
        -------
        (n_rows, n_classes)
        """
        import torch

        n_classes, (n_words, size) = len(self.weights["top.bias"]), self.weights["embedding.weight"].shape
        network = build(self.form, n_words, size, n_classes)
        network.load_state_dict({name: torch.from_numpy(item) for name, item in self.weights.items()})
        network.double().eval()
        tokens = encode_texts(inputs.read(), self.words, self.length)
        parts = [np.zeros((0, n_classes))]
        with torch.inference_mode(), torch_threads(1):
            for start in range(0, len(tokens), _TOGETHER):
                logits = network(torch.from_numpy(tokens[start : start + _TOGETHER]))
                parts.append(logits.softmax(dim=1).numpy())
        return np.asarray(np.round(np.concatenate(parts), DIGITS), dtype=np.float64)

    def files(self) -> dict[str, bytes]:
        """Serialize the network.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        return to_files(self.weights, {"form": self.form, "words": list(self.words), "length": self.length})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the network from its folder.

        Parameters
        ----------
        folder
            Folder with the files that ``files`` gives.

        Returns
        -------
        Self

        Raises
        ------
        DataError
            A file is missing or damaged.
        """
        tensors, values = from_files(folder)
        words = {word: index + 2 for index, word in enumerate(values["words"])}
        return cls(values["form"], words, values["length"], tensors)


def build(form: Form, n_words: int, size: int, n_classes: int) -> Any:
    """Build the network.

    Parameters
    ----------
    form
        Convolutions alone, or an LSTM above one.
    n_words
        Numbers of words, with 0 and the one that is not known.
    size
        Of a word's embedding.
    n_classes
        Logits that it gives.

    Returns
    -------
    torch.nn.Module
        Of numbers of words (n_rows, length), 0 after the last, it gives logits (n_rows, n_classes).
    """
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    class Network(nn.Module):
        """Embedding, convolutions, an LSTM in both directions or none, maximum over the words, a linear layer."""

        def __init__(self) -> None:
            super().__init__()
            widths = WIDTHS if form == "cnn" else WIDTHS[1:2]
            self.embedding = nn.Embedding(n_words, size, padding_idx=0)
            self.inner = nn.ModuleList(nn.Conv1d(size, CHANNELS, width, padding="same") for width in widths)
            self.lstm = (
                nn.LSTM(CHANNELS, CHANNELS, batch_first=True, bidirectional=True) if form == "cnn_lstm" else None
            )
            self.dropout = nn.Dropout(0.4)
            self.top = nn.Linear(CHANNELS * (len(widths) if form == "cnn" else 2), n_classes)

        def forward(self, tokens: Any) -> Any:
            """Compute logits."""
            lengths = (tokens > 0).sum(dim=1)
            tokens = tokens[:, : int(lengths.max())]
            embedded = self.dropout(self.embedding(tokens)).transpose(1, 2)
            held = torch.cat([layer(embedded).relu() for layer in self.inner], dim=1).transpose(1, 2)
            if self.lstm is not None:
                packed = pack_padded_sequence(held, lengths, batch_first=True, enforce_sorted=False)
                held = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]
            pooled = held.masked_fill((tokens == 0)[:, :, None], -2.0).amax(dim=1)  # below any of them
            return self.top(self.dropout(pooled))

    return Network()


def fit_text_network(
    texts: Sequence[str], targets: Probabilities, form: Form, settings: LstmSettings, *, steps: int, seed: int
) -> TextNetwork:
    """Build the vocabulary and train the network.

    Parameters
    ----------
    texts
        Of the rows.
    targets : (n_rows, n_classes)
        Probabilities.
    form
        Convolutions alone, or an LSTM above one.
    settings
        Of the vocabulary, the length of texts and the size of embeddings.
    steps
        Steps of Adam.
    seed
        Of initial weights, batches and words left out.

    Returns
    -------
    TextNetwork
    """
    import torch

    words = build_vocabulary(texts, settings)
    generator = np.random.default_rng(seed)
    with torch_threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tokens, wanted = torch.from_numpy(encode_texts(texts, words, settings.max_length)), torch.from_numpy(targets)
        network = build(form, len(words) + 2, settings.embedding_size, targets.shape[1])
        optimizer = torch.optim.Adam(network.parameters(), RATE)
        average = None
        for _, rows in zip(range(steps), class_batches(targets, generator, BATCH), strict=False):
            some = tokens[rows]
            left_out = (torch.rand(some.shape) < LEFT_OUT) & (some > 0)
            logits = network(torch.where(left_out, UNKNOWN, some))
            loss = -(wanted[rows].float() * logits.log_softmax(dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average = averaged(average, network)
    assert average is not None  # noqa: S101 - there is at least one step
    weights = {name: item.numpy().copy() for name, item in average.items()}
    return TextNetwork(form, words, settings.max_length, weights)

"""Features of texts: the last layer of any Hugging Face encoder, by default its mean over the tokens that are there.

With all-MiniLM-L6-v2 and ``normalize`` this is the sentence embedding of Reimers and Gurevych, "Sentence-BERT" (2019).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.common.progress import progress
from tidemill.contracts import ConfigError, Features
from tidemill.embed.backbone import round_features
from tidemill.embed.hub import from_hub, quiet_transformers
from tidemill.embed.settings import TextSettings
from tidemill.embed.token_pooling import TokenPooling

CHARACTERS_PER_TOKEN: Final = 16  # a text is cut there before it is tokenised: tokens are four letters on average
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+")  # tried where a word begins: linear in its letters
_RUN = re.compile(r"([^\w\s])(?:\s*\1)+")
_SPACE = re.compile(r"\s+")

Token = int
Tokens = list[Token]


class TextBackbone:
    """A frozen encoder and its tokenizer."""

    def __init__(self, backbone: str, path: Path | None, settings: TextSettings) -> None:
        self.settings = settings
        self.tokenizer, self.model = _load(backbone, path)
        self.pooling = TokenPooling.of(settings, self.tokenizer)

    def embed(self, contents: Sequence[str], *, name: str) -> Features:
        """Compute features; texts of like length are padded together.

        Parameters
        ----------
        contents
            Texts.
        name
            What progress calls it.

        Returns
        -------
        (n_rows, n_dimensions)
            In the order of the texts.
        """
        tokens = self.tokens(contents)
        width = self.pooling.parts * self.model.config.hidden_size
        features = np.zeros((len(tokens), width), dtype=np.float32)
        groups = list(batches_by_length(tokens, self.settings.tokens_per_step))
        for group in progress(groups, total=len(groups), name=name, unit="steps"):
            features[group] = self._forward([tokens[row] for row in group])
        return round_features(features)

    def tokens(self, contents: Sequence[str]) -> list[Tokens]:
        """Tokenize texts.

        Parameters
        ----------
        contents
            Texts.

        Returns
        -------
        list of list of int
            Token ids of each text.
        """
        return tokens_of(self.tokenizer, contents, self.settings)

    @property
    def pad(self) -> Token:
        """The token that fills rows up to the length of the longest."""
        return self.tokenizer.pad_token_id or 0

    def _forward(self, rows: Sequence[Tokens]) -> Features:
        import torch

        ids, mask = pad_tokens(rows, self.pad)
        with torch.inference_mode():
            there, tokens = torch.from_numpy(mask), torch.from_numpy(ids)
            hidden = self.model(input_ids=tokens, attention_mask=there).last_hidden_state
            return np.asarray(self.pooling(hidden, tokens, there).float().numpy())


def tokens_of(tokenizer: Any, contents: Sequence[str], settings: TextSettings) -> list[Tokens]:
    """Tokenize texts as settings say.

    Parameters
    ----------
    tokenizer
        Of Hugging Face.
    contents
        Texts.
    settings
        How they are prepared and where they are cut.

    Returns
    -------
    list of list of int
        Token ids of each text.
    """
    most = settings.max_tokens
    texts = [readable(text, settings)[: most * CHARACTERS_PER_TOKEN] for text in contents]
    listed: list[Tokens] = tokenizer(texts, truncation=True, max_length=most)["input_ids"]
    return listed


def readable(text: str, settings: TextSettings) -> str:
    r"""Prepare a text for the tokenizer; with ``squeeze`` links, addresses and rules take one token, not twenty.

    Parameters
    ----------
    text
        Text of a row.
    settings
        Settings of text backbones.

    Returns
    -------
    str
        Text for the tokenizer.

    Examples
    --------
    >>> squeeze = TextSettings(max_tokens=64, tokens_per_step=1, squeeze=True, normalize=True)
    >>> readable("Win!!! -----\n  http://a.example/x?y=1 me@b.example", squeeze)
    'Win! - http email'
    """
    if not settings.squeeze:
        return text
    plain = _ADDRESS.sub(" email ", _LINK.sub(" http ", text))
    return _SPACE.sub(" ", _RUN.sub(r"\1", plain)).strip()


def batches_by_length(tokens: Sequence[Tokens], tokens_per_step: int) -> Iterator[list[int]]:
    """Group rows of like length, longest first.

    Parameters
    ----------
    tokens
        Token ids of each row.
    tokens_per_step
        Padded tokens of a group, at most.

    Yields
    ------
    list of int
        Indices of the rows of a group.

    Examples
    --------
    >>> list(batches_by_length([[1], [1, 2, 3], [1, 2], [1]], 6))
    [[1, 2], [0, 3]]
    """
    order = sorted(range(len(tokens)), key=lambda row: -len(tokens[row]))
    start = 0
    while start < len(order):
        size = max(1, tokens_per_step // max(len(tokens[order[start]]), 1))
        yield order[start : start + size]
        start += size


def pad_tokens(rows: Sequence[Tokens], pad: Token) -> tuple[Any, Any]:
    """Pad token lists to the longest.

    Parameters
    ----------
    rows
        Token ids of each row.
    pad
        Token to pad with.

    Returns
    -------
    ids, mask : (n_rows, longest)
        The mask is 1 where a token is.

    Examples
    --------
    >>> ids, mask = pad_tokens([[7, 8], [9]], 0)
    >>> ids.tolist(), mask.tolist()
    ([[7, 8], [9, 0]], [[1, 1], [1, 0]])
    """
    ids = np.full((len(rows), max(map(len, rows))), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask


def _load(backbone: str, path: Path | None) -> tuple[Any, Any]:
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    quiet_transformers()
    from transformers import AutoModel, AutoTokenizer

    def load(name: str, **options: Any) -> tuple[Any, Any]:
        return AutoTokenizer.from_pretrained(name, **options), AutoModel.from_pretrained(name, **options)

    if path is None:
        name, _, revision = backbone.partition("@")
        pair = from_hub(lambda **how: load(name, revision=revision or "main", **how), backbone)
    elif path.is_dir():
        pair = load(str(path), local_files_only=True)
    else:
        raise ConfigError(f"{path} is a file: a text backbone is a folder with config, tokenizer and model.safetensors")
    tokenizer, model = pair
    return tokenizer, model.eval()

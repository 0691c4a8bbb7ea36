"""a backbone that can still learn: its inputs, its features with gradients, its layers in order, and its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.contracts import ConfigError
from tidemill.embed.embedder import Embedder
from tidemill.embed.image import load_trainable, pixels, pooled
from tidemill.embed.settings import ImageSettings, TextSettings
from tidemill.embed.text import TextBackbone, pad_tokens, readable

WEIGHTS: Final = "model.safetensors"
_HIDDEN: Final = 0.1  # share of tokens that augmentation hides
_SHIFT: Final = 0.08  # share of an image's side by which augmentation moves it
_LIGHT: Final = 0.2  # by which augmentation makes it lighter or darker
_LAYER: Final = re.compile(r"(?:^|\.)(?:layer|layers|h|block|blocks)\.(\d+)\.")


class TrainableText:
    """A Hugging Face encoder; texts are hidden in part where they are augmented."""

    def __init__(self, backbone: TextBackbone, settings: TextSettings, *, scratch: bool) -> None:
        self.settings, self.tokenizer, self.pooling = settings, backbone.tokenizer, backbone.pooling
        self.module = type(backbone.model)(backbone.model.config) if scratch else backbone.model

    def prepare(self, contents: Sequence[str]) -> list[Any]:
        """Tokenize texts.

        Parameters
        ----------
        contents : (n_rows,)
            Texts.

        Returns
        -------
        list of list of int
            Token ids of each text, at most ``max_tokens``.
        """
        most = self.settings.max_tokens
        texts = [readable(text, self.settings) for text in contents]
        listed: list[Any] = self.tokenizer(texts, truncation=True, max_length=most)["input_ids"]
        return listed

    def inputs(self, rows: Sequence[Any], rng: np.random.Generator | None) -> tuple[Any, ...]:
        """Pad a mini-batch of tokens.

        Parameters
        ----------
        rows
            Token ids of each row, as ``prepare`` gave them.
        rng
            With one, a tenth of the tokens is masked, never the ends or the marks of names.

        Returns
        -------
        ids, mask : (n_rows, longest)
        """
        import torch

        ids, mask = pad_tokens(rows, self.tokenizer.pad_token_id or 0)
        if rng is not None and self.tokenizer.mask_token_id is not None:
            special = np.isin(ids, [*self.tokenizer.all_special_ids, *self.pooling.marks])
            ids = np.where(~special & (rng.random(ids.shape) < _HIDDEN), self.tokenizer.mask_token_id, ids)
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def features(self, ids: Any, mask: Any) -> Any:
        """Compute features as ``TextBackbone`` does.

        Parameters
        ----------
        ids, mask : (n_rows, longest)

        Returns
        -------
        (n_rows, n_dimensions)
        """
        return self.pooling(self.module(input_ids=ids, attention_mask=mask).last_hidden_state, ids, mask)

    def layers(self) -> list[list[str]]:
        """List names of the parameters, layer by layer: embeddings first, the last block last.

        Returns
        -------
        list of list of str
            Names of the parameters of each layer.
        """
        return layers_in_order([name for name, _ in self.module.named_parameters()])

    def save(self, folder: Path) -> None:
        """Write config, tokenizer and weights as ``embed.weights`` takes them.

        Parameters
        ----------
        folder
            Empty folder.
        """
        self.module.save_pretrained(folder, safe_serialization=True)
        self.tokenizer.save_pretrained(folder)


class TrainableImage:
    """A timm model; images are mirrored, moved, and made lighter or darker where they are augmented."""

    def __init__(self, backbone: str, path: Path | None, settings: ImageSettings, *, scratch: bool) -> None:
        self.settings = settings
        self.module, self.size, self.mean, self.std = load_trainable(backbone, path, settings, scratch=scratch)

    def prepare(self, contents: Sequence[bytes]) -> list[Any]:
        """Return the images as they are: they are decoded when their mini-batch comes.

        Parameters
        ----------
        contents : (n_rows,)
            Bytes of image files.

        Returns
        -------
        list of bytes
            The same bytes.
        """
        return list(contents)

    def inputs(self, rows: Sequence[Any], rng: np.random.Generator | None) -> tuple[Any, ...]:
        """Decode a mini-batch.

        Parameters
        ----------
        rows
            Images.
        rng
            With one, images are mirrored, shifted, lighter or darker.

        Returns
        -------
        tuple
            One tensor (n_rows, 3, height, width).
        """
        import torch

        images = [pixels(data, self.size).astype(np.float32) / 255.0 for data in rows]
        if rng is not None:
            images = [augment_image(image, rng) for image in images]
        scaled = ((np.stack(images) - self.mean) / self.std).astype(np.float32)
        return (torch.from_numpy(scaled).permute(0, 3, 1, 2).contiguous(),)

    def features(self, images: Any) -> Any:
        """Compute features as ``ImageBackbone`` does.

        Parameters
        ----------
        images : (n_rows, 3, height, width)

        Returns
        -------
        (n_rows, n_dimensions)
        """
        return pooled(self.module, images, self.settings.stages)

    def layers(self) -> list[list[str]]:
        """List names of the parameters, layer by layer, as timm groups them for layer-wise learning rates.

        Returns
        -------
        list of list of str
            Names of the parameters of each layer.
        """
        from timm.models import group_parameters

        groups = group_parameters(self.module, self.module.group_matcher(coarse=False))
        return [list(groups[layer]) for layer in sorted(groups)]

    def save(self, folder: Path) -> None:
        """Write weights as ``embed.weights`` takes them.

        Parameters
        ----------
        folder
            Empty folder; it is made where it does not exist.
        """
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        state = {name: tensor.contiguous().clone() for name, tensor in self.module.state_dict().items()}
        save_file(state, folder / WEIGHTS)


Tunable = TrainableText | TrainableImage


def trainable_backbone(embedder: Embedder, *, scratch: bool, seed: int) -> Tunable:
    """Make the backbone of an embedder trainable.

    Parameters
    ----------
    embedder
        What embeds the problem's rows.
    scratch
        With random weights.
    seed
        Of random weights.

    Returns
    -------
    Tunable

    Raises
    ------
    ConfigError
        The settings lack the section of this modality.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _made(embedder, scratch=scratch)


def _made(embedder: Embedder, *, scratch: bool) -> Tunable:
    settings = embedder.settings
    if embedder.modality == "image" and settings.image is not None:
        return TrainableImage(settings.backbone, embedder.path, settings.image, scratch=scratch)
    if settings.text is None or not isinstance(embedder.backbone, TextBackbone):
        raise ConfigError(f"embed.{embedder.modality} is null: nothing to tune")
    return TrainableText(embedder.backbone, settings.text, scratch=scratch)


def layers_in_order(names: Sequence[str]) -> list[list[str]]:
    """Group names of parameters by block number: what comes before the first block first, what comes after the last with it.

    Parameters
    ----------
    names
        Names of the parameters.

    Returns
    -------
    list of list of str

    Examples
    --------
    >>> layers_in_order(["embed.weight", "encoder.layer.0.w", "encoder.layer.1.w", "pooler.w"])
    [['embed.weight'], ['encoder.layer.0.w'], ['encoder.layer.1.w', 'pooler.w']]
    """
    results: dict[int, list[str]] = {}
    last = -1
    for name in names:
        number = _LAYER.search(name)
        last = max(last, int(number[1])) if number else last
        results.setdefault(int(number[1]) if number else last, []).append(name)
    return [results[layer] for layer in sorted(results)]


def augment_image(image: Any, rng: np.random.Generator) -> Any:
    """Augment an image: mirror, shift and light it by chance.

    Parameters
    ----------
    image : (height, width, 3)
        From 0 to 1.
    rng
        Random generator of the augmentation.

    Returns
    -------
    (height, width, 3)
        What is shifted out comes in mirrored.
    """
    image = image[:, ::-1] if rng.random() < 0.5 else image  # noqa: PLR2004 - a coin
    image = image[::-1] if rng.random() < 0.5 else image  # noqa: PLR2004 - a coin
    reach = max(1, round(_SHIFT * len(image)))
    down, right = rng.integers(0, 2 * reach + 1, size=2)
    wide = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    moved = wide[down : down + image.shape[0], right : right + image.shape[1]]
    return np.clip(moved * rng.uniform(1.0 - _LIGHT, 1.0 + _LIGHT), 0.0, 1.0)

"""A frozen backbone as an ONNX graph, tokens or pixels in, features out; imported only when used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from pydantic import JsonValue
from torch import nn

from tidemill.contracts import DataError
from tidemill.embed.backbone import KEPT_BITS
from tidemill.embed.image import ImageBackbone, pixels, pooled
from tidemill.embed.text import CHARACTERS_PER_TOKEN, TextBackbone, batches_by_length, pad_tokens

FEATURES: Final = "features"
TOKENIZER: Final = "tokenizer.json"
_SPLITTER: Final = float(2 ** (23 - KEPT_BITS) + 1)
"""Multiplied by it, float32 sheds its last bits: T. J. Dekker, "A floating-point technique", Numer. Math. 18 (1971)."""

Feed = Mapping[str, Any]


class _Text(nn.Module):
    def __init__(self, backbone: TextBackbone) -> None:
        super().__init__()
        self.model, self.pooling = backbone.model, backbone.pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return _shortened(self.pooling(hidden, input_ids, attention_mask))


class _Image(nn.Module):
    pixel_mean: torch.Tensor
    pixel_std: torch.Tensor

    def __init__(self, backbone: ImageBackbone) -> None:
        super().__init__()
        self.model, self.stages = backbone.model, backbone.settings.stages
        self.register_buffer("pixel_mean", torch.as_tensor(backbone.mean))
        self.register_buffer("pixel_std", torch.as_tensor(backbone.std))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        scaled = (pixels.to(torch.float32) / 255.0 - self.pixel_mean) / self.pixel_std
        return _shortened(pooled(self.model, scaled.permute(0, 3, 1, 2), self.stages))


def _shortened(features: torch.Tensor) -> torch.Tensor:
    """As ``tidemill.embed.backbone.rounded``, in operators that ONNX has."""
    wide = features * _SPLITTER
    return wide - (wide - features)


def features_graph(backbone: TextBackbone | ImageBackbone, *, opset: int) -> Any:
    """Export a backbone.

    Parameters
    ----------
    backbone
        Frozen backbone.
    opset
        Version of ONNX's operators.

    Returns
    -------
    onnx.ModelProto
        Its inputs are those that ``feeds`` makes: ``input_ids`` and ``attention_mask``, int64 (n_rows, n_tokens); or
        ``pixels``, uint8 (n_rows, height, width, 3), red, green, blue. Its output is ``features`` (n_rows, n_dimensions).

    Raises
    ------
    DataError
        The backbone does something that torch cannot write as ONNX.
    """
    if isinstance(backbone, TextBackbone):
        example = {name: torch.ones((2, 8), dtype=torch.int64) for name in ("input_ids", "attention_mask")}
        return _traced(_Text(backbone), example, ("rows", "tokens"), opset)
    image = torch.zeros((2, backbone.size, backbone.size, 3), dtype=torch.uint8)
    return _traced(_Image(backbone), {"pixels": image}, ("rows",), opset)


def _traced(module: nn.Module, example: dict[str, torch.Tensor], free: tuple[str, ...], opset: int) -> Any:
    sizes = {place: torch.export.Dim(name) for place, name in enumerate(free)}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # torch on its own trees, and on inputs that share the name of a size
            program = torch.onnx.export(
                module.eval(),
                tuple(example.values()),
                input_names=list(example),
                output_names=[FEATURES],
                dynamic_shapes=tuple(sizes for _ in example),
                opset_version=opset,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        first = str(error).strip().splitlines()[0]
        raise DataError(f"torch cannot write this backbone as ONNX ({first}): --head-only exports the head") from error
    return _bare(program.model_proto)  # type: ignore[union-attr] # None is for the exporter that torch gave up


def _bare(model: Any) -> Any:
    """Torch writes source lines and paths into a graph."""
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.value_info, model.graph):
        del part.metadata_props[:]
        part.doc_string = ""
    return model


def feeds(backbone: TextBackbone | ImageBackbone, contents: Sequence[Any]) -> Iterator[tuple[list[int], Feed]]:
    """Prepare the graph's inputs, mini-batch by mini-batch.

    Parameters
    ----------
    backbone
        Frozen backbone that was exported.
    contents
        Texts, or bytes of images.

    Yields
    ------
    rows : list of int
        Which rows are in the mini-batch.
    inputs : dict of str to array
    """
    if isinstance(backbone, ImageBackbone):
        step = backbone.settings.images_per_step
        for start in range(0, len(contents), step):
            rows = list(range(start, min(start + step, len(contents))))
            yield rows, {"pixels": np.stack([pixels(contents[row], backbone.size) for row in rows])}
        return
    tokens = backbone.tokens(contents)
    for rows in batches_by_length(tokens, backbone.settings.tokens_per_step):
        ids, mask = pad_tokens([tokens[row] for row in rows], backbone.pad)
        yield rows, {"input_ids": ids, "attention_mask": mask}


def preparation(backbone: TextBackbone | ImageBackbone) -> dict[str, JsonValue]:
    """Describe what a caller does with a row before the graph reads it, for the graph's metadata.

    Parameters
    ----------
    backbone
        Frozen backbone that was exported.

    Returns
    -------
    dict
        Plain data: tokenizer and its limits for texts, size and channels for images.
    """
    if isinstance(backbone, TextBackbone):
        kept = backbone.settings.model_dump(include={"max_tokens", "squeeze"})
        most = backbone.settings.max_tokens * CHARACTERS_PER_TOKEN
        return {"tokenizer": TOKENIZER, "pad": backbone.pad, "max_characters": most, **kept}
    return {"size": backbone.size, "resize": "the whole image to a square, bicubic", "channels": "RGB"}


def tokenizer_file(backbone: TextBackbone | ImageBackbone) -> dict[str, bytes]:
    """Write a backbone's tokenizer as the package tokenizers reads it.

    Parameters
    ----------
    backbone
        Frozen backbone that was exported.

    Returns
    -------
    dict of str to bytes
        ``tokenizer.json``; empty for images.

    Raises
    ------
    DataError
        The tokenizer is written in Python and cannot leave transformers.
    """
    if isinstance(backbone, ImageBackbone):
        return {}
    inner = getattr(backbone.tokenizer, "backend_tokenizer", None)
    if inner is None:
        raise DataError("this backbone's tokenizer has no form without transformers: --head-only exports the head")
    return {TOKENIZER: str(inner.to_str()).encode()}

"""How far rows are from what the backbone was trained on.

Images: the batch norms of a backbone keep mean and variance of every channel over its source data; the same of the rows is
compared with them, as Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation" (2017) compare domains: the
symmetric Kullback-Leibler divergence of the two normal distributions, median over the channels of a layer, mean over layers.

Texts: a tokenizer keeps the words that were common in its source as one piece, spells the others in several, and has none
for what it has never seen. So pieces per word and the share of unknown pieces measure how unfamiliar a text is.

The limits are from what ``benchmarks/domain_gap.py`` measured; docs/train.md has its table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import Features
from tidemill.embed.embedder import Embedder
from tidemill.embed.image import load_trainable, pixels, pooled
from tidemill.embed.settings import ImageSettings
from tidemill.embed.text import CHARACTERS_PER_TOKEN, TextBackbone, readable, tokens_of
from tidemill.reports.embed import Domain, DomainMeasures

Grade = Literal["near", "some way off", "far"]
NEAR: Final[Grade] = "near"
BETWEEN: Final[Grade] = "some way off"
FAR: Final[Grade] = "far"
UNKNOWN: Final = "unknown"
_GRADES: Final[tuple[Grade, ...]] = (NEAR, BETWEEN, FAR)
DIVERGENCE: Final = (0.25, 0.45)
"""Near below the first, far from the second on: crops of photographs have .10, of one photograph up to .23, charts .47."""
PIECES: Final = (1.4, 1.8)
"""Pieces per word: English prose has 1.1 to 1.2, program code 1.3, European languages 2.1, other scripts 3.2."""
UNREAD: Final = (0.05, 0.2)
"""Share of unknown pieces: prose and mail have none, other scripts .03, words too long to read are nothing else."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_ALIKE: Final = 10
_MOSTLY: Final = 0.5
"""Number and share of different texts that are the same tokens as another, from which on this is told."""
_PAIRS: Final = 200  # rows whose likeness to each other is measured
_STEP: Final = 8


def domain_gap(embedder: Embedder, rows: pl.DataFrame) -> Domain:
    """Measure the distance of rows from the backbone's source.

    Parameters
    ----------
    embedder
        What embeds the problem's rows.
    rows
        Raw rows.

    Returns
    -------
    Domain
    """
    some = sample_rows(rows, embedder.settings.domain_rows)
    if not some.height:
        return _unknown(0, "not measured: embed.domain_rows is 0")
    with torch_threads(embedder.settings.threads):
        return _measured(embedder, some[embedder.modality].to_list())


def _measured(embedder: Embedder, contents: list[Any]) -> Domain:
    settings = embedder.settings
    if embedder.modality == "image" and settings.image is not None:
        loaded = load_trainable(settings.backbone, embedder.path, settings.image, scratch=False)
        return _of_images(loaded, contents, settings.image)
    assert isinstance(embedder.backbone, TextBackbone)  # noqa: S101 - the embedder has seen to it
    return _of_texts(embedder.backbone, contents)


def _unknown(rows: int, summary: str, measures: DomainMeasures | None = None) -> Domain:
    return Domain(rows=rows, verdict=UNKNOWN, measures=measures or DomainMeasures(), summary=summary)


def sample_rows(rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """Sample raw rows: those of the least ids, which are hashes, so that few later arrivals change the sample.

    Parameters
    ----------
    rows
        Raw rows.
    count
        Rows of the sample.

    Returns
    -------
    polars.DataFrame
        ``count`` rows, or all where there are fewer.
    """
    return rows.sort("row_id").head(count)


def _of_images(loaded: tuple[Any, int, Any, Any], contents: Sequence[bytes], settings: ImageSettings) -> Domain:
    layers = divergences(loaded, contents, settings)
    if not layers:
        return _unknown(
            len(contents), "unknown: the backbone has no batch norms, which would keep what its source looked like"
        )
    distance = float(np.mean(list(layers.values())))
    return Domain(
        rows=len(contents),
        verdict=grade(distance, DIVERGENCE),
        measures=DomainMeasures(
            divergence=round(distance, 4), layers={name: round(item, 4) for name, item in layers.items()}
        ),
        summary=f"divergence of activations {distance:.2f} (photographs .10 to .23, charts .47, noise 2.5)",
    )


def divergences(
    loaded: tuple[Any, int, Any, Any], contents: Sequence[bytes], settings: ImageSettings
) -> dict[str, float]:
    """Compute the divergence of images from a backbone's source, batch norm by batch norm.

    Parameters
    ----------
    loaded
        The model, the size of its input, mean and spread of its pixels.
    contents
        Images.
    settings
        Settings of image backbones.

    Returns
    -------
    dict of str to float
        By the name of each batch norm that runs.
    """
    import torch

    model, size, mean, std = loaded
    norms = {name: part for name, part in model.eval().named_modules() if _remembers(part)}
    seen: dict[str, Any] = {}
    hooks = [part.register_forward_hook(_counted(seen, name)) for name, part in norms.items()]
    with torch.inference_mode():
        for start in range(0, len(contents), _STEP):
            images = np.stack([pixels(data, size) for data in contents[start : start + _STEP]]).astype(np.float32)
            scaled = ((images / 255.0 - mean) / std).astype(np.float32)
            pooled(model, torch.from_numpy(scaled).permute(0, 3, 1, 2), settings.stages)
    for hook in hooks:
        hook.remove()
    return {name: _divergence(sums, norms[name]) for name, sums in seen.items()}


def _remembers(part: Any) -> bool:
    return getattr(part, "running_var", None) is not None and getattr(part, "running_mean", None) is not None


def _counted(seen: dict[str, Any], name: str) -> Any:
    """A hook that adds up values, squares and how many there are of a layer's inputs."""

    def add(_: Any, inputs: tuple[Any, ...], __: Any) -> None:
        values = inputs[0].double().transpose(0, 1).flatten(1)  # channels first
        sums = np.stack([values.sum(1).numpy(), (values**2).sum(1).numpy(), np.full(len(values), values.shape[1])])
        seen[name] = seen.get(name, 0.0) + sums

    return add


def _divergence(sums: Any, norm: Any) -> float:
    mean = sums[0] / sums[2]
    variance = np.maximum(sums[1] / sums[2] - mean**2, 0.0) + norm.eps
    source = norm.running_mean.double().numpy(), norm.running_var.double().numpy() + norm.eps
    return float(np.median(symmetric_divergence((mean, variance), source)))


def symmetric_divergence(one: tuple[Any, Any], other: tuple[Any, Any]) -> Any:
    """Compute the symmetric Kullback-Leibler divergence of two normal distributions.

    Parameters
    ----------
    one, other
        Mean and variance.

    Returns
    -------
    float or array
        The sum of both divergences; 0 where the distributions are the same.

    Examples
    --------
    >>> float(symmetric_divergence((0.0, 1.0), (0.0, 1.0))), float(symmetric_divergence((1.0, 1.0), (0.0, 1.0)))
    (0.0, 1.0)
    """
    (mean, variance), (mean_0, variance_0) = one, other
    squared = (mean - mean_0) ** 2
    return np.asarray(((variance + squared) / variance_0 + (variance_0 + squared) / variance) / 2.0 - 1.0)


def _of_texts(backbone: TextBackbone, contents: Sequence[str]) -> Domain:
    most = backbone.settings.max_tokens * CHARACTERS_PER_TOKEN
    pieces, unread = fertility(backbone.tokenizer, [readable(text, backbone.settings)[:most] for text in contents])
    likeness = feature_spread(backbone.embed(contents[:_PAIRS], name="domain"))
    if said := _read_alike(backbone, list(dict.fromkeys(contents))):
        measures = DomainMeasures(mean_cosine=round(likeness, 4), unknown=round(unread, 4))
        return _unknown(len(contents), said, measures)
    if not pieces:
        return _unknown(len(contents), "unknown: no text has words", DomainMeasures(unknown=round(unread, 4)))
    grades = [grade(pieces, PIECES), grade(unread, UNREAD)]
    limits = "English prose 1.1 to 1.2, other languages 2.1 to 3.2"
    return Domain(
        rows=len(contents),
        verdict=max(grades, key=_GRADES.index),
        measures=DomainMeasures(
            pieces_per_word=round(pieces, 4), unknown=round(unread, 4), mean_cosine=round(likeness, 4)
        ),
        summary=f"{pieces:.2f} pieces per word ({limits}), {unread:.1%} unknown",
    )


def _read_alike(backbone: TextBackbone, texts: Sequence[str]) -> str | None:
    """Say that many different texts are the same tokens, which no model on features tells apart, and which setting would."""
    alike = _repeated(backbone.tokens(texts))
    if alike < max(_ALIKE, _MOSTLY * len(texts)):
        return None
    settings = backbone.settings
    whole = tokens_of(backbone.tokenizer, texts, settings.model_copy(update={"squeeze": False}))
    reason = (
        "links, addresses and repeated signs are one token each; embed.text.squeeze=false reads them"
        if settings.squeeze and _repeated(whole) < alike / 2
        else f"their first {settings.max_tokens} tokens are, and no more are read (embed.text.max_tokens)"
    )
    return f"{alike:,} of {len(texts):,} different texts are the same to the backbone as another, for {reason}"


def _repeated(tokens: Sequence[Sequence[int]]) -> int:
    """How many are the same as another."""
    return sum(count for count in Counter(map(tuple, tokens)).values() if count > 1)


def fertility(tokenizer: Any, texts: Sequence[str]) -> tuple[float, float]:
    """Count the pieces that a tokenizer makes of words.

    Parameters
    ----------
    tokenizer
        Of Hugging Face.
    texts
        Texts of the rows.

    Returns
    -------
    pieces_per_word : float
        Of words of letters; 0 without any.
    unknown : float
        Share of pieces that stand for what the tokenizer cannot read.
    """
    words = [" ".join(_WORD.findall(text)) for text in texts]
    spelled = tokenizer(words, add_special_tokens=False)["input_ids"]
    whole = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    count, pieces = sum(len(text.split()) for text in words), sum(map(len, whole))
    unread = sum(ids.count(tokenizer.unk_token_id) for ids in whole)
    return (sum(map(len, spelled)) / count if count else 0.0), (unread / pieces if pieces else 1.0)


def feature_spread(features: Features) -> float:
    """Compute the mean cosine of two rows.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.

    Returns
    -------
    float
        1 where the backbone sees all rows alike.

    Examples
    --------
    >>> round(feature_spread(np.array([[1.0, 0.0], [0.0, 2.0]], dtype=np.float32)), 6)
    0.0
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    likeness = unit.astype(np.float64) @ unit.T.astype(np.float64)
    return float(likeness[np.triu_indices(len(unit), 1)].mean()) if len(unit) > 1 else 1.0


def grade(value: float, limits: tuple[float, float]) -> Grade:
    """Grade a value by two limits.

    Parameters
    ----------
    value
        A measure of distance, at least 0.
    limits
        From which on it is some way off, and far.

    Returns
    -------
    str
        ``near``, ``some way off`` or ``far``.

    Examples
    --------
    >>> grade(0.1, (0.25, 0.45)), grade(0.3, (0.25, 0.45)), grade(0.45, (0.25, 0.45))
    ('near', 'some way off', 'far')
    """
    return NEAR if value < limits[0] else BETWEEN if value < limits[1] else FAR

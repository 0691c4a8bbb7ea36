"""Descriptions of classes against rows: whichever sentence a row's embedding is nearest to, or entails, calibrated on gold.

A row's likeness to a class is the cosine to the nearest of its sentences, or the log odds that the text entails it, less the mean of
that over rows of train and dev: some sentences are near to everything. On gold rows a multinomial logistic regression from likenesses to classes is fitted (Platt, 1999,
for several classes); where fewer than ``LEAST`` rows have gold, likenesses are divided by ``SPREAD`` of their standard deviations and
taken for log odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ConfigError, Features, Probabilities
from tidemill.embed.hub import from_hub, quiet_transformers
from tidemill.generate.entailment import entailment_log_odds
from tidemill.generate.rows import Indices, Rows, stratified_folds
from tidemill.generate.thresholds import LEAST
from tidemill.label.conditions.generated import DESCRIPTION, ZeroShot
from tidemill.label.conditions.labeled_examples import unit
from tidemill.train.classical.logistic import fit_logistic
from tidemill.train.head.head import softmax

SPREAD: Final = 0.5
_FOLDS: Final = 5
_L2: Final = 1.0
_CLIP_STEP: Final = 32
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """Standardised likeness of rows to classes, and from it to probabilities.

    Parameters
    ----------
    described
        Indices of the classes that are described.
    mean, scale : (n_described,)
        Of likenesses of rows of train and dev.
    weight, bias : (n_described, n_classes) and (n_classes,), or None
        Of the calibration; None: there was too little gold.
    """

    described: tuple[int, ...]
    mean: Array
    scale: Array
    weight: Array | None = None
    bias: Array | None = None

    def probabilities(self, likeness: Array, n_classes: int) -> Probabilities:
        """Compute class probabilities.

        Parameters
        ----------
        likeness : (n_rows, n_described)
        n_classes
            Number of classes.

        Returns
        -------
        (n_rows, n_classes)
            0 for classes that are not described.
        """
        standard = (likeness - self.mean) / self.scale
        logits = np.full((len(likeness), n_classes), -np.inf)
        columns = list(self.described)
        if self.weight is None or self.bias is None:
            logits[:, columns] = standard / SPREAD
        else:
            logits[:, columns] = (standard @ self.weight + self.bias)[:, columns]
        return np.round(softmax(logits), 9)


def fit_likeness(
    likeness: Array, rows: Rows, condition: ZeroShot
) -> tuple[Likeness, Probabilities, npt.NDArray[np.int64]]:
    """Standardise likenesses and calibrate them on gold.

    Parameters
    ----------
    likeness : (n_rows, n_described)
        Of all rows.
    rows
        The rows.
    condition
        The generator.

    Returns
    -------
    likeness : Likeness
    held_out : (n_gold, n_classes)
        Probabilities of gold rows by calibrations that have not seen them.
    folds : (n_gold,)
    """
    described = tuple(k for k, name in enumerate(rows.problem.classes) if condition.sentences(name))
    known = likeness[rows.fitted_on]
    base = Likeness(described, known.mean(axis=0), np.maximum(known.std(axis=0), 1e-6))
    gold = rows.gold[rows.labeled]
    folds = stratified_folds(gold, _FOLDS, seed=1)
    held_out = base.probabilities(likeness[rows.labeled], rows.n_classes)
    if len(gold) < LEAST or len(np.unique(gold)) < 2:  # noqa: PLR2004 - classes to tell apart
        return base, held_out, folds
    for fold in range(_FOLDS):
        inside = folds == fold
        part = _calibrated(base, likeness[rows.labeled[~inside]], gold[~inside], rows.n_classes)
        held_out[inside] = part.probabilities(likeness[rows.labeled[inside]], rows.n_classes)
    return _calibrated(base, likeness[rows.labeled], gold, rows.n_classes), held_out, folds


def _calibrated(base: Likeness, likeness: Array, gold: npt.NDArray[Any], n_classes: int) -> Likeness:
    standard = (likeness - base.mean) / base.scale
    model = fit_logistic(standard, np.eye(n_classes)[gold], np.ones(len(gold)), l2=_L2)
    return Likeness(base.described, base.mean, base.scale, model.weight.astype(float), model.bias.astype(float))


def likeness_of(condition: ZeroShot, rows: Rows, where: Indices) -> Array:
    """Compute how like rows are to each described class.

    Parameters
    ----------
    condition
        The generator.
    rows
        Rows of the problem.
    where : (n_some,)
        Indices of rows.

    Returns
    -------
    (n_some, n_described)
        Cosine to the nearest sentence of each class, or the log odds that it is entailed.

    Raises
    ------
    ConfigError
        Images, and no model is named that reads both images and sentences; or the model named for hypotheses is none of
        natural language inference.
    PackageError
        The model that is named cannot be had.
    """
    groups = [condition.sentences(name) for name in rows.problem.classes if condition.sentences(name)]
    sentences = [sentence for group in groups for sentence in group]
    ends = np.cumsum([len(group) for group in groups])[:-1]
    if condition.hypothesis is not None and condition.model is not None:
        hypotheses = [condition.hypothesis.replace(DESCRIPTION, sentence) for sentence in sentences]
        return _nearest(entailment_log_odds(condition.model, hypotheses, rows.texts(where)), ends)
    if rows.problem.modality == "image":
        vectors, embedded = _by_clip(condition, sentences, rows, where)
    elif condition.model is None:
        backbone = rows.embedder()
        vectors, embedded = backbone.backbone.embed(sentences, name="zero-shot"), rows.features[where]
    else:
        vectors, embedded = _by_encoder(condition.model, sentences, rows.texts(where), rows)
    cosines = unit(embedded).astype(np.float64) @ unit(vectors).astype(np.float64).T
    return _nearest(cosines, ends)


def _nearest(likeness: Array, ends: Indices) -> Array:
    """Of each class the sentence that a row is most like."""
    return np.stack([part.max(axis=1) for part in np.split(likeness, ends, axis=1)], axis=1)


def _by_encoder(model: str, sentences: Sequence[str], texts: Sequence[str], rows: Rows) -> tuple[Features, Features]:
    from tidemill.embed.text import TextBackbone

    settings = rows.embedder().settings.text
    assert settings is not None  # noqa: S101 - rows with texts have it
    encoder = TextBackbone(model, None, settings)
    return encoder.embed(sentences, name="zero-shot"), encoder.embed(texts, name=model)


def _by_clip(condition: ZeroShot, sentences: Sequence[str], rows: Rows, where: Indices) -> tuple[Features, Features]:
    if condition.model is None:
        raise ConfigError(
            f"{rows.problem.name}: its backbone reads no sentences, so zero_shot needs a model that reads both images and "
            "sentences: name a CLIP model, such as `model: openai/clip-vit-base-patch32`, which is fetched once"
        )
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    quiet_transformers()
    import torch
    from transformers import CLIPModel, CLIPProcessor

    name, _, revision = condition.model.partition("@")

    def load(**options: Any) -> tuple[Any, Any]:
        how = options | {"revision": revision or "main"}
        return CLIPModel.from_pretrained(name, **how), CLIPProcessor.from_pretrained(name, **how)

    model, processor = from_hub(load, condition.model)
    with torch.inference_mode():
        tokens = processor(text=list(sentences), return_tensors="pt", padding=True, truncation=True)
        vectors = _tensor(model.eval().get_text_features(**tokens))
        embedded = []
        for start in range(0, len(where), _CLIP_STEP):
            pictures = list(rows.thumbnails(where[start : start + _CLIP_STEP], model.config.vision_config.image_size))
            pixels = processor(images=pictures, return_tensors="pt", input_data_format="channels_first")
            embedded.append(_tensor(model.get_image_features(**pixels)))
    return vectors, np.concatenate(embedded) if embedded else np.zeros((0, vectors.shape[1]), dtype=np.float32)


def _tensor(answer: Any) -> Features:
    """Transformers 5 gives the features within an output."""
    return np.asarray(getattr(answer, "pooler_output", answer).float().numpy())

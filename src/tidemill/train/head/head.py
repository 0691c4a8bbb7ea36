"""A small network on the features of a frozen backbone: NumPy only, so that predicting starts fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import DataError, Features, Probabilities
from tidemill.reports.model import BackboneRecord, HeadTraining, ModelConfig

Array = npt.NDArray[np.float32]

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
TUNED: Final = "backbone"
"""Folder, in a model's folder, of the weights of a fine-tuned backbone; none where it was frozen."""
_DIGITS: Final = 9  # the last bits of a sum depend on how many threads add it up


@dataclass(frozen=True)
class Head:
    """Scaling, then linear layers with ReLU between them.

    Parameters
    ----------
    mean, scale : (n_dimensions,)
        Of the scaling.
    layers
        Weight (n_outputs, n_inputs) and bias (n_outputs,) of each.
    config
        What the model is; None before ``train`` has described it.
    training
        How it was fitted; None where it was loaded.
    """

    mean: Array
    scale: Array
    layers: tuple[tuple[Array, Array], ...]
    config: ModelConfig | None = None
    training: HeadTraining | None = None

    @property
    def about(self) -> ModelConfig:
        """What the model is.

        Raises
        ------
        DataError
            ``train`` has not described it.
        """
        if self.config is None:
            raise DataError("this head is no whole model: `train` describes what it was trained on")
        return self.config

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return tuple(str(name) for name in self.about.classes)

    @property
    def backbone(self) -> BackboneRecord:
        """What identifies the backbone whose features the head reads.

        Raises
        ------
        DataError
            It was fitted on features of the caller's own.
        """
        return self.about.required_backbone

    def predict_proba(self, features: Features) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Features of the rows.

        Returns
        -------
        (n_rows, n_classes)
            Rounded to nine decimals.

        Raises
        ------
        DataError
            The features have another number of dimensions.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):  # noqa: PLR2004 - rows and dimensions
            raise DataError(f"features are {features.shape}, the model reads (rows, {len(self.mean)}): other backbone?")
        hidden = (features.astype(np.float64) - self.mean) / self.scale
        for index, (weight, bias) in enumerate(self.layers):
            hidden = (hidden if index == 0 else np.maximum(hidden, 0.0)) @ weight.T.astype(np.float64) + bias
        return np.round(softmax(hidden), _DIGITS)

    def files(self) -> dict[str, bytes]:
        """Serialize the head: its weights, and its config where it has one.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        from safetensors.numpy import save

        tensors = {"mean": self.mean, "scale": self.scale}
        for index, (weight, bias) in enumerate(self.layers):
            tensors |= {f"layers.{index}.weight": weight, f"layers.{index}.bias": bias}
        weights = {WEIGHTS: save(tensors)}
        return weights if self.config is None else weights | {CONFIG: self.config.text().encode()}

    @classmethod
    def load(cls, folder: Path) -> Head:
        """Load a head from the folder of a saved model.

        Parameters
        ----------
        folder
            Folder of the end model.

        Returns
        -------
        Head
            Without the record of its training.

        Raises
        ------
        DataError
            A file is missing, damaged or of a newer format.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        config = ModelConfig.read(folder / CONFIG)
        try:
            tensors = load_file(folder / WEIGHTS)
            indices = range(sum(name.endswith(".weight") for name in tensors))
            layers = tuple((tensors[f"layers.{index}.weight"], tensors[f"layers.{index}.bias"]) for index in indices)
            head = cls(tensors["mean"], tensors["scale"], layers, config)
        except (OSError, SafetensorError, KeyError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error
        return head


def softmax(logits: Probabilities) -> Probabilities:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : (n_rows, n_classes)
        Unnormalized log probabilities.

    Returns
    -------
    (n_rows, n_classes)

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

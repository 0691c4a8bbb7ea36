"""A small network on the features of a frozen backbone: NumPy only, so that predicting starts fast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import DataError, Features, Probabilities

Array = npt.NDArray[np.float32]

FORMAT: Final = 1
"""Version of the files of a model's folder."""

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
TUNED: Final = "backbone"
"""Folder, in a model's folder, of the weights of a fine-tuned backbone; none where it was frozen."""
_DIGITS: Final = 9  # the last bits of a sum depend on how many threads add it up


@dataclass(frozen=True)
class Head:
    """Standardisation, then linear layers with ReLU between them.

    Parameters
    ----------
    mean, scale : (n_dimensions,)
        Of the standardisation.
    layers
        Weight (n_outputs, n_inputs) and bias (n_outputs,) of each.
    config
        Content of config.json.
    """

    mean: Array
    scale: Array
    layers: tuple[tuple[Array, Array], ...]
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return tuple(self.config["classes"])

    @property
    def backbone(self) -> dict[str, Any]:
        """What identifies the backbone whose features the head reads."""
        return dict(self.config["backbone"])

    def predict_proba(self, features: Features) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        features : (n_rows, n_dimensions)

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
        """Give names and contents of its files: weights and config."""
        from safetensors.numpy import save

        tensors = {"mean": self.mean, "scale": self.scale}
        for index, (weight, bias) in enumerate(self.layers):
            tensors |= {f"layers.{index}.weight": weight, f"layers.{index}.bias": bias}
        config = json.dumps(dict(self.config), indent=2, sort_keys=True) + "\n"
        return {WEIGHTS: save(tensors), CONFIG: config.encode()}

    @classmethod
    def load(cls, folder: Path) -> Head:
        """Load a head from the folder of a saved model.

        Raises
        ------
        DataError
            A file is missing, torn or of a newer format.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            tensors = load_file(folder / WEIGHTS)
            indices = range(sum(name.endswith(".weight") for name in tensors))
            layers = tuple((tensors[f"layers.{index}.weight"], tensors[f"layers.{index}.bias"]) for index in indices)
            head = cls(tensors["mean"], tensors["scale"], layers, config)
        except (OSError, SafetensorError, KeyError, json.JSONDecodeError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error
        if config.get("format") != FORMAT:
            raise DataError(f"{folder} has format {config.get('format')}, this Tidemill reads {FORMAT}: train again")
        return head


def softmax(logits: Probabilities) -> Probabilities:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : (n_rows, n_classes)

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

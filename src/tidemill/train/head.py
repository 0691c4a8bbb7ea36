"""features -> probabilities, by a small network on a frozen backbone: numpy only, so that whoever asks starts fast."""

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
"""Folder, in a model's folder, of the weights of a backbone that was taught with the head; none where it was frozen."""
_DIGITS: Final = 9  # the last bits of a sum depend on how many threads add it up


@dataclass(frozen=True)
class Head:
    """Standardisation, then layers of weight (outputs, inputs) and bias (outputs,) with ReLU between them."""

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
        """(rows, dimensions) -> (rows, classes), rounded to nine decimals.

        Raises
        ------
        DataError
            The features have another number of dimensions.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):  # noqa: PLR2004 - rows and dimensions
            raise DataError(f"features are {features.shape}, the model reads (rows, {len(self.mean)}): other backbone?")
        hidden = (features.astype(np.float64) - self.mean) / self.scale
        for place, (weight, bias) in enumerate(self.layers):
            hidden = (hidden if place == 0 else np.maximum(hidden, 0.0)) @ weight.T.astype(np.float64) + bias
        return np.round(softmax(hidden), _DIGITS)

    def files(self) -> dict[str, bytes]:
        """Head -> names and contents of its files: weights and config."""
        from safetensors.numpy import save

        tensors = {"mean": self.mean, "scale": self.scale}
        for place, (weight, bias) in enumerate(self.layers):
            tensors |= {f"layers.{place}.weight": weight, f"layers.{place}.bias": bias}
        config = json.dumps(dict(self.config), indent=2, sort_keys=True) + "\n"
        return {WEIGHTS: save(tensors), CONFIG: config.encode()}

    @classmethod
    def load(cls, folder: Path) -> Head:
        """Folder of a saved model -> the head.

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
            places = range(sum(name.endswith(".weight") for name in tensors))
            layers = tuple((tensors[f"layers.{place}.weight"], tensors[f"layers.{place}.bias"]) for place in places)
            head = cls(tensors["mean"], tensors["scale"], layers, config)
        except (OSError, SafetensorError, KeyError, json.JSONDecodeError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error
        if config.get("format") != FORMAT:
            raise DataError(f"{folder} has format {config.get('format')}, this Tidemill reads {FORMAT}: train again")
        return head


def softmax(logits: Probabilities) -> Probabilities:
    """Logits (rows, classes) -> probabilities.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

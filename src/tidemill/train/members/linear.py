"""features -> probabilities: logistic regression, the plainest model of what a backbone saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.members.base import Array, Material, restored, saved, taught
from tidemill.train.members.logistic import Logistic, fit_logistic
from tidemill.train.settings import LinearSettings

_STILL = 1e-6  # a feature that moves less than this is left as it is


@dataclass(frozen=True)
class Linear:
    """Logistic regression on standardised features."""

    mean: Any
    scale: Any
    model: Logistic

    needs_text: ClassVar[bool] = False

    @classmethod
    def fit(
        cls, material: Material, targets: Probabilities, weights: Array, settings: LinearSettings, seed: int
    ) -> Self:
        """Rows, labels and weights -> the member; nothing in it is left to chance."""
        del seed
        rows, targets, weights = taught(material, targets, weights)
        features = rows.features.astype(np.float64)
        spread = features.std(axis=0)
        mean = features.mean(axis=0).astype(np.float32)
        scale = np.where(spread > _STILL, spread, 1.0).astype(np.float32)
        return cls(mean, scale, fit_logistic((features - mean) / scale, targets, weights, penalty=settings.penalty))

    def predict_proba(self, material: Material) -> Probabilities:
        """Rows -> (rows, classes)."""
        return self.model.predict_proba((material.features.astype(np.float64) - self.mean) / self.scale)

    def files(self) -> dict[str, bytes]:
        """Nothing -> its files."""
        own = {"mean": self.mean, "scale": self.scale, "weight": self.model.weight, "bias": self.model.bias}
        return saved(own, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Folder -> the member."""
        kept, _ = restored(folder)
        return cls(kept["mean"], kept["scale"], Logistic(kept["weight"], kept["bias"]))

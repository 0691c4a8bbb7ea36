"""Logistic regression on features, the plainest model of what a backbone saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.classical.base import Array, ModelInputs, from_files, rows_with_weight, to_files
from tidemill.train.classical.logistic import Logistic, fit_logistic
from tidemill.train.scale import pareto_scale
from tidemill.train.settings import LinearSettings


@dataclass(frozen=True)
class Linear:
    """Logistic regression on features that are centred and scaled."""

    mean: Any
    scale: Any
    model: Logistic

    needs_text: ClassVar[bool] = False

    @classmethod
    def fit(
        cls, inputs: ModelInputs, targets: Probabilities, weights: Array, settings: LinearSettings, seed: int
    ) -> Self:
        """Fit scaling and logistic regression; nothing in it is random.

        Parameters
        ----------
        inputs
            Rows with their features.
        targets : (n_rows, n_classes)
            Probabilistic labels.
        weights : (n_rows,)
            Weight of each row, at least 0.
        settings
            Settings of this member.
        seed
            Not used.

        Returns
        -------
        Linear
            Fitted.
        """
        del seed
        rows, targets, weights = rows_with_weight(inputs, targets, weights)
        features = rows.features.astype(np.float64)
        mean = features.mean(axis=0).astype(np.float32)
        scale = pareto_scale(features).astype(np.float32)
        return cls(mean, scale, fit_logistic((features - mean) / scale, targets, weights, l2=settings.l2))

    def predict_proba(self, inputs: ModelInputs) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows with their features.

        Returns
        -------
        (n_rows, n_classes)
            Rounded to nine decimals.
        """
        return self.model.predict_proba((inputs.features.astype(np.float64) - self.mean) / self.scale)

    def files(self) -> dict[str, bytes]:
        """Serialize the member; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        own = {"mean": self.mean, "scale": self.scale, "weight": self.model.weight, "bias": self.model.bias}
        return to_files(own, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the member from its folder.

        Parameters
        ----------
        folder
            Folder with the files that ``files`` gives.

        Returns
        -------
        Self
            The fitted member.

        Raises
        ------
        DataError
            A file is missing or damaged.
        """
        tensors, _ = from_files(folder)
        return cls(tensors["mean"], tensors["scale"], Logistic(tensors["weight"], tensors["bias"]))

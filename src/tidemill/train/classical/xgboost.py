"""Gradient-boosted trees: Chen and Guestrin, "XGBoost: A Scalable Tree Boosting System" (2016).

XGBoost takes classes, not probabilities: each row stands once per class it may be, its probability times the row's weight
as its weight, which gives the same gradients. The model is kept in XGBoost's own UBJSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np

from tidemill.contracts import DataError, Probabilities
from tidemill.train.classical.base import DIGITS, Array, ModelInputs, rows_with_weight
from tidemill.train.settings import BoostSettings

FILE: Final = "model.ubj"
_POSSIBLE: Final = 1e-3  # a class less likely than this has no copy of the row


@dataclass(frozen=True)
class Boosted:
    """XGBoost's booster."""

    booster: Any

    needs_text: ClassVar[bool] = False

    @classmethod
    def fit(
        cls, inputs: ModelInputs, targets: Probabilities, weights: Array, settings: BoostSettings, seed: int
    ) -> Self:
        """Fit the trees on one thread, so that the same seed gives the same bytes.

        Parameters
        ----------
        inputs
            Rows with their features.
        targets : (n_rows, n_classes)
            Probabilistic labels; a class stands in the training table where it is at least ``_POSSIBLE`` likely.
        weights : (n_rows,)
            Weight of each row, at least 0.
        settings
            Settings of this member.
        seed
            Of the samples of rows and columns.

        Returns
        -------
        Boosted
            Fitted.

        Raises
        ------
        DataError
            No row has weight.
        """
        import xgboost

        rows, targets, weights = rows_with_weight(inputs, targets, weights)
        row, label = np.nonzero(targets > _POSSIBLE)
        table = xgboost.DMatrix(
            rows.features[row], label=label, weight=(weights[:, None] * targets)[row, label], nthread=1
        )
        parameters = {
            "objective": "multi:softprob",
            "num_class": targets.shape[1],
            "tree_method": "hist",
            "max_depth": settings.max_depth,
            "eta": settings.learning_rate,
            "subsample": settings.subsample,
            "colsample_bytree": settings.colsample_bytree,
            "min_child_weight": settings.min_child_weight,
            "seed": seed,
            "nthread": 1,
            "verbosity": 0,
        }
        return cls(xgboost.train(parameters, table, num_boost_round=settings.n_estimators))

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

        Raises
        ------
        DataError
            The features have another width than those the trees were fitted on.
        """
        import xgboost

        if inputs.features.shape[1] != self.booster.num_features():
            raise DataError(
                f"features are {inputs.features.shape}, the trees read (rows, {self.booster.num_features()}): other backbone?"
            )
        predictions = self.booster.predict(xgboost.DMatrix(inputs.features, nthread=1)).astype(np.float64)
        predictions = np.maximum(predictions.reshape(len(inputs.features), -1), 0.0)
        return np.asarray(np.round(predictions / predictions.sum(axis=1, keepdims=True), DIGITS))

    def files(self) -> dict[str, bytes]:
        """Serialize the member; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        return {FILE: bytes(self.booster.save_raw("ubj"))}

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
            The file is missing or damaged.
        """
        import xgboost

        try:
            booster = xgboost.Booster()
            booster.load_model(bytearray((folder / FILE).read_bytes()))
        except (OSError, xgboost.core.XGBoostError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error
        return cls(booster)

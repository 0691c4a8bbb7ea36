"""Multinomial logistic regression of probabilistic labels on features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidemill.contracts import Features, Probabilities
from tidemill.denoise.statistics.votes import Array, softmax


@dataclass(frozen=True)
class LinearClassifier:
    """Weights (dimensions + 1, classes), the last row the bias; centre and scale of the features."""

    weights: Array
    centre: Array
    scale: Array

    def logits(self, features: Features) -> Array:
        """Compute logits.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Features of the rows.

        Returns
        -------
        (n_rows, n_classes)
        """
        return np.asarray(((features - self.centre) / self.scale) @ self.weights[:-1] + self.weights[-1])

    def predict(self, features: Features) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Features of the rows.

        Returns
        -------
        (n_rows, n_classes)
        """
        return softmax(self.logits(features))


def fit_logistic_regression(
    features: Features, targets: Probabilities, *, weights: Array, penalty: float, start: Array | None = None
) -> LinearClassifier:
    """Fit the classifier with the least penalised log loss.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    penalty
        Weight of the squared coefficients of standardised features, in rows.
    start : (n_dimensions + 1, n_classes), optional
        Coefficients to start from; the answer does not depend on them, only the time does.

    Returns
    -------
    LinearClassifier
    """
    from scipy.optimize import minimize

    inputs, centre, scale = _standardised(features, weights)
    shape = (inputs.shape[1], targets.shape[1])

    def loss(flat: Array) -> tuple[float, Array]:
        coefficients = flat.reshape(shape)
        result = softmax((inputs @ coefficients.astype(np.float32)).astype(np.float64))
        value = -float((weights[:, None] * targets * np.log(np.maximum(result, 1e-12))).sum())
        slope = (inputs.T @ (weights[:, None] * (result - targets)).astype(np.float32)).astype(np.float64)
        value += 0.5 * penalty * float((coefficients[:-1] ** 2).sum())
        slope[:-1] += penalty * coefficients[:-1]
        return value, slope.ravel()

    first = np.zeros(shape) if start is None else start
    options = {"maxiter": 40, "ftol": 1e-6}
    solved = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return LinearClassifier(solved.reshape(shape), centre, np.full(len(centre), scale))


def _standardised(features: Features, weights: Array) -> tuple[Features, Array, float]:
    """In single precision, with a column of ones."""
    share = weights / weights.sum()
    centre = share @ features
    scale = float(np.sqrt((share @ (features - centre) ** 2).mean())) + 1e-9
    inputs = np.hstack([(features - centre) / scale, np.ones((len(features), 1))]).astype(np.float32)
    return inputs, np.asarray(centre, dtype=np.float64), scale

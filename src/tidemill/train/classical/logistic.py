"""Multinomial logistic regression on soft targets, by L-BFGS on the cross entropy against probabilities.

Libraries take classes only, and a row then stands once per class, its probability times the row's weight as its weight.
The loss is the same sum; here the probabilities go in as they are, and no row is copied. Both classes of two have
coefficients, as scikit-learn's multinomial has for three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.classical.base import DIGITS, Array
from tidemill.train.head.head import softmax

_STEPS: Final = 300
_LEAST: Final = 1e-300


@dataclass(frozen=True)
class Logistic:
    """Coefficients of a logistic regression.

    Parameters
    ----------
    weight : (n_inputs, n_classes)
        Single precision, as saved.
    bias : (n_classes,)
    """

    weight: Any
    bias: Any

    def predict_proba(self, inputs: Any) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs : (n_rows, n_inputs)
            Sparse or not.

        Returns
        -------
        (n_rows, n_classes)
        """
        return np.round(softmax(np.asarray(inputs @ self.weight.astype(np.float64)) + self.bias), DIGITS)


def fit_logistic(inputs: Any, targets: Probabilities, weights: Array, *, l2: float) -> Logistic:
    """Minimise the penalised cross entropy.

    Parameters
    ----------
    inputs : (n_rows, n_inputs)
        Sparse or not.
    targets : (n_rows, n_classes)
        Probabilities.
    weights : (n_rows,)
        Weight of each row, at least 0.
    l2
        Half of it is what the squared coefficients (not the bias) weigh, in rows: 1/C of scikit-learn.

    Returns
    -------
    Logistic
        Fitted.
    """
    from scipy.optimize import minimize

    shape = (inputs.shape[1] + 1, targets.shape[1])

    def loss(flat: Array) -> tuple[float, Array]:
        coefficients = flat.reshape(shape)
        predicted = softmax(inputs @ coefficients[:-1] + coefficients[-1])
        value = -float((weights[:, None] * targets * np.log(np.maximum(predicted, _LEAST))).sum())
        residual = weights[:, None] * (targets.sum(axis=1, keepdims=True) * predicted - targets)
        gradient = np.vstack([np.asarray(inputs.T @ residual), residual.sum(axis=0)])
        value += 0.5 * l2 * float((coefficients[:-1] ** 2).sum())
        gradient[:-1] += l2 * coefficients[:-1]
        return value / len(weights), gradient.ravel() / len(weights)

    start = np.zeros(shape)
    start[-1] = np.log(np.maximum((weights[:, None] * targets).mean(axis=0), 1e-6))
    options = {"maxiter": _STEPS, "ftol": 1e-9, "gtol": 1e-6}
    solution = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(shape)
    return Logistic(solution[:-1].astype(np.float32), solution[-1].astype(np.float32))

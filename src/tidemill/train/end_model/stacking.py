"""Blending and stacking: one prediction from those of several models, fitted on soft labels.

Both are fitted on predictions of rows that the models have not seen (Wolpert, "Stacked Generalization", 1992), and judged on
folds of the rows that they have not been fitted on themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.reports.model import CombinationRecord
from tidemill.train.classical.base import DIGITS
from tidemill.train.classical.logistic import Logistic, fit_logistic
from tidemill.train.row_weights import Array, Ints

WAYS: Final = ("blend", "stack")
MIN_PROBABILITY: Final = 1e-4
"""A model that is surer than this is not believed to be."""
_PENALTY: Final = 1.0
_LEAST_SHARE: Final = 1e-6


@dataclass(frozen=True)
class Blend:
    """The average of the models' predictions.

    Parameters
    ----------
    shares : (n_models,)
        None below 0; they sum to 1.
    """

    shares: Array

    def predict_proba(self, predictions: Any) -> Probabilities:
        """Average the predictions of several models.

        Parameters
        ----------
        predictions : (n_models, n_rows, n_classes)
            Probabilities of each model, in the order of ``shares``.

        Returns
        -------
        (n_rows, n_classes)
            Rounded to nine decimals.
        """
        return np.asarray(np.round(np.tensordot(self.shares, predictions, axes=1), DIGITS))

    def record(self) -> CombinationRecord:
        """Convert the blend to a record for a file.

        Returns
        -------
        CombinationRecord
            As ``combination_of`` takes it.
        """
        return CombinationRecord(shares=tuple(self.shares.tolist()))


@dataclass(frozen=True)
class Stack:
    """Multinomial logistic regression on the log probabilities of all models."""

    model: Logistic

    def predict_proba(self, predictions: Any) -> Probabilities:
        """Combine the predictions of several models by logistic regression on their logarithms.

        Parameters
        ----------
        predictions : (n_models, n_rows, n_classes)
            Probabilities of each model, in the order in which the regression was fitted.

        Returns
        -------
        (n_rows, n_classes)
        """
        return self.model.predict_proba(_logs(predictions))

    def record(self) -> CombinationRecord:
        """Convert the stack to a record for a file.

        Returns
        -------
        CombinationRecord
            As ``combination_of`` takes it.
        """
        return CombinationRecord(weight=self.model.weight.tolist(), bias=tuple(self.model.bias.tolist()))


Combination = Blend | Stack


def combination_of(record: CombinationRecord) -> Combination:
    """Restore a blend or a stack from its record.

    Parameters
    ----------
    record
        What ``record`` of either class gave: shares of a blend, or weight and bias of a stack.

    Returns
    -------
    Blend or Stack
        Ready to combine predictions.
    """
    if record.shares is not None:
        return Blend(np.array(record.shares))
    return Stack(Logistic(*(np.array(values, dtype=np.float32) for values in (record.weight, record.bias))))


def fit_combination(way: str, predictions: Any, targets: Probabilities, weights: Array) -> Combination:
    """Fit a blend or a stack.

    Parameters
    ----------
    way
        ``blend`` or ``stack``.
    predictions : (n_models, n_rows, n_classes)
        Of rows that the models have not seen.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    Blend or Stack
        Fitted.
    """
    has_weight = weights > 0
    fit = fit_blend if way == "blend" else fit_stack
    return fit(predictions[:, has_weight], targets[has_weight], weights[has_weight] / weights[has_weight].mean())


def fit_blend(predictions: Any, targets: Probabilities, weights: Array, *, equal_rows: float = 0.0) -> Blend:
    """Find the shares of least soft cross entropy; the problem is convex.

    Parameters
    ----------
    predictions : (n_models, n_rows, n_classes)
        Of rows that the models have not seen.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    equal_rows
        Rows that speak for equal shares (a Dirichlet prior): few rows then give no model nothing at all.

    Returns
    -------
    Blend
        Fitted.

    Examples
    --------
    >>> sure, wrong = np.array([[0.9, 0.1]] * 4), np.array([[0.1, 0.9]] * 4)
    >>> fit_blend(np.stack([sure, wrong]), np.array([[1.0, 0.0]] * 4), np.ones(4)).shares.tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import minimize

    clipped = np.maximum(predictions, MIN_PROBABILITY)
    label_share = weights[:, None] * targets / weights.sum()

    count = len(predictions)
    prior = equal_rows / (count * weights.sum())

    def loss(shares: Array) -> tuple[float, Array]:
        mixed = np.tensordot(shares, clipped, axes=1)
        value = -float((label_share * np.log(mixed)).sum()) - prior * float(np.log(shares + _LEAST_SHARE).sum())
        return value, -(label_share * clipped / mixed).sum(axis=(1, 2)) - prior / (shares + _LEAST_SHARE)

    sum_to_one = {"type": "eq", "fun": lambda shares: shares.sum() - 1.0, "jac": lambda _: np.ones(count)}
    solver: dict[str, Any] = {"method": "SLSQP", "bounds": [(0.0, 1.0)] * count, "constraints": sum_to_one}
    solution = minimize(loss, np.full(count, 1.0 / count), jac=True, options={"ftol": 1e-9, "maxiter": 200}, **solver).x
    shares = np.round(np.clip(solution, 0.0, 1.0), 6)
    return Blend(shares / shares.sum())


def geometric_mean_stack(models: int, classes: int) -> Stack:
    """Make the stack that predicts the geometric mean of its models.

    Parameters
    ----------
    models, classes
        How many there are.

    Returns
    -------
    Stack

    Examples
    --------
    >>> predictions = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
    >>> geometric_mean_stack(2, 2).predict_proba(predictions).round(6).tolist()  # 0.9 : 0.1 becomes 3 : 1
    [[0.75, 0.25]]
    """
    weight = np.tile(np.eye(classes, dtype=np.float32) / models, (models, 1))
    return Stack(Logistic(weight, np.zeros(classes, dtype=np.float32)))


def fit_stack(predictions: Any, targets: Probabilities, weights: Array) -> Stack:
    """Fit the regression of least penalised soft cross entropy.

    Parameters
    ----------
    predictions : (n_models, n_rows, n_classes)
        Of rows that the models have not seen.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    Stack
        Fitted.
    """
    return Stack(fit_logistic(_logs(predictions), targets, weights, l2=_PENALTY))


def cross_fitted_predictions(
    way: str, predictions: Any, targets: Probabilities, weights: Array, fold: Ints
) -> Probabilities:
    """Predict each row by the combination that was fitted on the other folds.

    Parameters
    ----------
    way
        ``blend`` or ``stack``.
    predictions : (n_models, n_rows, n_classes)
        Of rows that the models have not seen.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    fold : (n_rows,)
        Fold of each row.

    Returns
    -------
    (n_rows, n_classes)
    """
    combined = np.zeros_like(targets)
    for k in np.unique(fold):
        held_out = fold == k
        combined[held_out] = fit_combination(way, predictions, targets, np.where(held_out, 0.0, weights)).predict_proba(
            predictions[:, held_out]
        )
    return combined


def _logs(predictions: Any) -> Array:
    """Log probabilities, of mean 0 for each model and row, (n_rows, n_models x n_classes)."""
    logs = np.log(np.maximum(predictions, MIN_PROBABILITY))
    logs -= logs.mean(axis=2, keepdims=True)
    return np.concatenate(list(logs), axis=1)

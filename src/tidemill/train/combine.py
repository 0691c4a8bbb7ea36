"""what several models say of the same rows -> one answer: a blend or a stack, fitted on soft labels.

Both are fitted on answers about rows that the models have not seen (Wolpert, "Stacked Generalization", 1992), and judged on
parts of the rows that they have not been fitted on themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.members.base import DIGITS
from tidemill.train.members.logistic import Logistic, fit_logistic
from tidemill.train.teach import Array, Ints

WAYS: Final = ("blend", "stack")
LEAST: Final = 1e-4
"""A model that is surer than this is not believed to be."""
_PENALTY: Final = 1.0


@dataclass(frozen=True)
class Blend:
    """(models,) shares, none below 0, that sum to 1: what the models say is averaged by them."""

    shares: Array

    def predict_proba(self, said: Any) -> Probabilities:
        """(models, rows, classes) -> (rows, classes)."""
        return np.asarray(np.round(np.tensordot(self.shares, said, axes=1), DIGITS))

    def notes(self) -> dict[str, Any]:
        """Nothing -> what JSON keeps of it."""
        return {"shares": self.shares.tolist()}


@dataclass(frozen=True)
class Stack:
    """Multinomial logistic regression on the log probabilities of all models."""

    model: Logistic

    def predict_proba(self, said: Any) -> Probabilities:
        """(models, rows, classes) -> (rows, classes)."""
        return self.model.predict_proba(_logs(said))

    def notes(self) -> dict[str, Any]:
        """Nothing -> what JSON keeps of it."""
        return {"weight": self.model.weight.tolist(), "bias": self.model.bias.tolist()}


Combination = Blend | Stack


def from_notes(notes: dict[str, Any]) -> Combination:
    """What JSON kept of a blend or a stack -> it."""
    if "shares" in notes:
        return Blend(np.array(notes["shares"]))
    return Stack(Logistic(*(np.array(notes[name], dtype=np.float32) for name in ("weight", "bias"))))


def combined(way: str, said: Any, targets: Probabilities, weights: Array) -> Combination:
    """(models, rows, classes) of unseen rows, (rows, classes) labels and (rows,) weights -> the blend or stack of them."""
    heard = weights > 0
    fit = fit_blend if way == "blend" else fit_stack
    return fit(said[:, heard], targets[heard], weights[heard] / weights[heard].mean())


def fit_blend(said: Any, targets: Probabilities, weights: Array) -> Blend:
    """What models say of unseen rows, labels, weights -> the shares of least soft cross entropy; the problem is convex.

    >>> sure, wrong = np.array([[0.9, 0.1]] * 4), np.array([[0.1, 0.9]] * 4)
    >>> fit_blend(np.stack([sure, wrong]), np.array([[1.0, 0.0]] * 4), np.ones(4)).shares.tolist()
    [1.0, 0.0]
    """
    from scipy.optimize import minimize

    clipped = np.maximum(said, LEAST)
    pull = weights[:, None] * targets / weights.sum()

    def loss(shares: Array) -> tuple[float, Array]:
        mixed = np.tensordot(shares, clipped, axes=1)
        return -float((pull * np.log(mixed)).sum()), -(pull * clipped / mixed).sum(axis=(1, 2))

    count = len(said)
    one = {"type": "eq", "fun": lambda shares: shares.sum() - 1.0, "jac": lambda _: np.ones(count)}
    how: dict[str, Any] = {"method": "SLSQP", "bounds": [(0.0, 1.0)] * count, "constraints": one}
    found = minimize(loss, np.full(count, 1.0 / count), jac=True, options={"ftol": 1e-9, "maxiter": 200}, **how).x
    shares = np.round(np.clip(found, 0.0, 1.0), 6)
    return Blend(shares / shares.sum())


def even_stack(models: int, classes: int) -> Stack:
    """Numbers of models and classes -> the stack whose answer is the geometric mean of theirs.

    >>> said = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
    >>> even_stack(2, 2).predict_proba(said).round(6).tolist()  # 0.9 : 0.1 becomes 3 : 1
    [[0.75, 0.25]]
    """
    weight = np.tile(np.eye(classes, dtype=np.float32) / models, (models, 1))
    return Stack(Logistic(weight, np.zeros(classes, dtype=np.float32)))


def fit_stack(said: Any, targets: Probabilities, weights: Array) -> Stack:
    """What models say of unseen rows, labels, weights -> the regression of least penalised soft cross entropy."""
    return Stack(fit_logistic(_logs(said), targets, weights, penalty=_PENALTY))


def cross_fitted(way: str, said: Any, targets: Probabilities, weights: Array, part: Ints) -> Probabilities:
    """The same and (rows,) parts -> what combinations fitted on the other parts say of each row."""
    answers = np.zeros_like(targets)
    for k in np.unique(part):
        own = part == k
        answers[own] = combined(way, said, targets, np.where(own, 0.0, weights)).predict_proba(said[:, own])
    return answers


def _logs(said: Any) -> Array:
    """(models, rows, classes) -> (rows, models x classes) log probabilities, of mean 0 for each model and row."""
    logs = np.log(np.maximum(said, LEAST))
    logs -= logs.mean(axis=2, keepdims=True)
    return np.concatenate(list(logs), axis=1)

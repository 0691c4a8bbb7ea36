"""Calibration of labels by a few gold rows: temperature and class biases, shrunk towards no change.

Vector scaling (Guo et al., ICML 2017) with the temperature shared by all classes, and biases of their own for rows without
votes, where the class balance is all there is. Normal priors around no change keep few rows from moving much, and a class with
hardly any gold keeps its odds: rows of other classes say that it is rare, not that votes for it are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.denoise.statistics.votes import Array, softmax

LEAST_ROWS: Final = 20
"""Gold rows below which nothing is calibrated."""
LEAST_OF_CLASS: Final = 5
"""Gold rows with votes below which a class has no bias of its own: few prove nothing of rows whose votes name it."""
FOLDS: Final = 5
TEMPERATURE: Final = 0.4
"""Standard deviation of the prior on the log of the temperature."""
BIAS: Final = 0.7
"""Standard deviation of the prior on each class's bias."""
UNCOVERED: Final = 1.5
"""The same for the further bias of rows without votes."""
SMALLEST: Final = 1e-6


@dataclass(frozen=True)
class Calibration:
    """Power and biases that turn probabilities into calibrated ones.

    Attributes
    ----------
    power : float
        Inverse temperature of rows with votes; above 1 makes them more confident.
    bias, uncovered_bias : (n_classes,)
        Log odds added for every row, and further for rows without votes.
    """

    power: float
    bias: Array
    uncovered_bias: Array

    def apply(self, probabilities: Probabilities, uncovered: Any) -> Probabilities:
        """Calibrate probabilities.

        Parameters
        ----------
        probabilities : (n_rows, n_classes)
            Class probabilities of each row.
        uncovered : (n_rows,)
            True for rows without votes.

        Returns
        -------
        (n_rows, n_classes)
        """
        logs = np.log(np.maximum(probabilities, SMALLEST))
        power = np.where(uncovered, 1.0, self.power)[:, None]
        return softmax(power * logs + self.bias + uncovered[:, None] * self.uncovered_bias)

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as JSON content.

        Returns
        -------
        dict
            As ``from_dict`` takes it.
        """
        return {"power": self.power, "bias": self.bias.tolist(), "uncovered_bias": self.uncovered_bias.tolist()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Restore a calibration from what ``to_dict`` gave.

        Parameters
        ----------
        content
            Parsed JSON.

        Returns
        -------
        Self
            Equal to the one that was saved.
        """
        uncovered = content.get("uncovered_bias", content.get("silent_bias"))  # the second was its name before 0.2.0
        return cls(content["power"], np.asarray(content["bias"]), np.asarray(uncovered))


def fit_calibration(probabilities: Probabilities, gold: Any, uncovered: Any, weights: Array) -> Calibration:
    """Fit a calibration on gold rows by maximum a posteriori.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        What the label model gives to rows with gold.
    gold : (n_rows,)
        Their classes.
    uncovered : (n_rows,)
        True for rows without votes.
    weights : (n_rows,)
        How many rows each stands for.

    Returns
    -------
    Calibration
        Biases of rows with votes are between classes with at least ``LEAST_OF_CLASS`` gold rows among these, and sum to 0.
    """
    from scipy.optimize import minimize

    n_classes = probabilities.shape[1]
    logs, truth = np.log(np.maximum(probabilities, SMALLEST)), np.eye(n_classes)[gold]
    counts, voted = weights[:, None], ~uncovered
    between = _between((counts * truth)[voted].sum(axis=0) >= LEAST_OF_CLASS)
    scales = np.concatenate([[TEMPERATURE], np.full(n_classes, BIAS), np.full(n_classes, UNCOVERED)])

    def loss(values: Array) -> tuple[float, Array]:
        power = np.exp(values[0])
        bias, further = between @ values[1 : 1 + n_classes], values[1 + n_classes :]
        logits = np.where(uncovered[:, None], logs + further, power * logs) + bias
        given = softmax(logits)
        gap = counts * (given - truth)
        by_power = power * float((gap[voted] * logs[voted]).sum())
        slope = np.concatenate([[by_power], between @ gap.sum(axis=0), gap[uncovered].sum(axis=0)])
        value = -float((counts * truth * np.log(np.maximum(given, 1e-300))).sum())
        return value + float(((values / scales) ** 2).sum()) / 2.0, slope + values / scales**2

    solved = minimize(loss, np.zeros(1 + 2 * n_classes), jac=True, method="L-BFGS-B").x
    return Calibration(float(np.exp(solved[0])), between @ solved[1 : 1 + n_classes], solved[1 + n_classes :])


def _between(seen: Any) -> Array:
    """Projection of biases onto those of seen classes that sum to 0."""
    return np.diag(seen.astype(np.float64)) - np.outer(seen, seen) / max(int(seen.sum()), 1)


def choose_calibration(
    probabilities: Probabilities, gold: Any, uncovered: Any, weights: Array
) -> tuple[Calibration | None, dict[str, Any]]:
    """Fit a calibration, and keep it where it improves on gold rows that it was not fitted on.

    Parameters
    ----------
    probabilities, gold, uncovered, weights
        As for ``fit_calibration``.

    Returns
    -------
    Calibration or None
        None where there are fewer than ``LEAST_ROWS`` gold rows, or where calibration loses in cross-validation.
    dict
        Rows, and log loss without and with calibration, out of fold, for the report.
    """
    rows = int(weights.sum())
    if rows < LEAST_ROWS:
        return None, {"rows": rows, "used": False, "reason": f"{rows} gold rows, {LEAST_ROWS} are needed"}
    # rows alike must be able to stand on both sides of a fold, or each fold loses all rows of one kind and class
    single = np.repeat(np.arange(len(gold)), weights.astype(np.int64))
    fold_of = np.arange(len(single)) % FOLDS
    held_out = np.zeros((len(single), probabilities.shape[1]))
    for fold in range(FOLDS):
        train, test = single[fold_of != fold], single[fold_of == fold]
        fitted = fit_calibration(probabilities[train], gold[train], uncovered[train], np.ones(len(train)))
        held_out[fold_of == fold] = fitted.apply(probabilities[test], uncovered[test])
    before, after = _log_loss(probabilities[single], gold[single]), _log_loss(held_out, gold[single])
    report = {
        "rows": rows,
        "log_loss": round(before, 6),
        "calibrated_log_loss": round(after, 6),
        "used": after < before,
    }
    if after >= before:
        return None, report | {"reason": "held-out gold rows do not support it"}
    return fit_calibration(probabilities, gold, uncovered, weights), report | {
        "reason": "lower log loss on gold not seen"
    }


def _log_loss(probabilities: Probabilities, gold: Any) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(gold)), gold], SMALLEST)).mean())

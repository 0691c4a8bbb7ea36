"""Gold, the labels of people: its use as evidence, and probabilities scored on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.calibration_error import calibration_error
from tidemill.contracts import NO_GOLD, DataError, Probabilities
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array

GOLD_ACCURACY: Final = 0.97
"""How often a gold label is taken to be right: evidence, not truth."""


def check_gold(gold: Any, rows: int, n_classes: int, *, names: Sequence[str] | None = None) -> npt.NDArray[np.int64]:
    """Return gold as integers, once every value is seen to be a class or ``NO_GOLD``.

    Parameters
    ----------
    gold : (n_rows,)
        Class index, or ``NO_GOLD``.
    rows
        Number of rows of votes.
    n_classes
        Number of classes.
    names
        Names of the rows, for the error; None: their numbers.

    Returns
    -------
    (n_rows,)

    Raises
    ------
    DataError
        There is not one value a row, or one is neither; the first such row is named.

    Examples
    --------
    >>> check_gold([0, 7], 2, 2)
    Traceback (most recent call last):
    ...
    tidemill.errors.DataError: row 1 of gold: 7 is neither a class in 0..1 nor NO_GOLD (-1)
    """
    values = np.asarray(gold)
    if values.shape != (rows,):
        raise DataError(f"gold of shape {values.shape}; promised one value for each of {rows} rows of votes")
    if values.dtype.kind not in "iuf":
        raise DataError(f"gold of {values.dtype}; promised classes in 0..{n_classes - 1}, or NO_GOLD ({NO_GOLD})")
    wrong = ~((values >= NO_GOLD) & (values < n_classes) & (values == np.trunc(values)))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"row {row if names is None else names[row]} of gold: {values[row]} is neither a class in 0..{n_classes - 1} nor NO_GOLD ({NO_GOLD})"
        )
    return values.astype(np.int64)


def gold_evidence(gold: Any, n_classes: int) -> Array:
    """Turn gold into evidence, as if it were a vote of accuracy ``GOLD_ACCURACY``.

    Parameters
    ----------
    gold : (n_rows,)
        Class index or ``NO_GOLD``.
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows, n_classes)
        Log evidence; zeros where there is no gold.

    Examples
    --------
    >>> gold_evidence(np.array([-1, 0]), 2).round(2)
    array([[0.  , 0.  ],
           [3.48, 0.  ]])
    """
    known = np.zeros((len(gold), n_classes))
    rows = np.flatnonzero(gold >= 0)
    known[rows, gold[rows]] = np.log(GOLD_ACCURACY * (n_classes - 1) / (1.0 - GOLD_ACCURACY))
    return known


def gold_counts(rows: DistinctRows, n_classes: int) -> Array:
    """Count the gold rows of each class.

    Parameters
    ----------
    rows
        Distinct rows with gold and weights.
    n_classes
        Number of classes.

    Returns
    -------
    (n_classes,)
        Number of rows, by weight.
    """
    labeled = rows.gold != NO_GOLD
    return np.bincount(rows.gold[labeled], weights=rows.weights[labeled], minlength=n_classes).astype(np.float64)


def gold_scores(probabilities: Probabilities, gold: Any, *, weights: Any = None) -> dict[str, float] | None:
    """Score probabilities on the rows that people labeled.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    gold : (n_rows,)
        Class index, or ``NO_GOLD``.
    weights : (n_rows,), optional
        How many rows each stands for, whole numbers; None: one.

    Returns
    -------
    dict or None
        Rows, accuracy, log loss, squared error (Brier, 1950) and expected calibration error; None without gold.
    """
    labeled = np.flatnonzero(np.asarray(gold) != NO_GOLD)
    if not len(labeled):
        return None
    labeled = labeled if weights is None else np.repeat(labeled, np.asarray(weights)[labeled].astype(np.int64))
    chosen, truth = probabilities[labeled], np.asarray(gold)[labeled]
    right = chosen[np.arange(len(labeled)), truth]
    return {
        "rows": len(labeled),
        "accuracy": float((chosen.argmax(axis=1) == truth).mean()),
        "log_loss": float(-np.log(np.maximum(right, 1e-6)).mean()),
        "squared_error": float(((chosen - np.eye(chosen.shape[1])[truth]) ** 2).sum(axis=1).mean()),
        "calibration_error": calibration_error(chosen, truth),
    }

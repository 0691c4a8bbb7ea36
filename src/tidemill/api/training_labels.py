"""Labels and weights of rows in the forms in which a program has them, as targets of a head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.common.arrays import probability_array
from tidemill.contracts import InputError, Probabilities

Array = npt.NDArray[np.float64]
Classes = npt.NDArray[Any]


def training_targets(y: Any, rows: int, classes: Sequence[Any] | None) -> tuple[Probabilities, Classes]:
    """Read probabilistic labels, or a label a row.

    Parameters
    ----------
    y : (n_rows, n_classes) or (n_rows,)
        Probabilities that sum to 1, or labels.
    rows
        As many rows are expected.
    classes
        Names of the classes; None: the columns' numbers, or the sorted labels.

    Returns
    -------
    targets : (n_rows, n_classes)
    classes : (n_classes,)

    Raises
    ------
    InputError
        They are not as many, no labels, or of fewer than two classes.
    """
    if y is None:
        raise InputError("requires y to be passed, but the target y is None: probabilistic labels or a label a row")
    labels = np.asarray(y)
    if labels.ndim not in {1, 2} or len(labels) != rows:
        raise InputError(f"labels of shape {labels.shape} for {rows} rows of features: one a row is promised")
    if labels.ndim == 2 and labels.shape[1] > 1:  # noqa: PLR2004 - probabilities
        return probability_array(labels), _names(labels.shape[1], classes)
    return _one_hot(labels.reshape(rows), classes)


def training_weights(given: Any, rows: int) -> Array:
    """Read weights of rows.

    Parameters
    ----------
    given : (n_rows,)
        None: all weigh the same.
    rows
        As many rows are expected.

    Returns
    -------
    (n_rows,)

    Raises
    ------
    InputError
        They are not as many, one is below zero or not finite, or all are zero.
    """
    if given is None:
        return np.ones(rows)
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != (rows,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise InputError(f"sample_weight of shape {weights.shape} for {rows} rows: a finite weight of at least 0 each")
    if not weights.any():
        raise InputError("sample_weight is zero in all rows: at least one above zero is needed")
    return weights


def _names(count: int, classes: Sequence[Any] | None) -> Classes:
    names = np.arange(count) if classes is None else np.array(list(classes))
    if len(names) != count:
        raise InputError(f"probabilistic labels have {count} columns for {len(names)} classes")
    return names


def _one_hot(labels: npt.NDArray[Any], classes: Sequence[Any] | None) -> tuple[Probabilities, Classes]:
    _refuse_numbers_of_no_class(labels)
    names = np.unique(labels) if classes is None else np.array(list(classes))
    if len(names) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise InputError(f"labels of {len(names)} class: a classifier tells at least 2 classes apart")
    unknown = ~np.isin(labels, names)
    if unknown.any():
        row = int(unknown.argmax())
        raise InputError(f"row {row} of the labels: {labels[row]!r} is none of the classes {names.tolist()}")
    return np.asarray(labels[:, None] == names[None, :], dtype=np.float64), names


def _refuse_numbers_of_no_class(labels: npt.NDArray[Any]) -> None:
    if labels.dtype.kind != "f":
        return
    if not np.isfinite(labels).all():
        raise InputError("the labels hold NaN or infinity (inf)")
    if (labels != np.trunc(labels)).any():
        raise InputError("Unknown label type: continuous numbers are no classes")

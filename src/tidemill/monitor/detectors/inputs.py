"""What detectors are given, read and checked."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tidemill.common.frames import named_votes
from tidemill.contracts import Features, InputError, Probabilities, Votes
from tidemill.monitor.rows import Rows

_SUM_TOLERANCE: Final = 1e-6


def row_set(
    *, features: Features | None = None, probabilities: Probabilities | None = None, votes: Votes | None = None
) -> Rows:
    """Make rows of the parts that are given; the others have no columns."""
    count = next(len(part) for part in (features, probabilities, votes) if part is not None)
    return Rows(
        np.zeros((count, 0), dtype=np.float32) if features is None else features,
        np.zeros((count, 0)) if probabilities is None else probabilities,
        np.zeros((count, 0), dtype=np.int8) if votes is None else votes,
    )


def predicted_rows(probabilities: Any, votes: Any) -> Rows:
    """Read a model's probabilities (n_rows, n_classes) and votes (n_rows, n_functions) on the same rows."""
    predicted = probability_array(probabilities)
    matrix = named_votes(votes, predicted.shape[1]).votes
    if len(matrix) != len(predicted):
        raise InputError(
            f"votes of {len(matrix)} rows and probabilities of {len(predicted)}: they are of the same rows"
        )
    return row_set(probabilities=predicted, votes=matrix)


def feature_array(data: Any) -> Features:
    """Read features (n_rows, n_dimensions), all of them finite."""
    array = np.asarray(data, dtype=np.float32)
    if array.ndim != 2 or not np.isfinite(array).all():  # noqa: PLR2004 - rows and dimensions
        raise InputError(f"features of shape {array.shape}: (rows, dimensions) of finite numbers are promised")
    return array


def probability_array(data: Any) -> Probabilities:
    """Read probabilities (n_rows, n_classes), whose rows sum to 1."""
    array = np.asarray(data, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2:  # noqa: PLR2004 - rows and classes
        raise InputError(
            f"probabilities of shape {array.shape}: (rows, classes) are promised, as predict_proba gives them"
        )
    bad = ~(np.abs(array.sum(axis=1) - 1.0) <= _SUM_TOLERANCE * array.shape[1]) | (array < 0).any(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"row {row} of probabilities: {array[row].tolist()}; shares that sum to 1 are promised")
    return array


def refuse_other_classes(reference: Rows, batch: Rows) -> None:
    """Refuse probabilities of more or fewer classes than the reference's."""
    ours, theirs = reference.probabilities.shape[1], batch.probabilities.shape[1]
    if ours != theirs:
        raise InputError(f"probabilities of {theirs} classes, the reference has {ours}")

"""What detectors are given, read and checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.common.arrays import named_votes, probability_array
from tidemill.contracts import Features, InputError, Probabilities, Votes
from tidemill.monitor.rows import Rows


def row_set(
    *, features: Features | None = None, probabilities: Probabilities | None = None, votes: Votes | None = None
) -> Rows:
    """Make rows of the parts that are given; the others have no columns.

    Parameters
    ----------
    features : (n_rows, n_dimensions), optional
    probabilities : (n_rows, n_classes), optional
    votes : (n_rows, n_functions), optional

    Returns
    -------
    Rows
    """
    count = next(len(part) for part in (features, probabilities, votes) if part is not None)
    return Rows(
        np.zeros((count, 0), dtype=np.float32) if features is None else features,
        np.zeros((count, 0)) if probabilities is None else probabilities,
        np.zeros((count, 0), dtype=np.int16) if votes is None else votes,
    )


def predicted_rows(probabilities: Any, votes: Any) -> Rows:
    """Read a model's probabilities (n_rows, n_classes) and votes (n_rows, n_functions) on the same rows.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Of a model.
    votes : (n_rows, n_functions)
        Of the same rows.

    Returns
    -------
    Rows

    Raises
    ------
    InputError
        They are of different numbers of rows.
    """
    predicted = probability_array(probabilities)
    matrix = named_votes(votes, predicted.shape[1]).votes
    if len(matrix) != len(predicted):
        raise InputError(
            f"votes of {len(matrix)} rows and probabilities of {len(predicted)}: they are of the same rows"
        )
    return row_set(probabilities=predicted, votes=matrix)


def refuse_other_classes(reference: Rows, batch: Rows) -> None:
    """Refuse probabilities of more or fewer classes than the reference's.

    Parameters
    ----------
    reference, batch
        Rows to compare.

    Raises
    ------
    InputError
        The number of classes differs.
    """
    ours, theirs = reference.probabilities.shape[1], batch.probabilities.shape[1]
    if ours != theirs:
        raise InputError(f"probabilities of {theirs} classes, the reference has {ours}")

"""what the candidate is measured against, in the same table: from the floor to the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.evaluate.metrics import Gold

MAJORITY_CLASS: Final = "majority_class"
MAJORITY_VOTE: Final = "majority_vote"
LABEL_MODEL: Final = "label_model"
END_MODEL: Final = "end_model"
CHAMPION: Final = "champion"
GOLD_CEILING: Final = "gold_ceiling"
ORDER: Final = (MAJORITY_CLASS, MAJORITY_VOTE, LABEL_MODEL, END_MODEL, CHAMPION, GOLD_CEILING)


def majority_class_predictions(gold: Gold, n_classes: int, rows: int) -> Probabilities:
    """Predict the shares of the classes of every row, so always the most common one.

    Parameters
    ----------
    gold : (n_known,)
        Class index of rows to learn from; without any, classes are alike.
    n_classes
        Number of classes.
    rows
        Rows to predict.

    Returns
    -------
    (n_rows, n_classes)

    Examples
    --------
    >>> majority_class_predictions(np.array([0, 0, 1, 0]), 2, 1)
    array([[0.75, 0.25]])
    """
    counts = np.bincount(gold, minlength=n_classes).astype(np.float64)
    shares = counts / counts.sum() if counts.sum() else np.full(n_classes, 1.0 / n_classes)
    return np.tile(shares, (rows, 1))


def break_ties(shares: Probabilities) -> Probabilities:
    """Break ties of votes by a millionth, towards what is common among all rows.

    Parameters
    ----------
    shares : (n_rows, n_classes)
        Shares of votes.

    Returns
    -------
    (n_rows, n_classes)

    Examples
    --------
    >>> break_ties(np.array([[0.5, 0.5], [0.0, 1.0], [0.0, 1.0]])).argmax(axis=1)
    array([1, 1, 1])
    """
    nudge = 1e-6
    return np.asarray((1.0 - nudge) * shares + nudge * shares.sum(axis=0) / max(len(shares), 1))


def align_classes(probabilities: Probabilities, known: Sequence[str], classes: Sequence[str]) -> Probabilities:
    """Put a model's probabilities into the order of the problem's classes.

    Parameters
    ----------
    probabilities : (n_rows, n_known)
        Class probabilities of each row.
    known
        Classes of the model.
    classes
        Classes of the problem; those that the model does not know get 0.

    Returns
    -------
    (n_rows, n_classes)

    Examples
    --------
    >>> align_classes(np.array([[0.2, 0.8]]), ["spam", "ham"], ["ham", "spam", "phish"])
    array([[0.8, 0.2, 0. ]])
    """
    placed = np.zeros((len(probabilities), len(classes)))
    for k, name in enumerate(classes):
        if name in known:
            placed[:, k] = probabilities[:, list(known).index(name)]
    total = placed.sum(axis=1, keepdims=True)
    return np.where(total > 0, placed / np.where(total > 0, total, 1.0), 1.0 / len(classes))

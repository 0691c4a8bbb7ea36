"""labels and what models of other rows say -> the labels that are probably wrong, the surest first.

Northcutt, Jiang and Chuang, "Confident Learning" (JAIR 2021): a row is suspect when a class other than its label is at
least as likely as that class is, on average, among the rows that are labeled so. A class that a model is never sure of has
a low bar, so a careful model hides no errors. Rows are ranked by how far the label falls behind that class.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array
from tidemill.evaluate.scores import Gold


def label_errors(labels: Gold, said: Probabilities) -> pl.DataFrame:
    """Labels (rows,) and out-of-fold probabilities (rows, classes) -> table of row, label, suggested, margin, ranked."""
    over = np.where(said >= bars(labels, said)[None, :], said, -1.0)
    suggested = over.argmax(axis=1)
    rows = np.arange(len(labels))
    margin = said[rows, suggested] - said[rows, labels]
    suspect = (over[rows, suggested] >= 0) & (suggested != labels) & (margin > 0)
    order = np.flatnonzero(suspect)[np.argsort(-margin[suspect], kind="stable")]
    found = {"row": order, "label": labels[order], "suggested": suggested[order], "margin": margin[order].round(6)}
    return pl.DataFrame(found)


def bars(labels: Gold, said: Probabilities) -> Array:
    """Labels and probabilities -> (classes,) mean probability of each class among the rows labeled so; 2 where none is.

    >>> bars(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]])).round(2).tolist()
    [0.8, 0.6]
    """
    classes = range(said.shape[1])
    return np.array([said[labels == k, k].mean() if (labels == k).any() else 2.0 for k in classes])

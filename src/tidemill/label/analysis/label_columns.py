"""Functions that vote what a column of labels beside the rows says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from tidemill.common.class_names import class_indices, plain_words
from tidemill.contracts import ABSTAIN

_LABELS: Final = frozenset(
    {"label", "labels", "gold", "gold label", "target", "y", "class", "truth", "ground truth", "answer"}
)
_ENOUGH: Final = 10
"""Rows with a label from which on a function that is right on all of them is not only good."""


def label_columns(schema: pl.Schema) -> list[str]:
    """List the columns that are named as labels are.

    Parameters
    ----------
    schema
        Types of the columns of the rows.

    Returns
    -------
    list of str
        Those of text or whole numbers.
    """
    return [
        name
        for name, kind in schema.items()
        if plain_words(name) in _LABELS and (kind == pl.String or kind.is_integer())
    ]


def functions_that_read_labels(votes: pl.DataFrame, labels: pl.DataFrame, classes: Sequence[str]) -> list[str]:
    """Name the functions that vote on every row that has a label, and vote it.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        Class indices or ``ABSTAIN``.
    labels : (n_rows, n_columns)
        Columns of ``label_columns``.
    classes
        Names of the classes.

    Returns
    -------
    list of str
        A sentence on each function and column; empty where fewer than 10 rows have a label, or all have the same.

    Examples
    --------
    >>> labels = ["ham", "spam"] * 6
    >>> votes = pl.DataFrame({"f": [0, 1] * 6, "g": [0] * 12})
    >>> functions_that_read_labels(votes, pl.DataFrame({"label": labels}), ["ham", "spam"])
    ["f votes on all 12 rows what their column 'label' says: where that is gold, leave the column out of the file"]
    """
    find = class_indices(classes)
    notes = []
    for column in labels:
        texts = column.cast(pl.String).unique().drop_nulls()
        known = {text: place for text in texts if (place := find(text)) is not None}
        gold = column.cast(pl.String).replace_strict(known, default=ABSTAIN, return_dtype=pl.Int64).to_numpy()
        rows = np.flatnonzero(gold != ABSTAIN)
        if len(rows) < _ENOUGH or len(set(gold[rows].tolist())) == 1:
            continue
        notes += [
            f"{function.name} votes on all {len(rows):,} rows what their column {column.name!r} says: where that is gold, leave the column "
            "out of the file"
            for function in votes
            if (function.to_numpy()[rows] == gold[rows]).all()
        ]
    return notes

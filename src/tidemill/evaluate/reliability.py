"""Reliability table and confusion counts, as plots draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from tidemill.common.calibration_error import calibration_bins
from tidemill.contracts import Probabilities
from tidemill.evaluate.metrics import Gold

_DIGITS = 6


def reliability_table(gold: Gold, models: Mapping[str, Probabilities], n_bins: int) -> pl.DataFrame:
    """Make the reliability table.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    models : mapping of str to (n_rows, n_classes)
        Probabilities by each baseline.
    n_bins
        Bins of the likeliest class's probability.

    Returns
    -------
    polars.DataFrame
        A row per baseline and bin that has rows: model, confidence (mean in the bin), accuracy, rows.

    Examples
    --------
    >>> reliability_table(np.array([1, 0]), {"m": np.array([[0.1, 0.9], [0.1, 0.9]])}, 10)["accuracy"].to_list()
    [0.5]
    """
    tables = [_reliability(gold, probabilities, n_bins, name) for name, probabilities in models.items()]
    return pl.concat(tables) if tables else pl.DataFrame()


def _reliability(gold: Gold, probabilities: Probabilities, n_bins: int, name: str) -> pl.DataFrame:
    confidence = probabilities.max(axis=1)
    place = calibration_bins(confidence, n_bins)
    rows = np.bincount(place, minlength=n_bins)
    held = np.flatnonzero(rows)
    hits = np.bincount(place, weights=probabilities.argmax(axis=1) == gold, minlength=n_bins)
    mean = np.bincount(place, weights=confidence, minlength=n_bins)[held] / rows[held]
    return pl.DataFrame(
        {
            "model": [name] * len(held),
            "confidence": mean.round(_DIGITS),
            "accuracy": (hits[held] / rows[held]).round(_DIGITS),
            "rows": rows[held],
        }
    )


def confusion_table(gold: Gold, probabilities: Probabilities, classes: Sequence[str]) -> pl.DataFrame:
    """Make the table that DVC counts for a confusion matrix.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    polars.DataFrame
        Columns actual and predicted, a line per row, sorted.
    """
    names = np.array(classes)
    pairs = pl.DataFrame({"actual": names[gold], "predicted": names[probabilities.argmax(axis=1)]})
    return pairs.cast(pl.String).sort("actual", "predicted")

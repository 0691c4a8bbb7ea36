"""Which share of in-distribution rows the model rejects, of all test rows and of each slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array, resample
from tidemill.evaluate.metrics import Gold
from tidemill.evaluate.proportions import proportion_interval
from tidemill.evaluate.score_table import rounded
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import OutOfDistribution


def ood_rejection(
    outlier: Array, gold: Gold, predicted: Probabilities, slices: Sequence[Slice], settings: EvaluateSettings
) -> OutOfDistribution:
    """Measure which share of rows is rejected, and how often the likeliest class is right of the rejected and the others.

    Where rejecting pays, the first accuracy is lower.

    Parameters
    ----------
    outlier : (n_rows,)
        Above 1 a row is rejected.
    gold : (n_rows,)
        Class index.
    predicted : (n_rows, n_classes)
        Probabilities by the end model.
    slices
        Of the rows.
    settings
        Settings of evaluate.

    Returns
    -------
    OutOfDistribution
        Shares with intervals, of all rows and of each slice.
    """
    if not len(gold):
        return OutOfDistribution()
    right = predicted.argmax(axis=1) == gold
    parts = {part.name: _shares(outlier[part.rows] > 1.0, right[part.rows], settings)["rejected"] for part in slices}
    return OutOfDistribution(rows=len(gold), slices=parts, **_shares(outlier > 1.0, right, settings))


def _shares(refused: Any, right: Any, settings: EvaluateSettings) -> dict[str, Estimate]:
    terms = np.stack([refused, ~refused, refused & right, ~refused & right, np.ones(len(right))], axis=1)
    terms = terms.astype(np.float64)
    sums = np.vstack([terms.sum(axis=0), resample(terms, n_bootstrap=settings.n_bootstrap, seed=settings.seed)])
    summary = {}
    for name, above, below in (("rejected", 0, 4), ("accuracy_of_rejected", 2, 0), ("accuracy_of_answered", 3, 1)):
        shares = np.divide(sums[:, above], sums[:, below], out=np.full(len(sums), np.nan), where=sums[:, below] > 0)
        low, high = proportion_interval(sums[0, above], sums[0, below], shares[1:], settings.confidence_level)
        summary[name] = Estimate(score=rounded(float(shares[0])), low=rounded(low), high=rounded(high))
    return summary

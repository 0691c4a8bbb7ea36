"""how unlike known rows each row of test is -> which share of the known kind is refused, of all rows and of each slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.evaluate.board import rounded
from tidemill.evaluate.bootstrap import Array, interval, resample
from tidemill.evaluate.scores import Gold
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.evaluate.slices import Slice


def refusals(
    outlier: Array, gold: Gold, said: Probabilities, slices: Sequence[Slice], settings: EvaluateSettings
) -> dict[str, Any]:
    """Outlier scores, gold and the end model's probabilities of the same rows -> shares with intervals.

    ``refused`` is the share of rows that get none of the above, ``accuracy_of_refused`` and ``accuracy_of_answered``
    how often the likeliest class is right of either: where refusing pays, the first is lower.
    """
    if not len(gold):
        return {}
    right = said.argmax(axis=1) == gold
    told = _shares(outlier > 1.0, right, settings)
    parts = {one.name: _shares(outlier[one.rows] > 1.0, right[one.rows], settings)["refused"] for one in slices}
    return told | {"rows": len(gold), "slices": parts}


def _shares(refused: Any, right: Any, settings: EvaluateSettings) -> dict[str, Any]:
    tallies = np.stack([refused, ~refused, refused & right, ~refused & right, np.ones(len(right))], axis=1)
    tallies = tallies.astype(np.float64)
    sums = np.vstack([tallies.sum(axis=0), resample(tallies, n_bootstrap=settings.n_bootstrap, seed=settings.seed)])
    told = {}
    for name, above, below in (("refused", 0, 4), ("accuracy_of_refused", 2, 0), ("accuracy_of_answered", 3, 1)):
        shares = np.divide(sums[:, above], sums[:, below], out=np.full(len(sums), np.nan), where=sums[:, below] > 0)
        low, high = interval(shares[1:], settings.confidence_level)
        told[name] = {"score": rounded(float(shares[0])), "low": rounded(low), "high": rounded(high)}
    return told

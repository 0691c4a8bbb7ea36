"""What a threshold gives: precision and recall per class, coverage at a precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array, bootstrap_counts, resample
from tidemill.evaluate.metrics import Gold
from tidemill.evaluate.proportions import proportion_interval
from tidemill.evaluate.score_table import rounded
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import SliceCoverage

GRID: Final = tuple(round(0.01 * step, 2) for step in range(100))
_RATES: Final = [f"{kind}{end}" for kind in ("precision", "recall") for end in ("", "_low", "_high")]


def thresholds(
    gold: Gold, probabilities: Probabilities, classes: Sequence[str], settings: EvaluateSettings
) -> pl.DataFrame:
    """Make the table of precision and recall by threshold.

    A row is predicted to be of a class when its probability of it is at least the threshold. Precision is null where no row
    is, and so is recall of a class that gold does not hold.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    classes
        Names of the classes in the order of their indices.
    settings
        Settings of evaluate.

    Returns
    -------
    polars.DataFrame
        Columns class, threshold, rows predicted to be of the class, precision, recall, and their intervals.
    """
    tables = [_of(gold == k, probabilities[:, k], name, settings) for k, name in enumerate(classes)]
    return pl.concat(tables)


def _of(positive: Any, score: Any, name: str, settings: EvaluateSettings) -> pl.DataFrame:
    predicted = score[:, None] >= np.array(GRID)
    seen = _rates(positive, predicted, np.ones((1, len(positive))))
    blocks = [
        _rates(positive, predicted, times)
        for times in bootstrap_counts(len(predicted), settings.n_bootstrap, settings.seed)
    ]
    counts = {"precision": predicted.sum(axis=0), "recall": np.full(len(GRID), positive.sum())}
    table: dict[str, Any] = {"class": [name] * len(GRID), "threshold": GRID, "rows": predicted.sum(axis=0)}
    for kind in seen:
        drawn = np.concatenate([block[kind] for block in blocks])
        hits, trials = (predicted & positive[:, None]).sum(axis=0), counts[kind]
        ends = [
            proportion_interval(hits[k], trials[k], drawn[:, k], settings.confidence_level) for k in range(len(GRID))
        ]
        table |= {
            kind: [rounded(item) for item in seen[kind][0]],
            f"{kind}_low": [rounded(low) for low, _ in ends],
            f"{kind}_high": [rounded(high) for _, high in ends],
        }
    return pl.DataFrame(table, schema_overrides=dict.fromkeys(_RATES, pl.Float64) | {"rows": pl.Int64})


def _rates(positive: Any, predicted: Any, times: Array) -> dict[str, Array]:
    """For each draw of rows, by threshold."""
    hits, answered, total = times @ (predicted & positive[:, None]), times @ predicted, times @ positive
    empty = np.full(hits.shape, np.nan)
    return {
        "precision": np.divide(hits, answered, out=empty.copy(), where=answered > 0),
        "recall": np.divide(hits, total[:, None], out=empty, where=np.broadcast_to(total[:, None] > 0, hits.shape)),
    }


def least_confidence(gold: Gold, probabilities: Probabilities, precision: float) -> float | None:
    """Determine the confidence threshold that reaches a precision.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    precision
        The precision asked for.

    Returns
    -------
    float or None
        The least confidence of a row such that of the rows at least as confident this share is right; None: there is none.

    Examples
    --------
    >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    >>> least_confidence(np.array([0, 0, 1, 0]), probabilities, 0.95)
    0.8
    """
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    sure, right = probabilities.max(axis=1)[order], (probabilities.argmax(axis=1) == gold)[order]
    last = np.r_[sure[1:] < sure[:-1], True]  # rows of one confidence are answered together
    enough = last & (np.cumsum(right) / np.arange(1, len(gold) + 1) >= precision)
    return float(sure[np.flatnonzero(enough)[-1]]) if enough.any() else None


def coverage_at(
    gold: Gold, probabilities: Probabilities, threshold: float, settings: EvaluateSettings
) -> SliceCoverage:
    """Measure which share of rows is predicted at a threshold, and how much of it is right.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    threshold
        Least confidence of a prediction.
    settings
        Settings of evaluate.

    Returns
    -------
    SliceCoverage
        Coverage and precision, each with its interval.
    """
    answered = probabilities.max(axis=1) >= threshold
    right = answered & (probabilities.argmax(axis=1) == gold)
    terms = np.stack([answered, right, np.ones(len(gold))], axis=1).astype(np.float64)
    drawn = resample(terms, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    total = terms.sum(axis=0)
    results = {}
    for name, above, below in (("coverage", 0, 2), ("precision", 1, 0)):
        value = total[above] / total[below] if total[below] else float("nan")
        shares = np.divide(drawn[:, above], drawn[:, below], out=np.full(len(drawn), np.nan), where=drawn[:, below] > 0)
        low, high = proportion_interval(total[above], total[below], shares, settings.confidence_level)
        results[name] = Estimate(score=rounded(float(value)), low=rounded(low), high=rounded(high))
    return SliceCoverage(**results)

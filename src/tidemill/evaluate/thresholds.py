"""gold and probabilities -> what a threshold buys: precision and recall per class, coverage at a precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.board import rounded
from tidemill.evaluate.bootstrap import interval, resample
from tidemill.evaluate.scores import Gold
from tidemill.evaluate.settings import EvaluateSettings

GRID: Final = tuple(round(0.01 * step, 2) for step in range(100))


def thresholds(gold: Gold, probabilities: Probabilities, classes: Sequence[str]) -> pl.DataFrame:
    """Gold and probabilities -> table of class, threshold, precision, recall and rows said to be of the class.

    A row is said to be of a class when its probability of it is at least the threshold. Precision is null where no row is.
    """
    tables = [_of(gold == k, probabilities[:, k], name) for k, name in enumerate(classes)]
    return pl.concat(tables)


def _of(positive: Any, score: Any, name: str) -> pl.DataFrame:
    said = score[:, None] >= np.array(GRID)
    rows, hits = said.sum(axis=0), (said & positive[:, None]).sum(axis=0)
    total = int(positive.sum())
    return pl.DataFrame(
        {
            "class": [name] * len(GRID),
            "threshold": GRID,
            "precision": [round(h / n, 6) if n else None for h, n in zip(hits, rows, strict=True)],
            "recall": [round(h / total, 6) if total else None for h in hits],
            "rows": rows,
        },
        schema_overrides={"precision": pl.Float64, "recall": pl.Float64, "rows": pl.Int64},
    )


def least_confidence(gold: Gold, probabilities: Probabilities, precision: float) -> float | None:
    """Gold, probabilities and a precision asked for -> the confidence from which on answers are right that often.

    The least confidence of a row such that of the rows at least as sure the share asked for is right; None: there is none.

    >>> said = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    >>> least_confidence(np.array([0, 0, 1, 0]), said, 0.95)
    0.8
    """
    if not len(gold):
        return None
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    sure, right = probabilities.max(axis=1)[order], (probabilities.argmax(axis=1) == gold)[order]
    last = np.r_[sure[1:] < sure[:-1], True]  # rows of one confidence are answered together
    enough = last & (np.cumsum(right) / np.arange(1, len(gold) + 1) >= precision)
    return float(sure[np.flatnonzero(enough)[-1]]) if enough.any() else None


def coverage(
    gold: Gold, probabilities: Probabilities, threshold: float | None, settings: EvaluateSettings
) -> dict[str, Any]:
    """Gold, probabilities and the least confidence of an answer -> which share is answered, and how much of it is right."""
    told: dict[str, Any] = {"asked": settings.precision, "least_confidence": threshold}
    if threshold is None or not len(gold):
        return told
    answered = probabilities.max(axis=1) >= threshold
    right = answered & (probabilities.argmax(axis=1) == gold)
    tallies = np.stack([answered, right, np.ones(len(gold))], axis=1).astype(np.float64)
    drawn = resample(tallies, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    for name, above, below in (("coverage", 0, 2), ("precision", 1, 0)):
        total = tallies.sum(axis=0)
        value = total[above] / total[below] if total[below] else float("nan")
        shares = np.divide(drawn[:, above], drawn[:, below], out=np.full(len(drawn), np.nan), where=drawn[:, below] > 0)
        low, high = interval(shares, settings.confidence)
        told[name] = {"score": rounded(value), "low": rounded(low), "high": rounded(high)}
    return told

"""label models and votes -> what speaks for each without ground truth, and with some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tidemill.contracts import ABSTAIN, NO_GOLD, Probabilities, Votes
from tidemill.denoise.lifts import PairLifts
from tidemill.denoise.patterns import Patterns
from tidemill.denoise.votes import Array, said_classes, symbols

MOST_PATTERNS: Final = 5_000
"""Distinct rows that held-out functions are asked about."""


def held_out_agreement(predict: Callable[[Votes], Probabilities], found: Patterns, n_classes: int) -> float | None:
    """Model's prediction and distinct rows -> mean chance it gives to what a function says, without that function.

    None where no two functions ever speak of one row. Each function is left out in turn, for prediction only.
    """
    votes, weights = found.votes[:MOST_PATTERNS], found.weights[:MOST_PATTERNS]
    named = said_classes(n_classes) > 0
    total = mass = 0.0
    for function in range(votes.shape[1]):
        others = votes.copy()
        others[:, function] = ABSTAIN
        rows = (votes[:, function] != ABSTAIN) & (others != ABSTAIN).any(axis=1)
        if rows.any():
            chance = (predict(others[rows]) * named[symbols(votes[rows, function], n_classes)]).sum(axis=1)
            total += float(chance @ weights[rows])
            mass += float(weights[rows].sum())
    return total / mass if mass else None


def gold_scores(probabilities: Probabilities, gold: Any, *, weights: Any = None) -> dict[str, float] | None:
    """Score probabilities on the rows that people labeled.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
    gold : (n_rows,)
        Class index, or ``NO_GOLD``.
    weights : (n_rows,), optional
        How many rows each stands for, whole numbers; None: one.

    Returns
    -------
    dict or None
        Rows, accuracy, log loss, squared error (Brier, 1950) and expected calibration error; None without gold.
    """
    known = np.flatnonzero(np.asarray(gold) != NO_GOLD)
    if not len(known):
        return None
    known = known if weights is None else np.repeat(known, np.asarray(weights)[known].astype(np.int64))
    chosen, truth = probabilities[known], np.asarray(gold)[known]
    right = chosen[np.arange(len(known)), truth]
    return {
        "rows": len(known),
        "accuracy": float((chosen.argmax(axis=1) == truth).mean()),
        "log_loss": float(-np.log(np.maximum(right, 1e-6)).mean()),
        "squared_error": float(((chosen - np.eye(chosen.shape[1])[truth]) ** 2).sum(axis=1).mean()),
        "calibration_error": calibration_error(chosen, truth),
    }


def calibration_error(probabilities: Probabilities, truth: Any, *, bins: int = 15) -> float:
    """Probabilities and classes -> expected calibration error of the likeliest class (Guo et al., ICML 2017).

    >>> calibration_error(np.array([[0.8, 0.2]] * 5), np.array([0, 0, 0, 0, 1]))
    0.0
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=right - confidence, minlength=bins)
    return round(float(np.abs(gaps).sum() / max(len(truth), 1)), 12)


def resampled(found: Patterns, generator: np.random.Generator) -> Patterns:
    """Distinct rows -> the same rows drawn anew with replacement (Poisson weights)."""
    weights = generator.poisson(np.minimum(found.weights, 1e9)).astype(np.float64)
    kept = weights > 0
    if not kept.any():  # so few rows that none was drawn
        return found
    return Patterns(found.votes[kept], weights[kept], found.gold[kept])


def balance_interval(found: Patterns, model: PairLifts, *, draws: int, seed: int) -> tuple[Array, float]:
    """Distinct rows and the fitted pairs -> (2, classes) interval of the balance, and stability under resampling.

    The interval holds 90% of refits; the stability is the share of rows whose likeliest class a refit keeps.
    """
    generator = np.random.default_rng(seed)
    base, kept, balances = model.posterior(found).argmax(axis=1), [], []
    for _ in range(draws):
        again = PairLifts(model.n_classes, anchor=model.anchor, most=min(model.most, 100), **model.hints())
        again.order_ = model.order_
        again.learn(resampled(found, generator))
        balances.append(again.balance_)
        kept.append(
            float(((again.posterior(found).argmax(axis=1) == base) * found.weights).sum() / found.weights.sum())
        )
    low, high = np.quantile(np.array(balances), [0.05, 0.95], axis=0)
    return np.stack([np.minimum(low, model.balance_), np.maximum(high, model.balance_)]), float(np.mean(kept))

"""Evidence for a label model without ground truth, and with some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tidemill.contracts import ABSTAIN, Probabilities, Votes
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array, named_classes, symbols

MAX_ROWS: Final = 5_000
"""Distinct rows on which held-out functions are predicted."""


def held_out_agreement(predict: Callable[[Votes], Probabilities], rows: DistinctRows, n_classes: int) -> float | None:
    """Compute the mean probability that a model gives to a function's vote, without that function.

    Each function is left out in turn, for prediction only.

    Parameters
    ----------
    predict
        From votes (n_rows, n_functions) to probabilities (n_rows, n_classes).
    rows
        Distinct rows of votes, their weights and gold.
    n_classes
        Number of classes.

    Returns
    -------
    float or None
        None where no two functions ever vote on one row.
    """
    votes, weights = rows.votes[:MAX_ROWS], rows.weights[:MAX_ROWS]
    named = named_classes(n_classes) > 0
    total = mass = 0.0
    for function in range(votes.shape[1]):
        others = votes.copy()
        others[:, function] = ABSTAIN
        voted = (votes[:, function] != ABSTAIN) & (others != ABSTAIN).any(axis=1)
        if voted.any():
            chance = (predict(others[voted]) * named[symbols(votes[voted, function], n_classes)]).sum(axis=1)
            total += float(chance @ weights[voted])
            mass += float(weights[voted].sum())
    return total / mass if mass else None


def resample(rows: DistinctRows, generator: np.random.Generator) -> DistinctRows:
    """Draw rows anew with replacement (Poisson weights).

    Parameters
    ----------
    rows
        Distinct rows of votes, their weights and gold.
    generator
        Random generator of the weights.

    Returns
    -------
    DistinctRows
        The same rows with other weights; those of weight 0 are left out.
    """
    weights = generator.poisson(np.minimum(rows.weights, 1e9)).astype(np.float64)
    kept = weights > 0
    if not kept.any():  # so few rows that none was drawn
        return rows
    return DistinctRows(rows.votes[kept], weights[kept], rows.gold[kept])


def balance_interval(rows: DistinctRows, model: PairLifts, *, draws: int, seed: int) -> tuple[Array, float]:
    """Estimate by resampling how uncertain the class balance is.

    Parameters
    ----------
    rows
        Distinct rows of votes, their weights and gold.
    model
        Fitted on these rows.
    draws
        Resamples.
    seed
        Of the resamples.

    Returns
    -------
    interval : (2, n_classes)
        Ends between which 90% of the refits lie.
    stability : float
        Share of rows whose likeliest class a refit keeps.
    """
    generator = np.random.default_rng(seed)
    base, kept, balances = model.posterior(rows).argmax(axis=1), [], []
    for _ in range(draws):
        again = PairLifts(model.n_classes, anchor=model.anchor, most=min(model.most, 100), **model.prior_parameters())
        again.order_, again.known_groups = model.order_, model.known_groups
        again.learn(resample(rows, generator))
        balances.append(again.balance_)
        kept.append(float(((again.posterior(rows).argmax(axis=1) == base) * rows.weights).sum() / rows.weights.sum()))
    low, high = np.quantile(np.array(balances), [0.05, 0.95], axis=0)
    return np.stack([np.minimum(low, model.balance_), np.maximum(high, model.balance_)]), float(np.mean(kept))

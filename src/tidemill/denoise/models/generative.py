"""Dawid-Skene with learned dependences, and whether it explains the votes it was fitted on.

EM starts from the precisions of pairs of functions (``pairs``) instead of the majority vote, repeating functions share
their evidence, and the shrinkage is the strongest that explains pair counts as well as a weak one. Where the misfit of the
pairs is no more than sampling noise, the model is as good as an oracle's; where it is more, its posterior is not to be
trusted, and ``explains_`` is False.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tidemill.denoise.models.dawid_skene import DawidSkene
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.pair_counts import PairCounts
from tidemill.denoise.statistics.votes import Array, vote_shares

STRENGTHS: Final = (10.0, 100.0, 300.0, 1000.0)
SLACK: Final = 0.15
"""Misfit that a stronger shrinkage may add."""
PLAUSIBLE: Final = 1.3
"""Mean squared residual of pair counts, in Poisson variances, up to which a stronger shrinkage is tried."""
EXPLAINED: Final = 1.05
"""The same residual up to which the model explains the pairs: .2 to .9 where it is true, for the fit absorbs noise too; 1.2 and
more on real votes."""
ONE_ACCURACY: Final = 300.0
"""Shrinkage from which on a function has one accuracy. Real votes are explained by confusions of their own alone, which take up
the dependence between functions: pairs fit, and the posterior is wrong by .2 to .3 (expected calibration error)."""
PAIRS_PER_NUMBER: Final = 2.0
"""Pairs there must be for each number learned (two a kind of vote) before a fit proves anything."""


class Generative(DawidSkene):
    """Posterior under confusions that start from pairs and count repeating functions once.

    Attributes
    ----------
    misfit_ : float
        Mean squared residual of pair counts, in Poisson variances; 1 is chance, NaN where pairs are too few.
    explains_ : bool
        The misfit is no more than chance, there are pairs enough, and one accuracy a function explains them.
    """

    name = "generative"
    learned = (*DawidSkene.learned, "misfit_", "explains_", "chosen_strength_")

    misfit_: float
    explains_: bool
    chosen_strength_: float

    def learn(self, rows: DistinctRows) -> None:
        """Fit the pairs, then confusions that start from them.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        pairs = PairLifts(self.n_classes, **self.prior_parameters())
        pairs.order_, pairs.known_groups = self.order_, self.known_groups
        pairs.learn(rows)
        self.learn_from(rows, pairs)

    def learn_from(self, rows: DistinctRows, pairs: PairLifts) -> None:
        """Fit confusions that start from fitted pairs.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        pairs
            Pair precisions, fitted on the same rows.
        """
        start = pairs.posterior(rows)
        trial, posterior = self._tried(rows, start, pairs, STRENGTHS[0])
        if trial.misfit_ > PLAUSIBLE:
            other, end = self._tried(rows, vote_shares(rows.votes, self.n_classes), pairs, STRENGTHS[0])
            trial, posterior = (other, end) if other.misfit_ < trial.misfit_ else (trial, posterior)
        best = trial.misfit_
        for strength in STRENGTHS[1:] if best <= PLAUSIBLE else ():
            stronger, posterior = self._tried(rows, posterior, pairs, strength)
            if not stronger.misfit_ <= best + SLACK:
                break
            trial, best = stronger, min(best, stronger.misfit_)
        self._take(trial)

    def _take(self, trial: Generative) -> None:
        for name in ("prior_", "balance_", "functions_", "confusions_", "weights_", "fallback_", "misfit_"):
            setattr(self, name, getattr(trial, name))
        self.chosen_strength_ = trial.strength
        self.explains_ = bool(self.misfit_ < EXPLAINED and trial.strength >= ONE_ACCURACY)

    def _tried(self, rows: DistinctRows, start: Array, pairs: PairLifts, strength: float) -> tuple[Generative, Array]:
        trial = Generative(
            self.n_classes,
            strength=strength,
            balance_floor=self.balance_floor,
            iterations=self.iterations,
            tolerance=self.tolerance,
            **self.prior_parameters(),
        )
        trial.order_ = pairs.order_
        end = trial.iterate(rows, start, pairs.weights_)
        trial.misfit_ = misfit(pairs.counts_, trial.confusions_, trial.balance_, pairs.weights_)
        return trial, end

    def report(self) -> dict[str, Any]:
        """Report what Dawid-Skene reports, and how well the model explains the pairs.

        Returns
        -------
        dict
            JSON content.
        """
        summary = None if np.isnan(self.misfit_) else round(self.misfit_, 4)
        return super().report() | {"misfit": summary, "explains": self.explains_, "strength": self.chosen_strength_}


def misfit(counts: PairCounts, confusions: Array, balance: Array, weights: Array) -> float:
    """Compute the mean squared residual of pair counts, in Poisson variances; pairs of repeating functions are left out.

    Parameters
    ----------
    counts
        How often pairs of kinds of vote are given on one row.
    confusions : (n_functions, 2 * n_classes + 1, n_classes)
    balance : (n_classes,)
        Share of each class.
    weights : (n_functions,)
        Below 1 where a function repeats others.

    Returns
    -------
    float
        1 is chance; NaN where the pairs that can be expected to occur are too few.
    """
    rates = confusions[:, :-1].reshape(-1, len(balance))[counts.columns]
    expected = counts.rows * (rates * balance) @ rates.T
    single = weights[counts.functions] > 0.99  # noqa: PLR2004 - not discounted
    first = np.unique(counts.functions[~single])[:1]
    single = single | np.isin(counts.functions, first)
    summary = np.triu(counts.apart & single[:, None] & single[None, :] & (expected >= 1.0), 1)
    if summary.sum() < max(PAIRS_PER_NUMBER * 2 * single.sum(), 1):
        return float("nan")
    return float(((counts.together - expected) ** 2 / np.maximum(expected, 1.0))[summary].mean())

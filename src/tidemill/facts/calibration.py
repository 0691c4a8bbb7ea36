"""Weights of the noisy-or that joins the candidates of a fact, fitted to facts whose truth people know.

A fact of the candidates p_1 ≥ p_2 ≥ … has the score ``logit(1 - (1 - p_1) Π_{i>1} (1 - p_i)^w)``: at w = 1 sentences are independent
causes (Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988, section 4.3.2), at w = 0 the best one counts alone. Its
probability is ``sigmoid(slope · score + offset)`` (Platt, "Probabilistic outputs for support vector machines", 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

Array = npt.NDArray[np.float64]
LEAST: Final = 30
"""Facts of known truth below which nothing is fitted."""
_UNFITTED: Final = 0.5
_PULL: Final = 1.0  # strength of the priors, in facts


@dataclass(frozen=True)
class NoisyOr:
    """Weight of further sentences, slope and offset of the score, and the number of facts that they were fitted to."""

    further: float = _UNFITTED
    slope: float = 1.0
    offset: float = 0.0
    fitted_to: int = 0

    def log_odds(self, strongest: Array, others: Array) -> Array:
        """Compute the log-odds of facts.

        Parameters
        ----------
        strongest, others : (n_facts,)
            ``-log(1 - p)`` of the likeliest candidate, and summed over the others.

        Returns
        -------
        (n_facts,)
        """
        result: Array = self.slope * _score(strongest, others, self.further) + self.offset
        return result


def _score(strongest: Array, others: Array, further: float) -> Array:
    total = strongest + further * others
    result: Array = np.log(np.maximum(-np.expm1(-total), 1e-12)) + total
    return result


def fit_noisy_or(strongest: Array, others: Array, truth: npt.NDArray[np.bool_]) -> NoisyOr:
    """Fit the weights by maximum likelihood, with priors that keep them near those of no fit.

    Parameters
    ----------
    strongest, others : (n_facts,)
        As ``NoisyOr.log_odds`` takes them.
    truth : (n_facts,)
        Whether each is true.

    Returns
    -------
    NoisyOr
        Not fitted where there are fewer than ``LEAST`` facts, or all are true or false.
    """
    if len(truth) < LEAST or truth.all() or not truth.any():
        return NoisyOr()

    def loss(parameters: Array) -> float:
        further, slope, offset = _unpacked(parameters)
        logits = slope * _score(strongest, others, further) + offset
        likelihood = np.logaddexp(0, np.where(truth, -logits, logits)).sum()
        return float(likelihood + _PULL * (parameters**2).sum() / 2)

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-6, "maxiter": 2000})
    return NoisyOr(*_unpacked(best.x), fitted_to=len(truth))


def _unpacked(parameters: Array) -> tuple[float, float, float]:
    return float(expit(parameters[0])), float(np.exp(parameters[1])), float(parameters[2])

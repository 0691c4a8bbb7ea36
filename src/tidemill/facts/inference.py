"""Probabilities of all facts, component by component: exactly where that can be done, else by sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tidemill.facts.elimination import exact_probabilities
from tidemill.facts.graph import Array, Graph
from tidemill.facts.sampling import sampled_probabilities
from tidemill.facts.settings import FactsSettings

_MANY = 2000


@dataclass(frozen=True)
class Inferred:
    """Probability of each variable, and how many were computed how."""

    probabilities: Array
    alone: int
    exact: int
    sampled: int


def infer(graph: Graph, settings: FactsSettings) -> Inferred:
    """Compute the probability of every variable of a graph.

    Parameters
    ----------
    graph
        Of all facts.
    settings
        Width of exact inference, and how long sampling goes on.

    Returns
    -------
    Inferred
    """
    result: Array = expit(graph.log_odds)
    alone = exact = sampled = 0
    for variables, part in graph.components():
        if len(variables) == 1:
            alone += 1
            continue
        found = None if len(variables) > _MANY else exact_probabilities(part, settings.width)
        if found is None:
            sampled += len(variables)
            found = sampled_probabilities(part, sweeps=settings.sweeps, chains=settings.chains, seed=settings.seed)
        else:
            exact += len(variables)
        result[variables] = found
    return Inferred(np.clip(result, 0.0, 1.0), alone, exact, sampled)

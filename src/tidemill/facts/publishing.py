"""Facts that are published: likely enough, and breaking no constraint among them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidemill.facts.graph import HARD, Array, Graph

Flags = npt.NDArray[np.bool_]


def broken(graph: Graph, published: Flags) -> list[tuple[int, ...]]:
    """List the constraints without exception that published facts break.

    Parameters
    ----------
    graph
        Of all facts.
    published : (n_facts,)
        Which are published.

    Returns
    -------
    list of tuple of int
        The published facts of each broken constraint: more than one of a set, or the premises of a rule whose
        conclusion is not published.
    """
    found = []
    for scope in graph.at_most_one:
        there = tuple(item for item in scope if published[item])
        if len(there) > 1:
            found.append(there)
    hard = (clause for clause in graph.clauses if clause.weight >= HARD)
    found += [c.false for c in hard if published[list(c.false)].all() and not published[list(c.true)].any()]
    return found


def published_facts(graph: Graph, probabilities: Array, threshold: float) -> Flags:
    """Choose the facts to publish.

    Parameters
    ----------
    graph
        Of all facts.
    probabilities : (n_facts,)
        Of each.
    threshold
        From which on a fact is likely enough.

    Returns
    -------
    (n_facts,)
        Of a constraint that the likely ones break, the least likely are left out until none is broken.
    """
    published: Flags = probabilities >= threshold
    while found := broken(graph, published):
        for scope in found:
            there = [item for item in scope if published[item]]
            if len(there) == len(scope):
                published[min(there, key=lambda item: (probabilities[item], item))] = False
    return published

"""Gibbs sampling of graphs that are too large for exact inference (Geman and Geman, 1984).

Variables that share no clause are drawn at once, for many chains at a time.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import expit

from tidemill.facts.graph import Array, Clause, Graph

_FIRM: Final = 9.0
"""Log-odds of a constraint while sampling: chains cross it once in thousands of draws, and would not if it were firmer."""
_BURN_IN: Final = 0.25


def sampled_probabilities(graph: Graph, *, sweeps: int, chains: int, seed: int) -> Array:
    """Estimate the probability of every variable of a graph.

    Parameters
    ----------
    graph
        Of any size.
    sweeps
        Draws of every variable that count, for each chain; a quarter as many before them do not.
    chains
        Chains that are drawn at once.
    seed
        Of the draws.

    Returns
    -------
    (n_variables,)
        Averages of each draw's own probability, which vary less than the draws do.
    """
    clauses = [*graph.clauses, *(Clause((), pair) for one in graph.at_most_one for pair in combinations(one, 2))]
    rng, count = np.random.default_rng(seed), len(graph.log_odds)
    state = (rng.random((count, chains)) < expit(graph.log_odds)[:, None]).astype(np.float64)
    blocks = [_Block(members, clauses, graph.log_odds) for members in _colours(clauses, count)]
    total, burn_in = np.zeros(count), int(_BURN_IN * sweeps)
    for sweep in range(burn_in + sweeps):
        for block in blocks:
            chance = block.chances(state)
            state[block.members] = rng.random(chance.shape) < chance
            if sweep >= burn_in:
                total[block.members] += chance.mean(axis=1)
    return total / sweeps


class _Block:
    """Variables of which no two share a clause, and the clauses that each is in."""

    def __init__(self, members: npt.NDArray[np.int64], clauses: list[Clause], log_odds: Array) -> None:
        self.members = members
        self.log_odds = log_odds[members][:, None]
        number = {variable: place for place, variable in enumerate(members.tolist())}
        mine = [(clause, v) for clause in clauses for v in clause.variables if v in number]
        pull = [min(clause.weight, _FIRM) * (1.0 if v in clause.true else -1.0) for clause, v in mine]
        self.pull = csr_array((pull, ([number[v] for _, v in mine], range(len(mine)))), shape=(len(members), len(mine)))
        others = [
            (row, other, 1.0 if other in clause.true else -1.0)
            for row, (clause, v) in enumerate(mine)
            for other in clause.variables
            if other != v
        ]
        rows, columns, signs = ([item[k] for item in others] for k in range(3))
        self.satisfied = csr_array((signs, (rows, columns)), shape=(len(mine), len(log_odds)))
        self.negative = np.array([sum(o in clause.false for o in clause.variables if o != v) for clause, v in mine])

    def chances(self, state: Array) -> Array:
        """Probability of each member given all other variables, per chain."""
        if not self.pull.shape[1]:
            return np.repeat(expit(self.log_odds), state.shape[1], axis=1)
        satisfied = self.satisfied @ state + self.negative[:, None]
        chance: Array = expit(self.log_odds + self.pull @ (satisfied < 0.5).astype(np.float64))  # noqa: PLR2004 - none
        return chance


def _colours(clauses: list[Clause], count: int) -> list[npt.NDArray[np.int64]]:
    """Variables such that no two of a block share a clause, greedily, those in most clauses first."""
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for clause in clauses:
        for variable in clause.variables:
            neighbours[variable].update(clause.variables)
    colour = dict[int, int]()
    for variable in sorted(range(count), key=lambda item: (-len(neighbours[item]), item)):
        taken = {colour[other] for other in neighbours[variable] if other in colour}
        colour[variable] = next(number for number in range(count) if number not in taken)
    blocks: list[list[int]] = [[] for _ in range(max(colour.values(), default=-1) + 1)]
    for variable in range(count):
        blocks[colour[variable]].append(variable)
    return [np.array(block, dtype=np.int64) for block in blocks]

"""Exact probabilities of a component by elimination of variables, there and back (Dechter, "Bucket elimination", 1999)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.facts.graph import HARD, Array, Clause, Graph

_PAIRWISE: Final = 4
"""Members of a set of which one holds at most, up to which each pair has a clause; a larger set is a chain of counters."""


@dataclass(frozen=True)
class _Table:
    """A factor: a value for every assignment of its variables, an axis of two for each."""

    variables: tuple[int, ...]
    values: Array


def exact_probabilities(graph: Graph, width: int) -> Array | None:
    """Compute the probability of every variable of a graph.

    Parameters
    ----------
    graph
        A component.
    width
        Variables of the largest table that may be made.

    Returns
    -------
    (n_variables,) or None
        None where a larger table is needed.
    """
    clauses, count = _clauses(graph)
    order, scopes = _order([clause.variables for clause in clauses], count)
    if max(map(len, scopes), default=1) > width:
        return None
    odds = np.zeros(count)
    odds[: len(graph.log_odds)] = graph.log_odds
    tables = [_Table((v,), np.array([-max(x, 0.0), min(x, 0.0)])) for v, x in enumerate(odds.tolist())]
    return _calibrated([*tables, *map(_clause_table, clauses)], order, count)[: len(graph.log_odds)]


def _clauses(graph: Graph) -> tuple[list[Clause], int]:
    """All constraints as clauses, sets as chains whose variables are further ones."""
    clauses, count = list(graph.clauses), len(graph.log_odds)
    for members in graph.at_most_one:
        if len(members) <= _PAIRWISE:
            clauses += [Clause((), pair) for pair in combinations(members, 2)]
            continue
        before: int | None = None
        for member in members:
            counter, count = count, count + 1  # whether one has been true so far
            known = (member,) if before is None else (member, before)
            clauses += [Clause((counter,), (item,)) for item in known]
            clauses.append(Clause(known, (counter,)))
            if before is not None:
                clauses.append(Clause((), (member, before)))
            before = counter
    return clauses, count


def _order(scopes: Iterable[Sequence[int]], count: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """Variables by fewest neighbours as elimination goes on, and the scope of each one's table, itself first."""
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for scope in scopes:
        for variable in scope:
            neighbours[variable].update(scope)
    for variable in range(count):
        neighbours[variable].discard(variable)
    open_variables, order, tables = set(range(count)), list[int](), list[tuple[int, ...]]()
    while open_variables:
        variable = min(open_variables, key=lambda item: (len(neighbours[item]), item))
        around = neighbours[variable]
        for other in around:
            neighbours[other] |= around
            neighbours[other] -= {other, variable}
        order.append(variable)
        tables.append((variable, *sorted(around)))
        open_variables.remove(variable)
    return order, tables


def _clause_table(clause: Clause) -> _Table:
    variables = tuple(dict.fromkeys(clause.variables))
    values = np.zeros((2,) * len(variables))
    breach = tuple(0 if variable in clause.true else 1 for variable in variables)
    values[breach] = -min(clause.weight, HARD)
    return _Table(variables, values)


def _calibrated(tables: Sequence[_Table], order: Sequence[int], count: int) -> Array:
    place = {variable: number for number, variable in enumerate(order)}
    buckets: list[list[_Table]] = [[] for _ in range(count)]
    for table in tables:
        buckets[min(place[variable] for variable in table.variables)].append(table)
    beliefs, children = list[_Table](), defaultdict[int, list[tuple[int, _Table]]](list)
    for number, variable in enumerate(order):
        belief = _product(buckets[number], variable)
        beliefs.append(belief)
        message = _Table(belief.variables[1:], np.logaddexp(belief.values[0], belief.values[1]))
        if message.variables:
            parent = min(place[item] for item in message.variables)
            buckets[parent].append(message)
            children[parent].append((number, message))
    result = np.zeros(count)
    for number in reversed(range(count)):
        belief = beliefs[number]
        result[belief.variables[0]] = _marginal(belief, 0)
        for child, message in children[number]:
            down = _summed(belief, message.variables) - message.values
            below = beliefs[child]
            beliefs[child] = _Table(below.variables, below.values + down[None])
    return result


def _product(tables: Sequence[_Table], first: int) -> _Table:
    """Sum of logarithms over all variables of the tables, ``first`` on the first axis."""
    others = sorted({variable for table in tables for variable in table.variables} - {first})
    variables = (first, *others)
    axis = {variable: number for number, variable in enumerate(variables)}
    total = np.zeros((2,) * len(variables))
    for table in tables:
        total += _spread(table, axis, len(variables))
    return _Table(variables, total)


def _spread(table: _Table, axis: dict[int, int], dimensions: int) -> Array:
    axes = [axis[variable] for variable in table.variables]
    shape = [1] * dimensions
    for number in axes:
        shape[number] = 2
    spread: Array = table.values.transpose(np.argsort(axes)).reshape(shape)
    return spread


def _summed(table: _Table, kept: Sequence[int]) -> Array:
    """Logarithm of the sum over all other variables, axes in the order of ``kept``."""
    away = tuple(number for number, variable in enumerate(table.variables) if variable not in kept)
    most = table.values.max()
    result: Array = np.log(np.exp(table.values - most).sum(axis=away)) + most
    left = [variable for variable in table.variables if variable in kept]
    return result.transpose([left.index(variable) for variable in kept])


def _marginal(table: _Table, axis: int) -> float:
    shares: npt.NDArray[np.float64] = np.exp(table.values - table.values.max())
    sums = shares.sum(axis=tuple(number for number in range(shares.ndim) if number != axis))
    return float(sums[1] / sums.sum())

"""Inference against brute force: every assignment weighed by its constraints."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.facts.factories import settings
from tidemill.facts.elimination import exact_probabilities
from tidemill.facts.graph import Clause, Graph
from tidemill.facts.inference import infer
from tidemill.facts.sampling import sampled_probabilities


def brute_force(graph: Graph) -> np.ndarray:
    count = len(graph.log_odds)
    states = np.array(list(product([0, 1], repeat=count)), dtype=bool)
    energy = states @ graph.log_odds
    for clause in graph.clauses:
        holds = states[:, list(clause.true)].any(axis=1) | ~states[:, list(clause.false)].all(axis=1)
        energy -= clause.weight * ~holds
    for scope in graph.at_most_one:
        energy[states[:, list(scope)].sum(axis=1) > 1] = -np.inf
    share = np.exp(energy - energy.max())
    return share @ states / share.sum()


def random_graph(seed: int, count: int) -> Graph:
    """Rules of three facts, soft and hard, and sets of which one holds, among random variables."""
    rng = np.random.default_rng(seed)
    clauses = []
    for _ in range(count):
        head, *body = rng.choice(count, size=3, replace=False).tolist()
        clauses.append(Clause((head,), tuple(body), float(rng.choice([0.5, 2.0, 30.0]))))
    sets = [tuple(rng.choice(count, size=int(rng.integers(2, 7)), replace=False).tolist()) for _ in range(2)]
    return Graph(rng.normal(0, 2, count), clauses, sets)


@pytest.mark.parametrize("seed", range(8))
def test_elimination_is_exact(seed: int):
    graph = random_graph(seed, 11)
    found = exact_probabilities(graph, 15)
    assert found is not None
    np.testing.assert_allclose(found, brute_force(graph), atol=1e-6)


def test_a_large_set_of_which_one_holds_needs_no_large_table():
    """Closed form: each alone has odds e^x, none has 1, and nothing else is possible."""
    odds = np.linspace(-2, 2, 40)
    found = exact_probabilities(Graph(odds, [], [tuple(range(40))]), 5)
    np.testing.assert_allclose(found, np.exp(odds) / (1 + np.exp(odds).sum()), atol=1e-6)
    assert exact_probabilities(random_graph(0, 12), 2) is None


@pytest.mark.parametrize("seed", range(3))
def test_sampling_is_within_two_hundredths_of_brute_force(seed: int):
    graph = random_graph(seed, 10)
    found = sampled_probabilities(graph, sweeps=1500, chains=48, seed=seed)
    np.testing.assert_allclose(found, brute_force(graph), atol=0.02)


def test_components_are_solved_apart_and_lone_facts_stay_as_they_are():
    graph = Graph(np.array([1.0, -1.0, 0.5, 2.0]), [Clause((3,), (1,), 1.5)])
    found = infer(graph, settings())
    assert (found.alone, found.exact, found.sampled) == (2, 2, 0)
    np.testing.assert_allclose(found.probabilities, brute_force(graph), atol=1e-9)
    wide = infer(random_graph(1, 10), settings(width=2, sweeps=1500, chains=48))
    assert wide.sampled == 10
    np.testing.assert_allclose(wide.probabilities, brute_force(random_graph(1, 10)), atol=0.02)


def test_sampling_repeats_itself_by_its_seed():
    graph = random_graph(4, 9)
    once, again, other = (sampled_probabilities(graph, sweeps=20, chains=4, seed=seed) for seed in (1, 1, 2))
    assert once.tolist() == again.tolist() != other.tolist()

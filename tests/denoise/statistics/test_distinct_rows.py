"""Distinct rows within a budget."""

import numpy as np

from tests.denoise.factories import clones
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def test_a_budget_keeps_about_so_many_rows_and_the_same_ones_in_any_order():
    votes, _ = clones()
    found = distinct_rows(votes, budget=1000)
    mixed = distinct_rows(votes[np.random.default_rng(1).permutation(len(votes))], budget=1000)
    assert 700 < len(found.weights) < 1300
    assert (found.votes == mixed.votes).all()
    assert (found.weights == mixed.weights).all()

"""Distinct rows within a budget."""

import itertools

import numpy as np
import pytest

from tests.denoise.factories import clones
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.statistics.distinct_rows import _first, distinct_rows, function_order, row_hashes


def test_a_budget_keeps_about_so_many_rows_and_the_same_ones_in_any_order():
    votes, _ = clones()
    found = distinct_rows(votes, budget=1000)
    mixed = distinct_rows(votes[np.random.default_rng(1).permutation(len(votes))], budget=1000)
    assert 700 < len(found.weights) < 1300
    assert (found.votes == mixed.votes).all()
    assert (found.weights == mixed.weights).all()


def test_a_sample_keeps_rows_in_proportion_to_their_count_and_their_number_on_average():
    votes = np.array(list(itertools.product(range(-1, 3), repeat=6)), dtype=np.int16)  # 4,096 rows, no two alike
    weights = np.where(np.arange(4096) < 96, 10, 1)
    found = distinct_rows(votes, budget=1024, weights=weights)  # a quarter of what is distinct
    heavy = found.weights > 1
    assert heavy.sum() == 96  # seen ten times, each is kept for certain
    assert set(found.weights[heavy]) == {2.5}
    assert set(found.weights[~heavy]) == {1.0}
    assert (~heavy).sum() == pytest.approx(1000, abs=4 * np.sqrt(4000 * 0.25 * 0.75))
    whole = distinct_rows(votes, budget=4096, weights=weights)
    assert len(whole.weights) == 4096
    assert whole.weights.sum() == weights.sum()


def test_rows_of_other_gold_are_not_alike():
    votes = np.array([[0], [0], [0], [1]], dtype=np.int16)
    found = distinct_rows(votes, budget=10, gold=np.array([1, NO_GOLD, 1, 1]))
    table = sorted(zip(found.votes[:, 0].tolist(), found.gold.tolist(), found.weights.tolist(), strict=True))
    assert table == [(0, NO_GOLD, 1.0), (0, 1, 2.0), (1, 1, 1.0)]


def test_functions_that_vote_alike_are_ordered_by_the_votes_of_others_on_their_rows():
    votes = np.array([[0, ABSTAIN, 0], [ABSTAIN, 0, ABSTAIN], [ABSTAIN, ABSTAIN, 1]], dtype=np.int16)
    # the first two vote once each; beside the first another votes
    orders = [[2, 0, 1], [1, 2, 0], [0, 1, 2], [2, 1, 0]]
    columns = [votes[:, order][:, function_order(votes[:, order], 2)].T.tolist() for order in orders]
    assert all(found == columns[0] for found in columns)
    weights = np.array([1, 3, 1])
    weighed = [votes[:, order][:, function_order(votes[:, order], 2, weights=weights)].T.tolist() for order in orders]
    assert all(found == weighed[0] for found in weighed)
    repeated = np.repeat(votes, weights, axis=0)
    assert function_order(repeated, 2).tolist() == function_order(votes, 2, weights=weights).tolist()


def test_a_row_that_shares_the_low_bits_of_a_wanted_hash_is_not_taken_for_it():
    hashes = np.array([5 + (3 << 20), 5, 9, 7, 5 + (1 << 20), 7], dtype=np.uint64)
    assert _first(hashes, np.array([5, 7], dtype=np.uint64)).tolist() in ([1, 3], [1, 5])


def test_every_vote_moves_about_half_of_the_bits_of_a_rows_hash():
    votes = np.random.default_rng(0).integers(-1, 3, (4000, 5)).astype(np.int16)
    gold = np.full(4000, NO_GOLD)
    own = row_hashes(votes, gold, np.arange(5))
    for function in range(5):
        other = votes.copy()
        other[:, function] = np.where(votes[:, function] == 2, -1, votes[:, function] + 1)
        flipped = (own ^ row_hashes(other, gold, np.arange(5))).view(np.uint8)
        share = np.unpackbits(flipped).mean()
        assert share == pytest.approx(0.5, abs=0.02)
    assert (own != row_hashes(votes, np.zeros(4000, dtype=int), np.arange(5))).all()

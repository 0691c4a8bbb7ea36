"""Class balance, and the prior of rows without votes."""

import numpy as np
import pytest

from tests.denoise.factories import rare_votes
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.balance import (
    class_balance,
    class_vote_shares,
    geometric_mean,
    leading_class,
    uncovered_prior,
)
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def test_the_balance_is_the_geometric_mean_of_two_estimates():
    assert geometric_mean(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == pytest.approx([0.5, 0.5])
    votes = np.array([[0, 0], [0, ABSTAIN], [1, 0], [ABSTAIN, ABSTAIN]], dtype=np.int16)
    assert class_vote_shares(distinct_rows(votes, budget=10), 2) == pytest.approx([2.5 / 3, 0.5 / 3])


def test_gold_and_a_stated_balance_outweigh_the_estimate_from_votes():
    truth, votes = rare_votes(0.3, 3, 1, seed=5, rows=1000)
    pairs = PairLifts(2).fit(votes)
    order = pairs.order_
    blind = class_balance(distinct_rows(votes, budget=9999, order=order), pairs.balance_, np.zeros(2))
    gold = np.where(np.arange(1000) < 100, truth, -1)
    told = class_balance(distinct_rows(votes, budget=9999, order=order, gold=gold), pairs.balance_, np.zeros(2))
    known = truth[:100].mean()
    assert told[1] == pytest.approx((10 * blind[1] + 100 * known) / 110)
    stated = class_balance(distinct_rows(votes, budget=9999, order=order), pairs.balance_, np.array([95.0, 5.0]))
    assert stated[1] == pytest.approx((10 * blind[1] + 5) / 110)


def test_a_silent_row_is_held_for_a_class_only_where_the_estimate_leaves_no_doubt():
    sure, doubtful = np.array([0.75, 0.25]), np.array([0.6, 0.4])
    alike = [0.5, 0.5]
    assert uncovered_prior(sure, np.array([0.1, 0.9])) == pytest.approx(sure)
    assert uncovered_prior(doubtful, np.array([0.55, 0.45])) == pytest.approx(alike)
    assert uncovered_prior(doubtful, np.array([0.1, 0.9])) == pytest.approx(alike)
    assert uncovered_prior(np.array([0.65, 0.35]), np.array([0.55, 0.45])) == pytest.approx(alike)  # a lead of .3
    agreed = uncovered_prior(doubtful, np.array([0.9, 0.1]))
    assert agreed == pytest.approx(geometric_mean(doubtful, np.array([0.9, 0.1])))


def test_the_lead_of_four_tenths_is_decisive_and_less_is_not():
    at, below = np.array([0.7, 0.3]), np.array([0.6999, 0.3001])
    assert leading_class(np.array([0.5, 0.3, 0.2])) == pytest.approx(0.2)
    assert uncovered_prior(np.array([0.75, 0.25, 0.0]), np.full(3, 1 / 3)) == pytest.approx([0.75, 0.25, 0.0])
    assert uncovered_prior(at + np.array([1e-9, -1e-9]), np.array([0.5, 0.5])) == pytest.approx(at)
    assert uncovered_prior(below, np.array([0.5, 0.5])) == pytest.approx([0.5, 0.5])
    assert uncovered_prior(below, at + np.array([1e-9, -1e-9])) == pytest.approx(geometric_mean(below, at))
    assert uncovered_prior(below, below) == pytest.approx([0.5, 0.5])


def test_the_geometric_mean_keeps_every_class_above_nothing():
    first, second = np.array([1.0, 0.0]), np.array([0.8, 0.2])
    product = np.sqrt(np.array([1.005 * 0.805, 0.005 * 0.205]))
    assert geometric_mean(first, second) == pytest.approx(product / product.sum())


def test_where_no_function_votes_shares_are_alike():
    votes = np.full((4, 2), ABSTAIN, dtype=np.int16)
    assert class_vote_shares(distinct_rows(votes, budget=10), 3) == pytest.approx([1 / 3] * 3)

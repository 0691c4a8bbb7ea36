"""Class balance, and the prior of rows without votes."""

import numpy as np
import pytest

from tests.denoise.fabric import rare_votes
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.balance import class_balance, class_vote_shares, geometric_mean, uncovered_prior
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def test_the_balance_is_the_geometric_mean_of_two_estimates():
    assert geometric_mean(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == pytest.approx([0.5, 0.5])
    votes = np.array([[0, 0], [0, ABSTAIN], [1, 0], [ABSTAIN, ABSTAIN]], dtype=np.int8)
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

"""Votes weighted by agreement: accuracies and evidence by hand."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, NO_GOLD, not_class
from tidemill.denoise.models.weighted import WeightedVote, one_coin_evidence, smoothed_accuracies
from tidemill.denoise.statistics.distinct_rows import DistinctRows


def test_accuracies_are_shares_of_right_votes_shrunk_to_those_of_all():
    votes = np.array([[0, 1], [1, ABSTAIN], [not_class(0), 1]], dtype=np.int16)
    rows = DistinctRows(votes, np.array([4.0, 2.0, 1.0]), np.full(3, NO_GOLD))
    labels = np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]])
    right, total = np.array([4 * 0.75 + 2 * 0.5 + 1.0, 4 * 0.25 + 1.0]), np.array([7.0, 5.0])
    every = right.sum() / total.sum()
    assert smoothed_accuracies(rows, labels, 2) == pytest.approx((right + 10 * every) / (total + 10))
    silent = DistinctRows(np.full((1, 2), ABSTAIN, dtype=np.int16), np.ones(1), np.full(1, NO_GOLD))
    assert smoothed_accuracies(silent, labels[:1], 2).tolist() == [0.0, 0.0]


def test_errors_fall_on_all_other_classes_alike():
    found = np.exp(one_coin_evidence(np.array([0.7]), 3))
    assert found[0] == pytest.approx([0.7, 0.15, 0.15])
    assert found[3] == pytest.approx([0.3, 0.35, 0.35])  # against the first class: right of the two others
    certain = np.exp(one_coin_evidence(np.array([1.0, 0.0]), 2))
    assert certain[0] == pytest.approx([0.99, 0.01])
    assert certain[4] == pytest.approx([0.01, 0.99])


def test_the_answer_weighs_each_vote_by_its_log_odds():
    votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    model = WeightedVote(2).fit(votes)
    odds = np.log(model.accuracies() / (1 - model.accuracies()))
    found = model.predict_proba(np.array([[0, 0, 1], [ABSTAIN, ABSTAIN, 1]], dtype=np.int16))
    assert np.log(found[:, 0] / found[:, 1]) == pytest.approx([odds[0] + odds[1] - odds[2], -odds[2]])
    assert model.prior_ == pytest.approx([0.5, 0.5])


def test_gold_settles_which_of_two_votes_was_right():
    votes = np.array([[0, 1]] * 4 + [[1, 0]] * 4, dtype=np.int16)
    assert WeightedVote(2).fit(votes).accuracies() == pytest.approx([0.5, 0.5])
    gold = np.array([1] * 4 + [0] * 4)  # the second function is right, as far as gold is: in 97 of 100
    expected = (8 * np.array([0.03, 0.97]) + 10 * 0.5) / 18
    assert WeightedVote(2).fit(votes, gold=gold).accuracies() == pytest.approx(expected)

"""What Dawid-Skene's confusions are shrunk to, and where EM has left the majority vote behind; by hand."""

from typing import Any

import numpy as np
import pytest

from tidemill.denoise.models import dawid_skene
from tidemill.denoise.models.dawid_skene import DawidSkene, _habits, _left_behind, confusions, floored


def test_habits_are_a_functions_own_rates_tilted_to_one_accuracy():
    counts = np.zeros((1, 4, 2))
    counts[0, 0], counts[0, 1] = [30.0, 10.0], [5.0, 15.0]  # says class 0 forty times, class 1 twenty times
    mass, pseudo_counts = np.array([60.0, 40.0]), np.array([[2.0], [4.0]])
    accuracy = (30 + 15 + 2) / (60 + 4)
    share = np.array([61.0, 41.0]) / 102
    rate = np.array([[40.01], [20.01]]) * np.array([[accuracy, 1 - accuracy], [1 - accuracy, accuracy]]) / 101 / share
    against = 0.01 * np.array([[1 - accuracy, accuracy], [accuracy, 1 - accuracy]]) / 101 / share
    expected = np.vstack([rate, against])
    found = _habits(counts, mass, pseudo_counts)[0]
    assert found[:4] == pytest.approx(expected)
    assert found[4] == pytest.approx(1.0 - expected.sum(axis=0))


def test_confusions_are_the_mean_of_counts_and_belief():
    votes = np.zeros((4, 4))
    votes[[0, 1], 0], votes[2, 1] = 1.0, 1.0  # the fourth row has no vote
    weighted = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    pseudo_counts = np.array([[1.0], [2.0]])
    counts = np.array([[[2.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]])
    seen = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    belief = _habits(counts, np.array([2.0, 2.0]), pseudo_counts)[0]
    assert confusions(votes, weighted, 3.0, pseudo_counts=pseudo_counts)[0] == pytest.approx((seen + 3 * belief) / 5.0)


@pytest.mark.parametrize(
    ("after", "behind"),
    [
        ([[0.9, 0.1]] * 8 + [[0.1, 0.9]] * 2, False),
        ([[1.0, 0.0]] * 10, True),  # the second class is lost
        ([[0.98, 0.02]] * 8 + [[0.94, 0.06]] * 2, False),  # .28 of 2 rows are left: more than a tenth
        ([[0.995, 0.005]] * 8 + [[0.94, 0.06]] * 2, True),  # .16 of 2 rows
        ([[0.3, 0.7]] * 8 + [[0.7, 0.3]] * 2, True),  # it says the contrary
    ],
)
def test_em_has_left_the_majority_vote_behind_where_a_class_is_lost_or_the_contrary_is_said(after, behind):
    first = np.array([[1.0, 0.0]] * 8 + [[0.0, 1.0]] * 2)
    assert _left_behind(np.array(after), first, np.ones(10)) == behind


def test_a_class_that_hardly_was_there_is_no_loss_and_rows_count_by_their_weight():
    first = np.array([[1.0, 0.0], [0.0, 1.0]])
    lost = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert not _left_behind(lost, first, np.array([98.0, 2.0]))  # two in a hundred
    assert _left_behind(lost, first, np.array([97.0, 3.0]))
    assert not _left_behind(lost, first, np.zeros(2))  # nothing is known of no rows


def test_no_class_is_below_the_floor():
    assert floored(np.array([0.999, 0.001, 0.0]), 0.03) == pytest.approx(np.array([0.999, 0.01, 0.01]) / 1.019)


def test_an_accuracy_is_the_share_of_a_functions_votes_that_are_right():
    model: Any = DawidSkene(2)
    model.balance_ = np.array([0.75, 0.25])
    # of the first class .4 are named, .1 taken for the second, of the second .2 and .6; some are refused
    model.confusions_ = np.array([[[0.4, 0.2], [0.1, 0.6], [0.05, 0.1], [0.05, 0.0], [0.4, 0.1]]])
    right = 0.75 * 0.4 + 0.25 * 0.6 + 0.25 * 0.1 + 0.75 * 0.05
    votes = 0.75 * 0.6 + 0.25 * 0.9
    assert model._accuracies() == pytest.approx([right / votes])


def test_a_model_that_fell_back_believes_every_class_alike_and_says_so():
    model: Any = DawidSkene(2)
    model.balance_, model.fallback_ = np.array([0.75, 0.25]), False
    assert model.report()["fallback_reason"] is None
    model.fallback_ = True
    assert "predictions are the majority vote's" in model.report()["fallback_reason"]
    votes = np.array([[0, 0], [0, 1], [-1, -1]], dtype=np.int8)
    assert model._predict(votes, None) == pytest.approx(np.array([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]))


def test_where_em_leaves_the_majority_vote_behind_balance_and_prior_are_uniform(monkeypatch):
    votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0]] * 5, dtype=np.int8)
    kept: Any = DawidSkene(2).fit(votes)
    assert not kept.fallback_
    assert kept.balance_[0] > 0.6
    monkeypatch.setattr(dawid_skene, "_left_behind", lambda *_: True)
    model: Any = DawidSkene(2).fit(votes)
    assert model.balance_.tolist() == model.prior_.tolist() == [0.5, 0.5]


def test_the_prior_of_silence_is_the_balance_and_how_readily_functions_speak_of_each_class():
    model: Any = DawidSkene(2)
    model.balance_, model.weights_ = np.array([0.8, 0.2]), np.array([1.0, 0.5])
    model.confusions_ = np.tile(np.array([[0.5, 0.0], [0.0, 0.1], [0.0, 0.0], [0.0, 0.0], [0.5, 0.9]]), (2, 1, 1))
    silent = np.array([0.8 * 0.5**1.5, 0.2 * 0.9**1.5])
    bias = np.exp(model._bias())
    assert bias == pytest.approx(silent)

"""Confusions given that a function votes: the M step by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tidemill.denoise.models.dawid_skene_votes import DawidSkeneVotes, conditional_confusions
from tidemill.denoise.models.registry import from_dict
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import one_hot

COUNTS = np.array([[6.0, 1.0], [2.0, 5.0], [0.0, 0.0], [0.0, 0.0]])
"""Posterior mass of both classes where the function votes the first, the second, and against either."""


def estimated(counts, strength=8.0, **given):
    """Confusions where each kind of vote came on one row of this posterior mass."""
    return conditional_confusions(csr_matrix(np.eye(len(counts))), np.asarray(counts), strength, **given)


def test_confusions_are_the_mean_of_counts_and_one_accuracy():
    found, accuracies = estimated(COUNTS)
    right = (6 + 5 + 1.4) / (14 + 2)  # of fourteen votes eleven are right; 1.4 of 2 are believed
    assert accuracies == pytest.approx([right])
    # seven votes for either class: no habit, so belief is the accuracy itself
    belief = np.array([[right, 1 - right], [1 - right, right]])
    assert found[:2] == pytest.approx((COUNTS[:2] + 8 * belief) / (COUNTS.sum(axis=0) + 8))
    assert (found[2:] <= 1e-11).all()  # votes that were never given


def test_belief_follows_a_functions_habits_or_those_that_are_stated():
    counts = np.array([[9.0, 3.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    right = (9 + 1 + 1.4) / (14 + 2)
    for habits, ready in ((None, np.array([12.5, 2.5]) / 15), (np.array([[0.3, 0.7, 0.0, 0.0]]), np.array([0.3, 0.7]))):
        found, _ = estimated(counts, habits=habits)
        belief = np.array([[right, 1 - right], [1 - right, right]]) * ready[:, None]
        belief /= belief.sum(axis=0)
        assert found[:2] == pytest.approx((counts[:2] + 8 * belief) / (counts.sum(axis=0) + 8))


def test_a_vote_against_a_class_is_right_where_another_class_is_and_is_spread_over_these():
    counts = np.zeros((6, 3))
    counts[3] = [1.0, 4.0, 7.0]  # twelve votes against the first class
    found, accuracies = estimated(counts, strength=3.0, pseudo_counts=np.array([[0.0], [0.0]]))
    right = 11 / 12
    assert accuracies == pytest.approx([right])
    chance, total = 0.5, 12 + 1.5
    ready = np.array([chance, chance, chance, 12.0, 0.0, 0.0]) / total
    wrong_of_class, wrong_of_refusal = (1 - right) / 2, 1 - right
    tilt = np.full((6, 3), wrong_of_class)
    tilt[:3][np.eye(3, dtype=bool)] = right
    tilt[3:] = right / 2
    tilt[3:][np.eye(3, dtype=bool)] = wrong_of_refusal
    belief = tilt * ready[:, None]
    belief /= belief.sum(axis=0)
    expected = (counts + 3 * belief) / (counts.sum(axis=0) + 3)
    assert found[:4] == pytest.approx(expected[:4])


def test_a_row_that_came_three_times_counts_as_three_rows():
    votes = np.array([[0, 0, 1], [0, 1, 1], [1, 1, -1]], dtype=np.int16)
    times, gold = np.array([3, 1, 2]), np.full(3, -1)
    counted, repeated = DawidSkeneVotes(2), DawidSkeneVotes(2)
    for model, rows in (
        (counted, DistinctRows(votes, times.astype(float), gold)),
        (repeated, DistinctRows(np.repeat(votes, times, axis=0), np.ones(6), np.full(6, -1))),
    ):
        model.order_, model.functions_ = np.arange(3), 3
        model.learn(rows)
    assert counted.evidence_ == pytest.approx(repeated.evidence_)


def test_a_stated_balance_is_the_prior_of_every_row():
    votes = np.array([[0, 1], [1, 0], [0, 0], [1, 1]] * 20, dtype=np.int16)
    plain, stated = DawidSkeneVotes(2).fit(votes), DawidSkeneVotes(2, balance=[0.9, 0.1]).fit(votes)
    assert plain.balance_ == pytest.approx([0.5, 0.5])
    assert stated.balance_ == pytest.approx([0.9, 0.1])
    tied = votes[:1]
    assert plain.predict_proba(tied)[0, 0] == pytest.approx(0.5, abs=1e-6)
    assert stated.predict_proba(tied)[0, 0] > 0.7


def test_confusions_are_those_of_the_posterior_under_the_stated_balance():
    rng = np.random.default_rng(0)
    truth = (rng.random(300) < 0.2).astype(int)
    votes = np.where(rng.random((300, 4)) < 0.8, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    model = DawidSkeneVotes(2, balance=[0.8, 0.2], iterations=500).fit(votes)
    own = votes[:, model.order_]
    counts = model.accuracy_counts()
    again, accuracies = conditional_confusions(
        one_hot(own, 2), model.predict_proba(votes), model.strength, pseudo_counts=counts
    )
    assert np.exp(model.evidence_) == pytest.approx(again, abs=1e-3)
    assert model.accuracies_ == pytest.approx(accuracies, abs=1e-3)


def test_a_model_that_was_written_under_its_name_before_0_2_0_is_read():
    votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    model = DawidSkeneVotes(n_classes=2).fit(votes)
    restored = from_dict(model.to_dict() | {"model": "spoken"})
    np.testing.assert_array_equal(restored.predict_proba(votes), model.predict_proba(votes))

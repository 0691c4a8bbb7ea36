"""A classifier on features beside the votes."""

import json
from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import clones, rare_votes
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models import create
from tidemill.denoise.models.base import from_dict
from tidemill.denoise.models.joint import Joint, bias_to_shares, class_recall, informedness
from tidemill.denoise.statistics.votes import softmax


def test_features_that_tell_nothing_leave_the_answer_to_the_votes():
    votes, _truth = clones(copies=1, rows=2000)
    noise = np.random.default_rng(1).normal(size=(2000, 8)).astype(np.float32)
    votes_only: Any = create("auto", 2, seed=1, draws=0).fit(votes).predict_proba(votes)
    model: Any = create("auto", 2, seed=1, draws=0).fit(votes, features=noise)
    assert model.chosen_.skill_ < 0.1
    assert model.predict_proba(votes, features=noise) == pytest.approx(votes_only, abs=1e-6)


def test_silent_rows_take_the_answer_of_features_that_tell_much():
    votes, truth = clones(copies=1, rows=2000)
    votes[:300] = ABSTAIN
    telling = (np.random.default_rng(1).normal(size=(2000, 4)) + 3 * truth[:, None]).astype(np.float32)
    found: Any = create("joint", 2).fit(votes, features=telling).predict_proba(votes, features=telling)
    assert (found.argmax(axis=1) == truth)[:300].mean() > 0.95


@pytest.mark.parametrize("rate", [0.6, 0.98])
def test_a_stated_default_and_its_rate_are_the_shares_of_silent_rows_that_features_answer(rate):
    truth, votes = rare_votes(0.1, 2, 2, seed=3, rows=2000)
    features = (np.random.default_rng(1).normal(size=(2000, 4)) + 3 * truth[:, None]).astype(np.float32)
    model: Any = create("auto", 2, seed=1, draws=0, default=0, default_rate=rate).fit(votes, features=features)
    assert model.evidence_["chosen"] == "joint"
    silent = (votes == ABSTAIN).all(axis=1)
    found = model.predict_proba(votes, features=features)
    assert found[silent].mean(axis=0) == pytest.approx([rate, 1 - rate], abs=0.02)
    assert found[silent & (truth == 1), 1].mean() > found[silent & (truth == 0), 1].mean() + 0.3  # features still tell
    plain = create("auto", 2, seed=1, draws=0).fit(votes, features=features).predict_proba(votes, features=features)
    assert found[~silent] == pytest.approx(plain[~silent], abs=0.05)
    assert model.predict_proba(votes)[silent][0] == pytest.approx([rate, 1 - rate])
    again = from_dict(json.loads(json.dumps(model.to_dict())))
    assert (again.predict_proba(votes, features=features) == found).all()


def test_the_prior_beside_features_is_what_rows_without_votes_get_on_average():
    _, votes = rare_votes(0.05, 3, 0, seed=1, rows=2000)
    features = np.random.default_rng(1).normal(size=(2000, 4)).astype(np.float32)
    model = create("auto", 2, seed=1, draws=0).fit(votes, features=features)
    silent = (votes == ABSTAIN).all(axis=1)
    found = model.predict_proba(votes, features=features)[silent].mean(axis=0)
    assert model.prior_ == pytest.approx(found, abs=1e-3)
    assert model.balance_[1] > 2 * model.prior_[1]  # rows with votes are of the other class


def combined(skill, gold: Any = 0.0):
    model = Joint(2)
    model.skill_ = skill
    meaning, alone, seen = (np.array([row]) for row in ([0.7, -0.7], [0.9, 0.1], [0.3, 0.7]))
    found = model._combined(meaning, alone, seen, gold)[0]
    return np.log(found[0] / found[1])


@pytest.mark.parametrize(
    ("skill", "trust", "weight"),
    [
        (0.1, 0.0, 0.0),
        (0.05, 0.0, 0.0),
        (0.2, 0.25, 0.5),
        (0.3, 0.5, 1.0),
        (0.4, 0.75, 1.0),
        (0.5, 1.0, 1.0),
        (0.9, 1.0, 1.0),
    ],
)
def test_votes_and_what_they_mean_and_the_classifier_count_by_its_skill(skill, trust, weight):
    odds = trust * 1.4 + (1 - trust) * np.log(9) + weight * np.log(3 / 7)
    assert combined(skill) == pytest.approx(odds)
    assert combined(skill, gold=np.array([[0.0, 2.0]])) == pytest.approx(odds - 2.0)


def test_what_features_tell_of_a_row_is_told_by_a_classifier_that_has_not_seen_it():
    labels = np.eye(2)[np.random.default_rng(0).integers(0, 2, 60)]
    features = 100 * np.eye(60, dtype=np.float32)  # each row has a dimension of its own, so its label can be remembered
    votes = labels.argmax(axis=1).astype(np.int8)[:, None]
    assert Joint(2).feature_fit(votes, features, labels) < 0.1


def test_skill_is_agreement_beyond_the_commonest_class_and_none_of_no_rows():
    labels = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8]])
    assert informedness(labels[[0, 1, 3, 3]], labels) == pytest.approx(
        0.0
    )  # three of four, as naming the first always is
    assert informedness(labels[[3, 3, 3, 0]], labels) == pytest.approx(-3.0)
    assert informedness(labels[:0], labels[:0]) == 0.0


def test_a_class_is_recalled_from_a_quarter_of_the_way_to_certainty_on():
    labels = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    seen = np.array([[0.6, 0.4], [0.6, 0.4], [0.5, 0.5], [0.5, 0.5]])
    mean, there = seen.mean(axis=0), np.array([(0.6 + 0.6 + 0.25) / 2.5, (0.5 + 0.25) / 1.5])
    assert class_recall(seen, labels) == pytest.approx((there - mean) / (1 - mean) / 0.25)
    assert class_recall(labels, labels).tolist() == [1.0, 1.0]
    assert class_recall(labels[:0], labels[:0]).tolist() == [0.0, 0.0]


def test_a_vote_means_what_the_classifier_sees_where_it_is_given_shrunk_to_the_balance():
    seen = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    start = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    one_hot_votes = np.zeros((4, 4))
    one_hot_votes[:3, 0], one_hot_votes[3, 3] = 1.0, 1.0  # three votes for the first class, one against the second
    model = Joint(2, strength=5.0)
    balance = seen.mean(axis=0)
    for recall in ([1.0, 1.0], [0.0, 0.5]):
        model._read_votes(one_hot_votes, seen, start, np.array(recall))
        mass = recall[0] * seen[:3].sum(axis=0) + (1 - recall[0]) * start[:3].sum(axis=0)
        meaning = (mass + 5 * balance) / (3 + 5)
        assert np.exp(model.evidence_[0]) == pytest.approx(meaning / balance)
        mass = recall[1] * seen[3] + (1 - recall[1]) * start[3]
        refusal = (mass + 5 * balance) / (1 + 5)
        assert np.exp(model.evidence_[3]) == pytest.approx(refusal / balance)
        assert np.exp(model.evidence_[1]) == pytest.approx([1.0, 1.0])  # never given: the balance
        assert model.accuracies_ == pytest.approx([(3 * meaning[0] + (1 - refusal[1])) / 4])


def test_a_bias_gives_predictions_the_stated_shares_and_leaves_their_order():
    given = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    shares = np.array([0.3, 0.7])
    moved = softmax(np.log(given) + bias_to_shares(given, shares))
    assert moved.mean(axis=0) == pytest.approx(shares)
    assert (np.diff(moved[:, 0]) < 0).all()
    assert bias_to_shares(given, given.mean(axis=0)) == pytest.approx([0.0, 0.0], abs=1e-9)

"""Pairs of votes: what they tell of precision, balance and repetition, on simulators whose truth is known."""

import json

import numpy as np
import pytest
from scipy.optimize import check_grad

from tidemill.contracts import ABSTAIN
from tidemill.denoise.clones import groups
from tidemill.denoise.evidence import calibration_error
from tidemill.denoise.lifts import PairLifts
from tidemill.denoise.multilabel import MultiLabel
from tidemill.denoise.pairs import _Problem, pair_counts
from tidemill.denoise.patterns import function_order, patterns
from tidemill.denoise.registry import create


def two_sided(truth, accuracy, coverage, chance):
    right = chance.random(len(truth)) < accuracy
    return np.where(chance.random(len(truth)) < coverage, np.where(right, truth, 1 - truth), ABSTAIN).astype(np.int8)


def clones(copies=6, rows=10_000):
    chance = np.random.default_rng(7)
    truth = chance.integers(0, 2, rows)
    good = [two_sided(truth, 0.8, 0.7, chance) for _ in range(5)]
    poor = two_sided(truth, 0.55, 0.7, chance)
    return np.stack([*good, *[poor] * copies], axis=1), truth


def test_gradient_of_the_pair_loss_is_its_difference_quotient():
    votes, _ = clones(copies=2, rows=500)
    counts = pair_counts(patterns(votes[:, function_order(votes, 2)], budget=1000), 2, most=50)
    told = np.stack([np.full(len(counts.owner), 22.5), np.full(len(counts.owner), 30.0)])
    problem = _Problem(counts, counts.apart, np.full(2, 2.0), told)
    point = np.random.default_rng(0).normal(size=len(counts.owner) + 3) * 0.3
    assert check_grad(lambda x: problem.loss(x)[0], lambda x: problem.loss(x)[1], point) < 1e-3


def test_copies_of_a_poor_function_are_one_group_and_count_once():
    votes, _ = clones()
    model = PairLifts(2).fit(votes)
    back = np.argsort(model.order_)
    assert groups(model.excess_[np.ix_(back, back)]) == [[5, 6, 7, 8, 9, 10]]
    assert model.weights_.sum() == pytest.approx(6.0, abs=0.2)


def test_accuracies_are_found_beside_the_copies():
    votes, _ = clones()
    assert PairLifts(2).fit(votes).accuracies() == pytest.approx([0.8] * 5 + [0.55] * 6, abs=0.03)


def test_auto_is_an_oracle_where_copies_ruin_the_majority_vote():
    votes, truth = clones()
    odds = np.where(votes[:, :6] >= 0, (2 * votes[:, :6] - 1) * np.log([4.0] * 5 + [0.55 / 0.45]), 0.0).sum(axis=1)
    oracle = ((odds > 0) == truth).mean()
    model = create("auto", 2, seed=1, draws=0).fit(votes)
    found = model.predict_proba(votes)
    assert model.evidence_["chosen"] == "generative"
    assert model.evidence_["groups"] == [[5, 6, 7, 8, 9, 10]]
    assert (found.argmax(axis=1) == truth).mean() > oracle - 0.01
    assert calibration_error(found, truth) < 0.05


def test_rare_positives_of_one_sided_functions_are_found_and_their_share_too():
    chance = np.random.default_rng(3)
    truth = (chance.random(10_000) < 0.05).astype(int)
    rates = np.array([[0.4, 0.04], [0.04, 0.4]] * 5)
    votes = np.where(chance.random((10_000, 10)) < rates[:, truth].T, np.arange(10) % 2, ABSTAIN).astype(np.int8)
    logits = np.log([0.95, 0.05]) + np.where(votes[:, :, None] >= 0, np.log(rates), np.log1p(-rates)).sum(axis=1)
    model = create("auto", 2, seed=1, draws=5).fit(votes)
    right = (model.predict_proba(votes).argmax(axis=1) == truth).mean()
    assert right > (logits.argmax(axis=1) == truth).mean() - 0.01
    assert model.balance_[1] == pytest.approx(0.05, abs=0.01)


def test_a_budget_keeps_about_so_many_rows_and_the_same_ones_in_any_order():
    votes, _ = clones()
    found = patterns(votes, budget=1000)
    mixed = patterns(votes[np.random.default_rng(1).permutation(len(votes))], budget=1000)
    assert 700 < len(found.weights) < 1300
    assert (found.votes == mixed.votes).all()
    assert (found.weights == mixed.weights).all()


def test_hinted_accuracies_and_balance_are_evidence_not_truth():
    votes, _truth = clones(copies=1)
    misled = PairLifts(2, accuracies_hint=[None, None, None, None, None, 0.95], balance=[0.9, 0.1]).fit(votes)
    assert misled.accuracies()[5] == pytest.approx(0.55, abs=0.1)
    assert misled.balance_[0] < 0.7


def test_labels_that_do_not_exclude_one_another_are_as_many_binary_models():
    votes, _ = clones(copies=1, rows=500)
    both = {"a": votes, "b": 1 - np.where(votes < 0, 2, votes)}
    model = MultiLabel("one_coin").fit(both)
    loaded = MultiLabel.from_dict(json.loads(json.dumps(model.to_dict())))
    found = model.predict_proba(both)
    assert found.shape == (500, 2)
    assert found[:, 0] == pytest.approx(create("one_coin", 2).fit(votes).predict_proba(votes)[:, 1])
    assert (loaded.predict_proba(both) == found).all()


def test_features_that_tell_nothing_leave_the_answer_to_the_votes():
    votes, _truth = clones(copies=1, rows=2000)
    noise = np.random.default_rng(1).normal(size=(2000, 8)).astype(np.float32)
    votes_only = create("auto", 2, seed=1, draws=0).fit(votes).predict_proba(votes)
    model = create("auto", 2, seed=1, draws=0).fit(votes, features=noise)
    assert model.chosen_.skill_ < 0.1
    assert model.predict_proba(votes, features=noise) == pytest.approx(votes_only, abs=1e-6)


def test_silent_rows_take_the_answer_of_features_that_tell_much():
    votes, truth = clones(copies=1, rows=2000)
    votes[:300] = ABSTAIN
    telling = (np.random.default_rng(1).normal(size=(2000, 4)) + 3 * truth[:, None]).astype(np.float32)
    found = create("joint", 2).fit(votes, features=telling).predict_proba(votes, features=telling)
    assert (found.argmax(axis=1) == truth)[:300].mean() > 0.95

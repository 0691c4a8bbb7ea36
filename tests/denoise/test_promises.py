"""What every label model promises, run over the registry."""

import json

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, DataError, not_class
from tidemill.denoise.registry import MODELS, create, from_dict

EVERY_MODEL = pytest.mark.parametrize("name", sorted(MODELS))


def simulated(n_classes=3, rows=400, functions=7, coverage=0.5, seed=1):
    chance = np.random.default_rng(seed)
    truth = chance.choice(n_classes, rows, p=np.arange(1, n_classes + 1) / np.arange(1, n_classes + 1).sum())
    right = chance.random((rows, functions)) < np.linspace(0.55, 0.9, functions)
    wrong = (truth[:, None] + chance.integers(1, n_classes, (rows, functions))) % n_classes
    votes = np.where(right, truth[:, None], wrong)
    votes = np.where(chance.random((rows, functions)) < coverage, votes, ABSTAIN).astype(np.int8)
    votes[:5] = ABSTAIN
    refused = chance.random(rows) < 0.1
    votes[refused, 0] = [not_class((k + 1) % n_classes) for k in truth[refused]]
    return votes, truth


def features_of(truth, seed=2):
    return np.random.default_rng(seed).normal(size=(len(truth), 4)).astype(np.float32) + truth[:, None]


def made(name, n_classes):
    return create(name, n_classes, **({"seed": 1} if "seed" in MODELS[name].parameters else {}))


def fitted(name, votes, features, n_classes=3):
    return made(name, n_classes).fit(votes, features=features)


@EVERY_MODEL
def test_probabilities_sum_to_one_and_leave_the_votes_alone(name):
    votes, truth = simulated()
    before = votes.copy()
    found = fitted(name, votes, features_of(truth)).predict_proba(votes, features=features_of(truth))
    assert found.shape == (400, 3)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert (found >= 0).all()
    assert (votes == before).all()


@EVERY_MODEL
def test_a_silent_row_gets_the_prior(name):
    votes, truth = simulated()
    model = fitted(name, votes, features_of(truth))
    found = model.predict_proba(np.full((2, 7), ABSTAIN, dtype=np.int8))
    assert np.allclose(found, model.prior_, atol=1e-9)


@EVERY_MODEL
def test_order_of_rows_does_not_matter(name):
    votes, truth = simulated()
    features, order = features_of(truth), np.random.default_rng(3).permutation(len(votes))
    straight = fitted(name, votes, features).predict_proba(votes, features=features)
    mixed = fitted(name, votes[order], features[order]).predict_proba(votes, features=features)
    assert np.abs(straight - mixed).max() < 1e-6


@EVERY_MODEL
def test_order_of_functions_does_not_matter(name):
    votes, truth = simulated()
    features, order = features_of(truth), np.random.default_rng(4).permutation(votes.shape[1])
    straight = fitted(name, votes, features).predict_proba(votes, features=features)
    mixed = fitted(name, votes[:, order], features).predict_proba(votes[:, order], features=features)
    assert np.abs(straight - mixed).max() < 1e-6


@EVERY_MODEL
def test_the_same_votes_give_the_same_bytes(name):
    votes, truth = simulated()
    features = features_of(truth)
    first, second = (fitted(name, votes, features).to_dict() for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


@EVERY_MODEL
def test_what_is_saved_predicts_as_what_was_fitted(name):
    votes, truth = simulated()
    features = features_of(truth)
    model = fitted(name, votes, features)
    loaded = from_dict(json.loads(json.dumps(model.to_dict())))
    assert (model.predict_proba(votes, features=features) == loaded.predict_proba(votes, features=features)).all()


@EVERY_MODEL
def test_a_wrong_vote_is_named_by_row_and_function(name):
    votes, truth = simulated()
    model = fitted(name, votes, features_of(truth))
    votes[17, 4] = 7
    with pytest.raises(DataError, match="row 17 of votes, function 4: vote 7 is neither ABSTAIN"):
        model.predict_proba(votes)


@EVERY_MODEL
def test_votes_of_other_functions_are_refused(name):
    votes, truth = simulated()
    with pytest.raises(DataError, match="fitted on 7: fit it again"):
        fitted(name, votes, features_of(truth)).predict_proba(votes[:, :5])


@EVERY_MODEL
def test_nothing_to_learn_from_is_an_error(name):
    with pytest.raises(DataError, match="nothing to learn from"):
        made(name, 2).fit(np.empty((0, 3), dtype=np.int8))


@EVERY_MODEL
def test_it_is_no_worse_than_majority_vote_on_good_functions(name):
    votes, truth = simulated(rows=3000)
    heard = (votes != ABSTAIN).any(axis=1)
    features = features_of(truth)
    majority = create("majority", 3).fit(votes).predict_proba(votes)
    model = fitted(name, votes, features).predict_proba(votes, features=features)
    right = [(found.argmax(axis=1) == truth)[heard].mean() for found in (majority, model)]
    assert right[1] >= right[0] - 0.005

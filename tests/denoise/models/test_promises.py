"""What every label model promises, run over the registry."""

import json

import numpy as np
import pytest

from tests.denoise.factories import features_of, fitted, made, simulated
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, DataError
from tidemill.denoise.models.registry import MODELS, create, from_dict

EVERY_MODEL = pytest.mark.parametrize("name", sorted(MODELS))


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
    found = model.predict_proba(np.full((2, 7), ABSTAIN, dtype=np.int16))
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
        made(name, 2).fit(np.empty((0, 3), dtype=np.int16))


def odd_votes():
    chance = np.random.default_rng(8)
    sparse = np.where(chance.random((300, 15)) < 0.2, chance.integers(0, 3, (300, 15)), ABSTAIN)
    return {
        "one row of one function": (np.array([[0]]), 2),
        "nobody ever speaks": (np.full((20, 3), ABSTAIN), 5),
        "all say the same": (np.zeros((30, 4)), 2),
        "most classes are never named": (sparse, 20),
        "classes are only refused": (chance.integers(-4, -1, (100, 4)), 3),
        "all repeat one": (np.repeat(chance.integers(-1, 2, (100, 1)), 8, axis=1), 2),
        "more functions than rows": (np.where(chance.random((20, 60)) < 0.1, 1, ABSTAIN), 2),
    }


@pytest.mark.slow
@pytest.mark.parametrize("case", odd_votes())
@EVERY_MODEL
def test_odd_votes_get_probabilities_too(name, case):
    votes, n_classes = odd_votes()[case]
    votes = votes.astype(np.int16)
    features = features_of(votes[:, 0])
    model = fitted(name, votes, features, n_classes)
    found = model.predict_proba(votes, features=features)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert (found >= 0).all()
    json.dumps(model.to_dict() | model.report(), allow_nan=False)


@EVERY_MODEL
def test_sparse_one_sided_votes_keep_every_class(name):
    chance = np.random.default_rng(9)
    truth = chance.choice(4, 3000, p=[0.55, 0.25, 0.15, 0.05])
    owner = np.arange(16) % 4
    spoke = chance.random((3000, 16)) < np.where(owner == truth[:, None], 0.12, 0.01)
    votes = np.where(spoke, owner, ABSTAIN).astype(np.int16)
    features = (chance.normal(size=(3000, 4)) + 3 * np.eye(4)[truth]).astype(np.float32)
    found = fitted(name, votes, features, 4).predict_proba(votes, features=features)
    heard = (votes != ABSTAIN).any(axis=1)
    assert (np.bincount(found[heard].argmax(axis=1), minlength=4) > 0.02 * heard.sum()).all()


TAKE_GOLD = pytest.mark.parametrize("name", sorted(set(MODELS) - {"majority", "triplets"}))
TAKE_HINTS = pytest.mark.parametrize("name", sorted(n for n, m in MODELS.items() if "accuracies_hint" in m.parameters))


@TAKE_GOLD
def test_gold_is_evidence_of_what_a_function_is_worth(name):
    votes, truth = simulated()
    features = features_of(truth)
    voted = np.flatnonzero(votes[:, 6] != ABSTAIN)[:80]
    gold = np.full(len(votes), NO_GOLD)
    gold[voted] = (votes[voted, 6] + 1) % 3  # people say that function 6 is always wrong
    blind = fitted(name, votes, features)
    told = made(name, 3).fit(votes, features=features, gold=gold)
    assert told.accuracies()[6] < blind.accuracies()[6] - 0.02


@TAKE_HINTS
def test_a_hinted_accuracy_is_evidence_that_votes_outweigh(name):
    votes, _ = simulated(rows=1500)
    hints = [None] * 6 + [0.1]
    seed = {"seed": 1} if "seed" in MODELS[name].parameters else {}
    blind = made(name, 3).fit(votes).accuracies()[6]
    told = create(name, 3, accuracies_hint=hints, **seed).fit(votes).accuracies()[6]
    assert 0.3 < told < blind


@TAKE_HINTS
def test_a_hinted_balance_moves_the_balance_towards_it(name):
    votes, _ = simulated(rows=1500)
    seed = {"seed": 1} if "seed" in MODELS[name].parameters else {}
    blind = made(name, 3).fit(votes).balance_[0]
    told = create(name, 3, balance=[0.9, 0.05, 0.05], **seed).fit(votes).balance_[0]
    assert told > blind
    with pytest.raises(ConfigError, match="promised 3 shares above 0"):
        create(name, 3, balance=[0.5, 0.5], **seed).fit(votes)
    with pytest.raises(ConfigError, match="2 hinted accuracies for 7 functions"):
        create(name, 3, accuracies_hint=[0.5, 0.5], **seed).fit(votes)


@EVERY_MODEL
def test_it_is_no_worse_than_majority_vote_on_good_functions(name):
    votes, truth = simulated(rows=3000)
    heard = (votes != ABSTAIN).any(axis=1)
    features = features_of(truth)
    majority = create("majority", 3).fit(votes).predict_proba(votes)
    model = fitted(name, votes, features).predict_proba(votes, features=features)
    right = [(found.argmax(axis=1) == truth)[heard].mean() for found in (majority, model)]
    assert right[1] >= right[0] - 0.005


@EVERY_MODEL
def test_a_model_says_that_it_uses_features_where_they_change_its_answer(name):
    votes, truth = simulated()
    features = features_of(truth)
    model = fitted(name, votes, features)
    same = model.predict_proba(votes) == pytest.approx(model.predict_proba(votes, features=features), abs=1e-9)
    assert MODELS[name].uses_features != same

"""A classifier on features beside the votes."""

import json
from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import clones, rare_votes
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models import create
from tidemill.denoise.models.base import from_dict


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

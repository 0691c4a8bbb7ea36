"""A classifier on features beside the votes."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.fabric import clones
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models import create


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

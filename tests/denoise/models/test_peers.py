"""Equality with crowd-kit where the algorithm is the same; `crowdkit.json` holds the votes and its answers, computed once."""

import json
from pathlib import Path

import numpy as np
import pytest

from tidemill.denoise.models.registry import create

PEER = json.loads(Path(__file__).with_name("crowdkit.json").read_text(encoding="utf-8"))
BARE = {"strength": 1e-9, "iterations": 20_000, "tolerance": 1e-12}
"""Without belief in anything, to the end: what Dawid and Skene wrote."""
ROUNDED = 2e-6


def figures(case):
    votes = np.array(PEER[case]["votes"], dtype=np.int16)
    return votes, np.array(PEER[case]["dawid_skene"]), np.array(PEER[case]["majority"])


@pytest.mark.parametrize("case", ["complete", "incomplete"])
def test_the_majority_vote_is_crowd_kits(case):
    votes, _, majority = figures(case)
    assert create("majority", 3).fit(votes).predict_proba(votes) == pytest.approx(majority, abs=ROUNDED)


def test_dawid_skene_on_complete_votes_is_crowd_kits():
    votes, expected, majority = figures("complete")
    model = create("dawid_skene", 3, balance_floor=0.0, **BARE).fit(votes)
    assert not model.report()["fallback"]
    assert model.predict_proba(votes) == pytest.approx(expected, abs=ROUNDED)
    assert model.balance_ == pytest.approx(PEER["complete"]["balance"], abs=ROUNDED)
    assert np.abs(expected - majority).max() > 0.3  # EM moved far from where it began


@pytest.mark.parametrize("case", ["complete", "incomplete"])
def test_a_crowds_model_is_three_quarters_of_crowd_kits_dawid_skene_and_a_quarter_of_the_majority(case):
    votes, expected, majority = figures(case)
    model = create("crowd", 3, **BARE).fit(votes)
    assert model.predict_proba(votes) == pytest.approx(0.75 * expected + 0.25 * majority, abs=ROUNDED)
    assert model.balance_ == pytest.approx(PEER[case]["balance"], abs=ROUNDED)

"""The class of rows without votes, stated or estimated."""

import numpy as np
import pytest

from tests.denoise.fabric import rare_votes
from tidemill.contracts import ABSTAIN, ConfigError
from tidemill.denoise.models import create
from tidemill.denoise.statistics.default_class import default_prior, missed_shares
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def test_missed_rows_of_a_class_are_chaos_lower_bound():
    counts = np.array([[1, 0]] * 60 + [[2, 0]] * 30 + [[0, 0]] * 900)
    missed = missed_shares(counts, np.ones(990))
    assert missed[0] == pytest.approx(60 * 59 / (2 * 31) / 900)
    assert missed[1] == 0.0


def test_where_all_votes_name_one_class_silent_rows_are_of_the_other():
    truth, votes = rare_votes(0.03, 3, 0, seed=3)
    model = create("auto", 2, seed=20, draws=0).fit(votes)
    silent = (votes == ABSTAIN).all(axis=1)
    found = model.predict_proba(votes)
    assert found[silent, 1].max() < 0.02
    assert truth[silent].mean() < 0.01
    assert (found[~silent].argmax(axis=1) == 1).all()
    assert (
        found[(votes == 1).sum(axis=1) == 1, 1].min() > 0.7
    )  # a uniform pseudo-vote: no function could outvote another
    assert found[:, 1].mean() < 3 * truth.mean()


def test_a_class_that_is_not_named_among_several_is_not_taken_for_the_default():
    votes = np.array([[0, 1], [0, ABSTAIN], [ABSTAIN, 1], [ABSTAIN, ABSTAIN]], dtype=np.int8)
    assert default_prior(distinct_rows(votes, budget=10), 3, default=None, rate=None) is None


@pytest.mark.parametrize("model", ["auto", "smoothed"])
def test_a_stated_default_and_its_rate_are_what_silent_rows_get(model):
    _, votes = rare_votes(0.1, 2, 2, seed=4)
    seed = {"seed": 1, "draws": 0} if model == "auto" else {}
    told = create(model, 2, default=1, default_rate=0.9, **seed).fit(votes)
    assert told.prior_ == pytest.approx([0.1, 0.9])
    silent = (votes == ABSTAIN).all(axis=1)
    assert told.predict_proba(votes)[silent] == pytest.approx(np.tile([0.1, 0.9], (silent.sum(), 1)))


def test_a_default_that_is_no_class_and_a_rate_that_is_no_share_are_refused():
    _, votes = rare_votes(0.1, 2, 2, seed=4, rows=50)
    with pytest.raises(ConfigError, match=r"default 2: promised a class in 0\.\.1"):
        create("smoothed", 2, default=2).fit(votes)
    with pytest.raises(ConfigError, match=r"default_rate 1\.5: promised a share above 0 and below 1"):
        create("smoothed", 2, default=0, default_rate=1.5).fit(votes)

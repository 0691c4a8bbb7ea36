"""The class of rows without votes, stated or estimated."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import rare_votes
from tidemill.contracts import ABSTAIN, ConfigError
from tidemill.denoise.models import create
from tidemill.denoise.statistics.default_class import (
    _functions_of_class,
    default_prior,
    missed_shares,
    one_class_named,
)
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def test_missed_rows_of_a_class_are_chaos_lower_bound():
    counts = np.array([[1, 0]] * 60 + [[2, 0]] * 30 + [[0, 0]] * 900)
    missed = missed_shares(counts, np.ones(990), np.array([4, 2]))
    assert missed[0] == pytest.approx(3 / 4 * 60 * 59 / (2 * 31) / 900)
    assert missed[1] == 0.0


def test_of_two_independent_functions_the_bound_is_the_estimate_of_lincoln_and_petersen():
    # of 1,000 rows each finds one half: 250 by both, 500 by one of them, 250 by none
    counts = np.array([[0, 2]] * 250 + [[0, 1]] * 500 + [[0, 0]] * 9250)
    missed = missed_shares(counts, np.ones(10_000), np.array([0, 2]))
    assert missed[1] * 9250 == pytest.approx(250, rel=0.01)


@pytest.mark.parametrize("rows", [1000, 4000, 16_000])
def test_one_function_alone_is_taken_to_miss_as_many_rows_as_it_finds_however_many_rows_there_are(rows):
    votes = np.full((rows, 1), ABSTAIN, dtype=np.int16)
    votes[: rows // 10] = 1
    prior = create("auto", 2, seed=20, draws=0).fit(votes).predict_proba(votes)[-1]
    assert prior == pytest.approx([8 / 9, 1 / 9])


def test_no_class_is_impossible_because_it_was_not_seen():
    votes = np.full((50, 3), ABSTAIN, dtype=np.int16)
    model: Any = create("auto", 3, seed=20, draws=0, default=0).fit(votes)
    assert model.prior_[1:] == pytest.approx([0.5 / 51 / (1 + 1 / 51)] * 2)
    assert model.predict_proba(np.array([[0, 0, 2]], dtype=np.int16)).min() > 0.0
    votes[:10, 0] = votes[:10, 1] = 1  # two functions that always speak together seem to miss nothing
    assert create("auto", 3, seed=20, draws=0).fit(votes).prior_.min() > 0.0


def test_a_stated_default_that_is_what_the_votes_say_changes_nothing():
    _, votes = rare_votes(0.02, 3, 0, seed=2)
    plain, stated = (
        create("auto", 2, seed=20, draws=0, default=default).fit(votes).predict_proba(votes) for default in (None, 0)
    )
    assert (plain == stated).all()


def test_a_rate_without_a_default_is_refused_where_it_would_mean_nothing():
    _, votes = rare_votes(0.1, 2, 2, seed=4, rows=500)
    with pytest.raises(ConfigError, match=r"default_rate 0\.9: state the default class too"):
        create("auto", 2, seed=1, draws=0, default_rate=0.9).fit(votes)
    _, votes = rare_votes(0.1, 2, 0, seed=4, rows=500)
    assert create("auto", 2, seed=1, draws=0, default_rate=0.9).fit(votes).prior_ == pytest.approx([0.9, 0.1])


def test_where_all_votes_name_one_class_silent_rows_are_of_the_other():
    truth, votes = rare_votes(0.03, 3, 0, seed=3)
    model: Any = create("auto", 2, seed=20, draws=0).fit(votes)
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
    votes = np.array([[0, 1], [0, ABSTAIN], [ABSTAIN, 1], [ABSTAIN, ABSTAIN]], dtype=np.int16)
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


def test_functions_that_never_meet_are_not_taken_to_miss_more_than_half_of_the_silent_rows():
    votes = np.full((1000, 2), ABSTAIN, dtype=np.int16)
    votes[:200, 0], votes[200:400, 1] = 1, 1
    assert default_prior(distinct_rows(votes, budget=10), 2, default=None, rate=None) == pytest.approx([0.5, 0.5])


def test_the_balance_is_that_of_rows_with_votes_and_of_silent_rows_by_their_numbers():
    _, votes = rare_votes(0.3, 2, 2, seed=4)
    plain, told = (create("smoothed", 2, **given).fit(votes) for given in ({}, {"default": 1, "default_rate": 0.9}))
    missing = (votes == ABSTAIN).all(axis=1).mean()
    assert told.balance_ == pytest.approx(missing * np.array([0.1, 0.9]) + (1 - missing) * plain.balance_)


def test_where_one_class_is_named_the_pseudo_vote_is_uniform_and_else_by_the_balance():
    for negative, power in ((0, 0.0), (2, 2 / 3)):
        model: Any = create("smoothed", 2).fit(rare_votes(0.05, 2, negative, seed=3)[1])
        weighed = model.balance_**power
        assert model.pseudo_ == pytest.approx(weighed / weighed.sum())


def test_a_default_of_true_is_no_class():
    with pytest.raises(ConfigError, match=r"default True: promised a class in 0\.\.1"):
        create("smoothed", 2, default=True).fit(rare_votes(0.1, 2, 2, seed=4, rows=50)[1])


def rows_with(counts, silent):
    """Rows of which so many functions vote for each class, and rows of which none does."""
    width = max(1, *(sum(row) for row in counts))
    votes = [[k for k, times in enumerate(row) for _ in range(times)] for row in counts]
    table = np.full((len(votes) + silent, width), ABSTAIN, dtype=np.int16)
    for i, row in enumerate(votes):
        table[i, : len(row)] = row
    return distinct_rows(table, budget=10**6)


def chao(once, twice, silent, functions):
    return (1 - 1 / functions) * once * (once - 1) / (2 * (twice + 1)) / silent


def test_silent_rows_are_of_the_stated_class_but_for_those_that_others_missed():
    rows = rows_with([[1, 0]] * 10 + [[2, 0]] * 4 + [[0, 1]] * 3, silent=100)
    missed = chao(10, 4, 100, functions=2)
    assert default_prior(rows, 2, default=1, rate=None) == pytest.approx([missed, 1 - missed])


def test_the_classes_that_no_function_names_share_what_the_one_named_missed():
    missed = chao(10, 4, 100, functions=2)
    rows = rows_with([[1, 0, 0]] * 10 + [[2, 0, 0]] * 4, silent=100)
    assert default_prior(rows, 3, default=None, rate=None) == pytest.approx(
        [missed, (1 - missed) / 2, (1 - missed) / 2]
    )


def test_at_most_half_of_the_silent_rows_were_missed():
    rows = rows_with([[1, 0]] * 60, silent=10)
    assert default_prior(rows, 2, default=None, rate=None) == pytest.approx([0.5, 0.5])


def test_a_stated_rate_leaves_the_others_what_they_missed_in_proportion_and_unnamed_ones_nothing():
    rows = rows_with([[1, 0, 0, 0]] * 20 + [[0, 0, 1, 0]] * 10, silent=50)
    # a class with one function is taken to miss as many rows as it finds, one without any to have half a row of 81
    half = 0.5 / 81
    expected = np.array([0.1 * 20 / 30, 0.9, 0.1 * 10 / 30, half]) / (1 + half)
    assert default_prior(rows, 4, default=1, rate=0.9) == pytest.approx(expected)


def test_where_none_was_missed_all_others_share_alike():
    rows = rows_with([[2, 0, 0]] * 5 + [[0, 0, 2]] * 5, silent=50)
    assert default_prior(rows, 3, default=1, rate=0.9) == pytest.approx([0.05, 0.9, 0.05])


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_is_strictly_between_none_and_all(rate):
    with pytest.raises(ConfigError, match="promised a share above 0 and below 1"):
        default_prior(rows_with([[1, 0]], silent=1), 2, default=0, rate=rate)


def test_a_negative_default_is_no_class():
    with pytest.raises(ConfigError, match=r"default -1: promised a class in 0\.\.1"):
        default_prior(rows_with([[1, 0]], silent=1), 2, default=-1, rate=None)


def test_rows_that_came_often_count_as_often_in_chaos_bound():
    counts = np.array([[1], [2], [3], [0]])
    three, weights = np.array([3.0]), np.array([10.0, 4.0, 99.0, 100.0])
    assert missed_shares(counts, weights, three)[0] == pytest.approx(chao(10, 4, 100, functions=3))
    assert missed_shares(counts[:3], weights[:3], three)[0] == pytest.approx(
        chao(10, 4, 1, functions=3)
    )  # none is silent
    assert missed_shares(np.array([[1], [0]]), np.array([0.5, 9.0]), three)[0] == 0.0  # half a row has no other


def test_of_several_classes_that_no_function_names_each_has_the_same_share():
    votes = np.array([[0, 0]] * 30 + [[0, ABSTAIN]] * 60 + [[ABSTAIN, ABSTAIN]] * 900, dtype=np.int16)
    missed = 0.5 * 60 * 59 / (2 * 31) / 900
    found = default_prior(distinct_rows(votes, budget=100), 3, default=None, rate=None)
    assert found == pytest.approx([missed, (1 - missed) / 2, (1 - missed) / 2])
    stated = default_prior(distinct_rows(votes, budget=100), 3, default=2, rate=None)
    assert stated[2] == pytest.approx(1 - missed, abs=1e-3)
    assert stated[1] == pytest.approx(0.5 / 991, rel=1e-2)  # no sign of it


def test_no_more_than_half_of_the_silent_rows_are_taken_to_be_of_named_classes():
    votes = np.array([[0]] * 90 + [[ABSTAIN]] * 10, dtype=np.int16)
    assert default_prior(distinct_rows(votes, budget=10), 2, default=None, rate=None) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("default", "rate"), [(-1, None), (2, None), (True, None), (0, 0.0), (0, 1.0), (0, 1.5)])
def test_each_default_that_is_no_class_and_each_rate_that_is_no_share_is_refused(default, rate):
    rows = distinct_rows(np.array([[0]], dtype=np.int16), budget=10)
    with pytest.raises(ConfigError, match="promised a"):
        default_prior(rows, 2, default=default, rate=rate)
    assert default_prior(rows, 2, default=1, rate=0.5) == pytest.approx([0.5, 0.5])


def test_where_several_classes_are_named_and_none_is_stated_nothing_is_taken_for_granted():
    votes = np.array([[0], [1], [ABSTAIN]], dtype=np.int16)
    rows = distinct_rows(votes, budget=10)
    assert default_prior(rows, 2, default=None, rate=None) is None
    assert default_prior(rows, 3, default=None, rate=None) is None
    assert one_class_named(rows, 2) is None
    assert one_class_named(distinct_rows(votes[1:], budget=10), 2) == 1
    assert _functions_of_class(rows, 3).tolist() == [1.0, 1.0, 0.0]


def test_a_class_that_is_stated_as_default_though_functions_name_it_alone_leaves_the_rest_to_the_others():
    votes = np.array([[0]] * 30 + [[ABSTAIN]] * 70, dtype=np.int16)
    found = default_prior(distinct_rows(votes, budget=10), 3, default=0, rate=0.8)
    assert found == pytest.approx([0.8, 0.1, 0.1])


def test_functions_of_a_class_are_counted_and_not_rows():
    votes = np.array([[0, ABSTAIN], [0, 1], [1, ABSTAIN], [ABSTAIN, 1]], dtype=np.int16)
    assert _functions_of_class(distinct_rows(votes, budget=10), 3).tolist() == [1.0, 2.0, 0.0]

"""Smoothed majority vote: closed forms, and each of its decisions on votes where it makes the difference."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, ConfigError
from tidemill.denoise.balance import class_balance, geometric_mean, silent_prior
from tidemill.denoise.lifts import PairLifts
from tidemill.denoise.majority import shares, vote_shares
from tidemill.denoise.patterns import patterns
from tidemill.denoise.registry import create
from tidemill.denoise.smoothed import SmoothedVote, agreement, rarity
from tidemill.denoise.unvoted import default_prior, missed_shares


def bare(pseudo, functions, n_classes=2):
    """Return a model without anything learned but the pseudo-vote."""
    model = SmoothedVote(n_classes)
    kinds = functions * 2 * n_classes
    model.functions_, model.order_ = functions, np.arange(functions)
    model.pseudo_ = model.prior_ = np.asarray(pseudo)
    model.rarity_, model.evidence_ = np.zeros(kinds), np.zeros((kinds, n_classes))
    model.weights_, model.sharpness_, model.pair_share_ = np.ones(functions), 1.0, 0.0
    return model


def rare_votes(share, positive, negative, seed, rows=4000):
    """Return truth and votes: functions of a rare class right in most cases, of the other class on half of its rows."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < share).astype(int)
    votes = np.full((rows, positive + negative), ABSTAIN, dtype=np.int8)
    for j in range(positive):
        votes[rng.random(rows) < np.where(truth == 1, 0.6, 0.002), j] = 1
    for j in range(positive, positive + negative):
        votes[rng.random(rows) < np.where(truth == 0, 0.5, 0.05), j] = 0
    return truth, votes


def smoothed_uniformly(votes):
    counts = np.stack([(votes == k).sum(axis=1) for k in range(2)], axis=1)
    return (counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 1)


def test_a_row_gets_its_votes_and_a_pseudo_vote_spread_by_the_balance():
    found = bare([0.8, 0.2], 3).predict_proba(np.array([[0, 0, 1], [1, ABSTAIN, ABSTAIN]], dtype=np.int8))
    assert found == pytest.approx(np.array([[2.8 / 4, 1.2 / 4], [0.8 / 2, 1.2 / 2]]))


def test_the_pseudo_vote_wins_ties_and_never_overturns_a_majority():
    votes = np.random.default_rng(0).integers(-1, 3, (500, 9)).astype(np.int8)
    found = bare([0.9, 0.06, 0.04], 9, n_classes=3).predict_proba(votes)
    counts = np.sort(shares(votes, 3), axis=1)
    clear = counts[:, -1] > counts[:, -2] + 1e-9
    assert (found.argmax(axis=1) == shares(votes, 3).argmax(axis=1))[clear].all()
    tied = (votes == 0).sum(axis=1) == (votes == 1).sum(axis=1)
    tied &= ((votes == 2).sum(axis=1) < (votes == 0).sum(axis=1)) & ((votes == 0).sum(axis=1) > 0)
    assert tied.any()
    assert (found.argmax(axis=1)[tied] == 0).all()


def test_of_two_tied_votes_the_rarer_is_the_more_specific():
    votes = np.full((100, 2), ABSTAIN, dtype=np.int8)
    votes[:50, 0], votes[45:55, 1] = 0, 1
    model = bare([0.5, 0.5], 2)
    model.rarity_ = rarity(patterns(votes, budget=1000), 2)
    assert model.rarity_[0] == pytest.approx(-np.log(0.5))
    assert model.rarity_[5] == pytest.approx(-np.log(0.1))
    # log odds: 0.2 times half the difference of rarities for each class, below the bound
    odds = 0.2 * (np.log(0.5) - np.log(0.1))
    assert model.predict_proba(votes[45:46])[0, 1] == pytest.approx(1 / (1 + np.exp(-odds)))


def test_what_is_learned_moves_a_class_by_a_bounded_log_odds():
    model = bare([0.5, 0.5], 1)
    model.evidence_ = np.array([[5.0, -5.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    certain = model.predict_proba(np.zeros((1, 1), dtype=np.int8))[0]
    assert np.log(certain[0] / certain[1]) == pytest.approx(np.log(1.5 / 0.5) + 2 * 0.2)


def test_confusions_settle_ties_of_voters_who_are_not_alike():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 3000)
    accuracies = np.array([0.95, 0.9, 0.6, 0.55])
    votes = np.where(rng.random((3000, 4)) < accuracies, truth[:, None], 1 - truth[:, None]).astype(np.int8)
    tied = votes.sum(axis=1) == 2
    found = SmoothedVote(2).fit(votes).predict_proba(votes).argmax(axis=1)
    assert (found == truth)[tied].mean() > 0.8  # breaking ties at random is right on half of them


def test_pair_precisions_have_their_weight_in_the_mean_and_none_beside_a_rare_class():
    model = bare([0.5, 0.5], 1)
    model.pair_share_, model.pair_evidence_ = 0.15, np.array([[np.log(9.0), 0.0], *[[0.0, 0.0]] * 3])
    assert model.predict_proba(np.zeros((1, 1), dtype=np.int8))[0, 0] == pytest.approx(0.85 * 0.75 + 0.15 * 0.9)
    _, rare = rare_votes(0.02, 3, 3, seed=1)
    _, common = rare_votes(0.5, 3, 3, seed=1)
    assert SmoothedVote(2).fit(rare).pair_share_ == 0.0
    assert SmoothedVote(2).fit(common).pair_share_ == 0.15


def test_a_classifier_starts_from_the_mean_of_the_vote_and_pair_precisions():
    model = bare([0.5, 0.5], 1)
    model.pair_evidence_ = np.array([[np.log(9.0), 0.0], *[[0.0, 0.0]] * 3])
    found = model.first_labels(np.array([[0], [ABSTAIN]], dtype=np.int8))
    assert found[0, 0] == pytest.approx((0.75 + 0.9) / 2)
    assert found[1] == pytest.approx(model.prior_)


def test_votes_that_depend_on_one_another_count_for_fewer_by_kishs_design_effect():
    model = bare([0.5, 0.5], 4)
    votes = np.array([[0, 0, 0, 0], [0, ABSTAIN, ABSTAIN, ABSTAIN]], dtype=np.int8)
    assert model._design(votes) == pytest.approx([1.9, 1.0])
    model.weights_ = np.full(4, 0.25)  # copies of one function
    assert model._design(votes) == pytest.approx([1.0, 1.0])


def test_agreement_beyond_chance_is_counted_by_hand():
    votes = np.array([[0, 0], [1, 1], [0, 1], [2, 2]], dtype=np.int8)
    # three of four pairs agree; shares 3/8, 3/8, 2/8: chance 22/64
    assert agreement(patterns(votes, budget=10), 3) == pytest.approx((0.75 - 22 / 64) / (1 - 22 / 64))


def test_agreement_makes_answers_surer_where_errors_seldom_meet():
    rng = np.random.default_rng(2)
    for n_classes, surer in ((2, False), (4, True)):
        truth = rng.integers(0, n_classes, 500)
        votes = np.where(rng.random((500, 4)) < 0.9, truth[:, None], rng.integers(0, n_classes, (500, 4)))
        assert (SmoothedVote(n_classes).fit(votes.astype(np.int8)).sharpness_ > 1.0) == surer


@pytest.mark.parametrize(("positive", "negative"), [(2, 2), (4, 2), (3, 3), (6, 4)])
@pytest.mark.parametrize("share", [0.005, 0.02, 0.1])
def test_a_rare_class_gets_few_rows_and_loses_none(share, positive, negative):
    truth, votes = rare_votes(share, positive, negative, seed=positive)
    found = create("auto", 2, seed=20, draws=0).fit(votes).predict_proba(votes)
    majority = smoothed_uniformly(votes)
    rows, silent = np.arange(len(truth)), (votes == ABSTAIN).all(axis=1)
    assert (found.argmax(axis=1) == 1).sum() <= 2 * truth.sum()
    assert found[silent, 1].max() < 0.5
    recalled = found[truth == 1].argmax(axis=1).mean()
    assert recalled >= (majority[truth == 1, 1] > 0.5).mean() - 0.05
    assert -np.log(found[rows, truth]).mean() < -np.log(majority[rows, truth]).mean()
    assert found[:, 1].mean() < 2 * share + 0.06


def test_the_balance_is_the_geometric_mean_of_two_estimates():
    assert geometric_mean(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == pytest.approx([0.5, 0.5])
    votes = np.array([[0, 0], [0, ABSTAIN], [1, 0], [ABSTAIN, ABSTAIN]], dtype=np.int8)
    assert vote_shares(patterns(votes, budget=10), 2) == pytest.approx([2.5 / 3, 0.5 / 3])


def test_gold_and_a_stated_balance_outweigh_the_estimate_from_votes():
    truth, votes = rare_votes(0.3, 3, 1, seed=5, rows=1000)
    pairs = PairLifts(2).fit(votes)
    order = pairs.order_
    blind = class_balance(patterns(votes, budget=9999, order=order), pairs, np.zeros(2))
    gold = np.where(np.arange(1000) < 100, truth, -1)
    told = class_balance(patterns(votes, budget=9999, order=order, gold=gold), pairs, np.zeros(2))
    known = truth[:100].mean()
    assert told[1] == pytest.approx((10 * blind[1] + 100 * known) / 110)
    stated = class_balance(patterns(votes, budget=9999, order=order), pairs, np.array([95.0, 5.0]))
    assert stated[1] == pytest.approx((10 * blind[1] + 5) / 110)


def test_a_silent_row_is_held_for_a_class_only_where_the_estimate_leaves_no_doubt():
    sure, doubtful = np.array([0.75, 0.25]), np.array([0.6, 0.4])
    alike = [0.5, 0.5]
    assert silent_prior(sure, np.array([0.1, 0.9])) == pytest.approx(sure)
    assert silent_prior(doubtful, np.array([0.55, 0.45])) == pytest.approx(alike)
    assert silent_prior(doubtful, np.array([0.1, 0.9])) == pytest.approx(alike)
    agreed = silent_prior(doubtful, np.array([0.9, 0.1]))
    assert agreed == pytest.approx(geometric_mean(doubtful, np.array([0.9, 0.1])))


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
    assert default_prior(patterns(votes, budget=10), 3, default=None, rate=None) is None


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

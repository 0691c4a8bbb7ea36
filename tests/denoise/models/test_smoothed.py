"""Smoothed majority vote: closed forms, and each of its decisions on votes where it makes the difference."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import rare_votes
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models.registry import create
from tidemill.denoise.models.smoothed import SmoothedVote, agreement, rarity
from tidemill.denoise.statistics.distinct_rows import distinct_rows
from tidemill.denoise.statistics.votes import vote_shares


def bare(pseudo, functions, n_classes=2):
    """Return a model without anything learned but the pseudo-vote."""
    model = SmoothedVote(n_classes)
    kinds = functions * 2 * n_classes
    model.functions_, model.order_ = functions, np.arange(functions)
    model.pseudo_ = model.prior_ = np.asarray(pseudo)
    model.rarity_, model.evidence_ = np.zeros(kinds), np.zeros((kinds, n_classes))
    model.weights_, model.sharpness_, model.pair_share_ = np.ones(functions), 1.0, 0.0
    return model


def smoothed_uniformly(votes):
    counts = np.stack([(votes == k).sum(axis=1) for k in range(2)], axis=1)
    return (counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 1)


def test_a_row_gets_its_votes_and_a_pseudo_vote_spread_by_the_balance():
    found = bare([0.8, 0.2], 3).predict_proba(np.array([[0, 0, 1], [1, ABSTAIN, ABSTAIN]], dtype=np.int16))
    assert found == pytest.approx(np.array([[2.8 / 4, 1.2 / 4], [0.8 / 2, 1.2 / 2]]))


def test_the_pseudo_vote_wins_ties_and_never_overturns_a_majority():
    votes = np.random.default_rng(0).integers(-1, 3, (500, 9)).astype(np.int16)
    found = bare([0.9, 0.06, 0.04], 9, n_classes=3).predict_proba(votes)
    counts = np.sort(vote_shares(votes, 3), axis=1)
    clear = counts[:, -1] > counts[:, -2] + 1e-9
    assert (found.argmax(axis=1) == vote_shares(votes, 3).argmax(axis=1))[clear].all()
    tied = (votes == 0).sum(axis=1) == (votes == 1).sum(axis=1)
    tied &= ((votes == 2).sum(axis=1) < (votes == 0).sum(axis=1)) & ((votes == 0).sum(axis=1) > 0)
    assert tied.any()
    assert (found.argmax(axis=1)[tied] == 0).all()


def test_of_two_tied_votes_the_rarer_is_the_more_specific():
    votes = np.full((100, 2), ABSTAIN, dtype=np.int16)
    votes[:50, 0], votes[45:55, 1] = 0, 1
    model = bare([0.5, 0.5], 2)
    model.rarity_ = rarity(distinct_rows(votes, budget=1000), 2)
    assert model.rarity_[0] == pytest.approx(-np.log(0.5))
    assert model.rarity_[5] == pytest.approx(-np.log(0.1))
    # log odds: 0.2 times half the difference of rarities for each class, below the bound
    odds = 0.2 * (np.log(0.5) - np.log(0.1))
    assert model.predict_proba(votes[45:46])[0, 1] == pytest.approx(1 / (1 + np.exp(-odds)))


def test_what_is_learned_moves_a_class_by_a_bounded_log_odds():
    model = bare([0.5, 0.5], 1)
    model.evidence_ = np.array([[5.0, -5.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    certain = model.predict_proba(np.zeros((1, 1), dtype=np.int16))[0]
    assert np.log(certain[0] / certain[1]) == pytest.approx(np.log(1.5 / 0.5) + 2 * 0.2)


def test_confusions_settle_ties_of_voters_who_are_not_alike():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 3000)
    accuracies = np.array([0.95, 0.9, 0.6, 0.55])
    votes = np.where(rng.random((3000, 4)) < accuracies, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    tied = votes.sum(axis=1) == 2
    found = SmoothedVote(2).fit(votes).predict_proba(votes).argmax(axis=1)
    assert (found == truth)[tied].mean() > 0.8  # breaking ties at random is right on half of them


def test_pair_precisions_have_their_weight_in_the_mean_and_none_beside_a_rare_class():
    model = bare([0.5, 0.5], 1)
    model.pair_share_, model.pair_evidence_ = 0.15, np.array([[np.log(9.0), 0.0], *[[0.0, 0.0]] * 3])
    assert model.predict_proba(np.zeros((1, 1), dtype=np.int16))[0, 0] == pytest.approx(0.85 * 0.75 + 0.15 * 0.9)
    _, rare = rare_votes(0.02, 3, 3, seed=1)
    _, common = rare_votes(0.5, 3, 3, seed=1)
    assert SmoothedVote(2).fit(rare).pair_share_ == 0.0
    assert SmoothedVote(2).fit(common).pair_share_ == 0.5


def test_pair_precisions_that_hand_out_classes_which_are_not_there_have_no_part_in_the_answer():
    rng = np.random.default_rng(1)
    truth, topic, other = rng.random(4000) < 0.1, rng.random(4000) < 0.6, rng.random(4000) < 0.2
    votes = np.full((4000, 18), ABSTAIN, dtype=np.int16)
    for j in range(18):
        owned = truth if j < 16 else ~truth
        fires = rng.random(4000) < np.where(topic if j < 16 else other, 0.6, 0.02) + 0.2 * owned
        votes[fires, j] = 1 if j < 16 else 0
    model = SmoothedVote(2).fit(votes)
    assert 0.2 < model.mismatch_ < 0.3  # too doubtful for an answer, and still a start for a classifier
    assert model.pair_share_ == 0.0


def test_a_classifier_starts_from_the_mean_of_the_vote_and_pair_precisions():
    model = bare([0.5, 0.5], 1)
    model.pair_evidence_ = np.array([[np.log(9.0), 0.0], *[[0.0, 0.0]] * 3])
    found = model.first_labels(np.array([[0], [ABSTAIN]], dtype=np.int16))
    assert found[0, 0] == pytest.approx((0.75 + 0.9) / 2)
    assert found[1] == pytest.approx(model.prior_)


def test_votes_that_depend_on_one_another_count_for_fewer_by_kishs_design_effect():
    model = bare([0.5, 0.5], 4)
    votes = np.array([[0, 0, 0, 0], [0, ABSTAIN, ABSTAIN, ABSTAIN]], dtype=np.int16)
    assert model._design(votes) == pytest.approx([1.9, 1.0])
    model.weights_ = np.full(4, 0.25)  # copies of one function
    assert model._design(votes) == pytest.approx([1.0, 1.0])


def test_agreement_beyond_chance_is_counted_by_hand():
    votes = np.array([[0, 0], [1, 1], [0, 1], [2, 2]], dtype=np.int16)
    # three of four pairs agree; shares 3/8, 3/8, 2/8: chance 22/64
    assert agreement(distinct_rows(votes, budget=10), 3) == pytest.approx((0.75 - 22 / 64) / (1 - 22 / 64))


def test_agreement_makes_answers_surer_where_errors_seldom_meet():
    rng = np.random.default_rng(2)
    for n_classes, surer in ((2, False), (4, True)):
        truth = rng.integers(0, n_classes, 500)
        votes = np.where(rng.random((500, 4)) < 0.9, truth[:, None], rng.integers(0, n_classes, (500, 4)))
        assert (SmoothedVote(n_classes).fit(votes.astype(np.int16)).sharpness_ > 1.0) == surer


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


def test_agreement_sharpens_by_seven_tenths_of_it():
    votes = np.array([[0, 0], [1, 1], [0, 1], [2, 2]] * 5, dtype=np.int16)
    beyond = (0.75 - 22 / 64) / (1 - 22 / 64)  # by hand, above
    assert SmoothedVote(3).fit(votes).sharpness_ == pytest.approx(1 + 0.7 * beyond)


def test_rows_with_one_vote_have_no_agreement_and_count_for_the_shares():
    votes = np.array([[0, 0], [1, 1], [0, 1], [2, 2], [0, ABSTAIN]], dtype=np.int16)
    # three of four pairs agree; of five rows shares 2.5/5, 1.5/5, 1/5: chance .38
    chance = 0.5**2 + 0.3**2 + 0.2**2
    assert agreement(distinct_rows(votes, budget=10), 3) == pytest.approx((0.75 - chance) / (1 - chance))
    assert agreement(distinct_rows(votes[4:], budget=10), 3) == 0.0  # nobody to agree with


def test_agreement_that_is_less_than_chance_is_none_at_all():
    votes = np.array([[0, 1], [1, 2], [2, 0]], dtype=np.int16)
    assert agreement(distinct_rows(votes, budget=10), 3) == 0.0


def test_agreement_on_a_class_that_nearly_all_votes_name_is_taken_for_little():
    votes = np.array([[0, 0]] * 99 + [[1, 1]], dtype=np.int16)
    chance = 0.99**2 + 0.01**2  # all agree, and a twentieth is the least that counts as room
    assert agreement(distinct_rows(votes, budget=10), 3) == pytest.approx((1 - chance) / 0.05)


def test_a_vote_that_stands_alone_is_moved_by_no_rarity_however_rare():
    model = bare([0.5, 0.5], 2)
    model.rarity_ = np.array([3.0, 3.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    found = model.predict_proba(np.array([[0, ABSTAIN], [ABSTAIN, 1]], dtype=np.int16))
    assert found == pytest.approx(np.array([[0.75, 0.25], [0.25, 0.75]]))


def test_rarity_is_that_of_the_mean_vote_of_each_class():
    model = bare([0.5, 0.5], 3)
    model.rarity_ = np.array([0.2, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0, 0.7, 0.0, 0.0])
    counts, mean = np.array([2.0, 1.0]), (0.2 + 0.6 + 0.7) / 3
    nudge = 0.2 * (np.array([0.4, 0.7]) - mean)
    odds = (counts + 0.5) / 4 * np.exp(nudge)
    assert model.predict_proba(np.array([[0, 0, 1]], dtype=np.int16))[0] == pytest.approx(odds / odds.sum())


def test_a_default_class_has_its_share_of_the_rows_without_votes_in_the_balance():
    votes = np.array([[0, 0], [1, 1], [0, 1], [ABSTAIN, ABSTAIN]] * 10, dtype=np.int16)
    plain: Any = SmoothedVote(2).fit(votes)
    stated: Any = SmoothedVote(2, default=1, default_rate=0.9).fit(votes)
    assert stated.prior_ == pytest.approx([0.1, 0.9])
    assert stated.balance_ == pytest.approx(0.25 * stated.prior_ + 0.75 * plain.balance_)


def test_the_pseudo_vote_follows_the_balance_at_two_thirds_of_its_power():
    _, votes = rare_votes(0.2, 3, 3, seed=1, rows=500)
    model: Any = SmoothedVote(2).fit(votes)
    power = model.balance_ ** (2 / 3)
    assert model.pseudo_ == pytest.approx(power / power.sum())
    one_class = np.where(votes == 0, ABSTAIN, votes)  # nothing could outvote a pseudo-vote for the other
    assert SmoothedVote(2).fit(one_class).pseudo_ == pytest.approx([0.5, 0.5])
    assert SmoothedVote(2, default=1).fit(one_class).pseudo_ != pytest.approx([0.5, 0.5])


def test_rarity_of_votes_against_a_class_and_of_votes_never_given_is_none():
    votes = np.array([[0, -2], [0, -3], [ABSTAIN, -2], [1, ABSTAIN]], dtype=np.int16)
    found = rarity(distinct_rows(votes, budget=10), 2)
    assert found == pytest.approx([-np.log(2 / 4), -np.log(1 / 4), 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(("mismatch", "too_dependent"), [(0.3, False), (0.3001, True)])
def test_votes_are_too_dependent_from_three_tenths_of_mismatch_on(mismatch, too_dependent):
    model = bare([0.5, 0.5], 1)
    model.mismatch_ = mismatch
    assert model.too_dependent == too_dependent


def test_confusions_count_three_tenths_of_their_log_odds():
    model = bare([0.5, 0.5], 1)
    model.evidence_ = np.array([[0.4, -0.2], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    found = model.predict_proba(np.zeros((1, 1), dtype=np.int16))[0]
    assert np.log(found[0] / found[1]) == pytest.approx(np.log(3.0) + 0.3 * 0.6)

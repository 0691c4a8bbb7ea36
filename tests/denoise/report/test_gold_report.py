"""Labels held against gold, and what votes do not determine."""

from statistics import NormalDist

import numpy as np
import pytest

from tests.denoise.factories import rare_votes
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.report.gold_report import against_gold, groups_on_gold, row_groups, shares_on_gold
from tidemill.denoise.report.identifiability import _data_set, identifiability
from tidemill.denoise.statistics.balance import class_vote_shares
from tidemill.denoise.statistics.distinct_rows import distinct_rows
from tidemill.reports.denoise import ClassShare


def test_scores_on_gold_have_intervals_that_hold_them():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 300)
    votes = np.where(rng.random((300, 3)) < 0.8, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    probabilities = np.tile([0.3, 0.7], (300, 1))
    gold = np.where(np.arange(300) < 200, truth, NO_GOLD)
    told = against_gold(probabilities, votes, gold, seed=1)
    right = (truth[:200] == 1).mean()
    low, high = told.label_model.calibration_error_interval
    assert high - low == pytest.approx(
        2 * 1.96 * np.sqrt(right * (1 - right) / 200), rel=0.2
    )  # one bin: a binomial share
    assert told.label_model.accuracy == pytest.approx(right, abs=1e-6)
    assert told.label_model.calibration_error == pytest.approx(abs(right - 0.7), abs=1e-6)
    for scores in (told.label_model, told.majority_vote):
        for value, (low, high) in (
            (scores.accuracy, scores.accuracy_interval),
            (scores.calibration_error, scores.calibration_error_interval),
        ):
            assert low <= value <= high
    assert against_gold(probabilities, votes, np.full(300, NO_GOLD), seed=1) is None


def test_a_class_of_which_labels_have_too_many_is_named_and_chance_is_not():
    gold = np.array([0] * 80 + [1] * 20 + [NO_GOLD] * 50)
    wrong = shares_on_gold(np.tile([0.5, 0.5], (150, 1)), gold, ("ham", "spam"))
    assert wrong["spam"] == ClassShare(gold=0.2, labels=0.5, differs=True)
    # two of ten where .3 are expected: the normal limit is 1.2 rows, one half of a row more is not beyond it
    few = shares_on_gold(np.tile([0.97, 0.03], (10, 1)), np.array([0] * 8 + [1] * 2), ("ham", "spam"))
    assert not few["spam"].differs
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(300):
        given = rng.dirichlet([2.0, 2.0, 1.0], 100)
        drawn = np.array([rng.choice(3, p=row) for row in given])
        alarms += any(each.differs for each in shares_on_gold(given, drawn, ("a", "b", "c")).values())
    assert alarms <= 25  # 5% of 300 is 15; 25 is 2.6 standard deviations above


def test_rows_are_grouped_by_what_votes_determine():
    votes = np.array([[ABSTAIN, ABSTAIN], [0, 1], [0, 0], [1, ABSTAIN]], dtype=np.int16)
    groups = row_groups(votes, 2)
    assert groups["without_votes"].tolist() == [True, False, False, False]
    assert groups["tied"].tolist() == [False, True, False, False]
    told = groups_on_gold(np.array([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]), votes, np.array([1, 0, 0, 1]))
    assert told.determined.accuracy == 1.0
    assert told.determined.confidence == pytest.approx(0.85)
    assert told.tied.rows == 1


def independent(rows=2000, accuracies=(0.8, 0.75, 0.7, 0.8), seed=3):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    return np.where(rng.random((rows, len(accuracies))) < accuracies, truth[:, None], 1 - truth[:, None]).astype(
        np.int16
    )


def test_good_independent_functions_leave_nothing_undetermined():
    told = identifiability(independent(), ("ham", "spam"))
    assert told.data_set == ()
    assert told.classes == {}


def test_two_functions_cannot_tell_how_often_each_is_right():
    told = identifiability(independent(accuracies=(0.8, 0.7)), ("ham", "spam"))
    assert "2 functions vote on the same rows as another, 3 are needed" in told.data_set[0]


def test_classes_without_functions_or_with_one_are_named_with_the_reason():
    votes = np.full((100, 4), ABSTAIN, dtype=np.int16)
    votes[:50, 0] = votes[:40, 1] = 0
    votes[50:70, 2] = 1
    votes[70:80, 3] = 1
    votes[90:, 2] = 2
    told = identifiability(votes, ("a", "b", "c", "d")).classes
    assert "a" not in told
    assert told["b"].startswith("none of 2 functions votes for it on the same rows as another")
    assert told["c"].startswith("one function votes for it alone")
    assert told["d"] == "no function votes for it"


def test_functions_that_share_a_topic_are_told_to_depend_on_one_another():
    rng = np.random.default_rng(1)
    truth, topic, other = rng.random(4000) < 0.1, rng.random(4000) < 0.3, rng.random(4000) < 0.1
    votes = np.full((4000, 22), ABSTAIN, dtype=np.int16)
    for j in range(22):
        owned = truth if j < 20 else ~truth
        fires = rng.random(4000) < np.where(topic if j < 20 else other, 0.6, 0.02) + 0.2 * owned
        votes[fires, j] = 1 if j < 20 else 0
    told = identifiability(votes, ("no", "yes")).data_set
    assert any("shares of votes and pairs of votes imply class balances that differ by" in reason for reason in told)
    assert any("functions depend on one another" in reason for reason in told)


def test_functions_meet_where_both_vote_on_five_rows():
    for together, reasons in ((4, 1), (5, 0)):
        votes = np.full((200, 3), ABSTAIN, dtype=np.int16)
        votes[:together] = np.arange(together)[:, None] % 2
        for j in range(3):
            votes[20 + 40 * j : 60 + 40 * j, j] = np.arange(40) % 2
        told = identifiability(votes, ("ham", "spam")).data_set
        assert sum("3 are needed" in reason for reason in told) == reasons


def test_two_balances_that_differ_by_less_than_two_tenths_are_not_flagged():
    votes = independent()
    by_votes = class_vote_shares(distinct_rows(votes, budget=1000), 2)
    for distance, flagged in ((0.15, False), (0.25, True)):
        pairs = PairLifts(2).fit(votes)
        pairs.balance_ = by_votes + distance * np.array([1.0, -1.0])
        told = _data_set(votes, pairs, by_votes, 0.0)
        assert any("class balances that differ" in reason for reason in told) == flagged


def test_shares_of_votes_for_one_class_alone_are_not_held_against_the_balance():
    _, votes = rare_votes(0.05, 3, 0, seed=1)
    told = identifiability(votes, ("routine", "urgent"))
    assert not any("class balances that differ" in reason for reason in told.data_set)
    assert told.classes["routine"] == "no function votes for it"


def test_a_class_differs_from_half_a_row_beyond_the_normal_limit_on():
    # a hundred rows given .3 each: thirty expected, deviation 4.58; the limit of two classes is 2.24
    limit = NormalDist().inv_cdf(1 - 0.05 / 4) * np.sqrt(100 * 0.3 * 0.7) + 0.5
    assert 40 < 30 + limit < 41
    for count, differs in ((40, False), (41, True), (20, False), (19, True)):
        gold = np.array([1] * count + [0] * (100 - count))
        assert shares_on_gold(np.tile([0.7, 0.3], (100, 1)), gold, ("a", "b"))["b"].differs == differs


def test_without_gold_nothing_is_held_against_it():
    given, votes = np.full((3, 2), 0.5), np.zeros((3, 1), dtype=np.int16)
    for gold in (None, np.full(3, NO_GOLD)):
        assert shares_on_gold(given, gold, ("a", "b")) is None
        assert groups_on_gold(given, votes, gold) is None
        assert against_gold(given, votes, gold, seed=1) is None


def test_a_group_without_gold_rows_has_no_accuracy_and_rows_without_gold_are_not_counted():
    votes = np.array([[0, 0], [0, 0], [0, 1]], dtype=np.int16)
    found = groups_on_gold(np.tile([0.8, 0.2], (3, 1)), votes, np.array([1, NO_GOLD, NO_GOLD]))
    assert (found.determined.rows, found.determined.accuracy, found.determined.confidence) == (1, 0.0, 0.8)
    assert (found.tied.rows, found.tied.accuracy, found.tied.confidence) == (0, None, None)
    assert found.tied.accuracy_interval == (0.0, 1.0)


def test_of_three_classes_two_with_most_votes_are_tied():
    votes = np.array([[0, 1, ABSTAIN, ABSTAIN], [0, 0, 1, 2], [0, 1, 2, ABSTAIN]], dtype=np.int16)
    assert row_groups(votes, 3)["tied"].tolist() == [True, False, True]


def test_a_class_is_confirmed_where_two_functions_vote_for_it_on_five_rows():
    for together, known in ((4, False), (5, True)):
        votes = np.full((60, 2), ABSTAIN, dtype=np.int16)
        votes[:together] = 0
        votes[20:40, 0], votes[40:, 1] = 1, 1
        told = identifiability(votes, ("a", "b")).classes
        assert ("a" not in told) == known
        assert told["b"].startswith("none of 2 functions votes for it on the same rows as another")


def test_shares_of_rows_without_votes_and_of_tied_rows_are_told():
    votes = np.array([[0, 0], [0, 1], [ABSTAIN, ABSTAIN], [1, 1]] * 5, dtype=np.int16)
    rows = identifiability(votes, ("a", "b")).rows
    assert (rows.without_votes, rows.tied) == (0.25, 0.25)

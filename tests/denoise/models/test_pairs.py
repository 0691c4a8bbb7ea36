"""Precisions from pairs of votes, on simulators whose truth is known."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import clones
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.pair_counts import pair_counts


def test_accuracies_are_found_beside_the_copies():
    votes, _ = clones()
    assert PairLifts(2).fit(votes).accuracies() == pytest.approx([0.8] * 5 + [0.55] * 6, abs=0.03)


def test_hinted_accuracies_and_balance_are_evidence_not_truth():
    votes, _truth = clones(copies=1)
    misled = PairLifts(2, accuracies_hint=[None, None, None, None, None, 0.95], balance=[0.9, 0.1]).fit(votes)
    assert misled.accuracies()[5] == pytest.approx(0.55, abs=0.1)
    assert misled.balance_[0] < 0.7


def fitted_by_hand(precision, uses, balance=(0.75, 0.25)):
    """A model of two functions and two classes with these precisions and uses of each kind of vote."""
    model: Any = PairLifts(2)
    model.functions_, model.order_, model.weights_ = 2, np.array([1, 0]), np.array([1.0, 0.5])
    model.precision_, model.uses_, model.balance_ = np.array(precision), np.array(uses), np.array(balance)
    return model


def test_precision_of_a_function_is_that_of_its_votes_refusals_turned_round():
    model = fitted_by_hand([0.9, 0.6, 0.2, 0.5] + [0.5] * 4, [0.2, 0.1, 0.1, 0.0] + [0.0] * 4)
    found = model.precisions()
    assert found[0] == pytest.approx((0.2 * 0.9 + 0.1 * 0.6 + 0.1 * 0.8) / 0.4)
    assert np.isnan(found[1])
    assert model.effective() == 1.0  # the other never votes
    model.uses_[7] = 0.3
    assert model.effective() == 1.5
    assert model.precisions()[1] == pytest.approx(0.5)


def test_evidence_is_the_log_of_precision_over_balance_by_the_functions_weight():
    model = fitted_by_hand([0.9] * 8, [0.1] * 8)
    found = model._evidence()
    assert found[0] == pytest.approx(np.log([0.9 / 0.75, 0.1 / 0.25]))
    assert found[1] == pytest.approx(np.log([0.1 / 0.75, 0.9 / 0.25]))
    assert found[4] == pytest.approx(np.log([0.9 / 0.75, 0.1 / 0.25]) / 2)


def test_silence_is_evidence_against_the_classes_of_which_functions_speak():
    model = fitted_by_hand([0.9, 0.8] * 4, [0.0, 0.2, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0])
    speaks = np.array([[0.2 * 0.2 / 0.75, 0.2 * 0.8 / 0.25], [0.1 * 0.2 / 0.75, 0.1 * 0.8 / 0.25]])
    silent = np.array([0.75, 0.25]) * np.exp(np.array([1.0, 0.5]) @ np.log(1 - speaks))
    assert model._silent() == pytest.approx(silent / silent.sum())


def test_mismatch_is_what_is_given_a_class_beyond_the_balance():
    model = fitted_by_hand([0.9] * 8, [0.1] * 8, balance=(0.5, 0.5))
    model.evidence_ = model._evidence()
    votes = np.array([[1, ABSTAIN], [ABSTAIN, ABSTAIN]], dtype=np.int16)
    rows = DistinctRows(votes, np.array([8.0, 2.0]), np.full(2, NO_GOLD))
    assert model.mismatch(rows) == pytest.approx(
        0.8 * 0.9 - 0.5
    )  # of all rows eight in ten are nine in ten of the class
    model.balance_ = np.array([0.1, 0.9])
    assert model.mismatch(rows) == 0.0


def believed(votes, gold=None, hints=None, n_classes=2):
    """Pseudo-counts of right votes and of all, of every kind of vote that is given."""
    votes = np.array(votes, dtype=np.int16)
    model: Any = PairLifts(n_classes, accuracies_hint=hints)
    model.functions_, model.order_ = votes.shape[1], np.arange(votes.shape[1])
    labels = np.full(len(votes), NO_GOLD) if gold is None else np.array(gold)
    rows = DistinctRows(votes, np.ones(len(votes)), labels)
    model.counts_ = pair_counts(rows, n_classes, most=100)
    return model._precision_counts(rows).T


def test_a_vote_is_believed_to_be_right_three_times_in_four_and_more_for_a_class_of_nearly_all_votes():
    assert believed([[0], [1]]) == pytest.approx(np.array([[22.5, 30.0], [22.5, 30.0]]))
    common = believed([[0]] * 95 + [[1]] * 5)
    assert common == pytest.approx(np.array([[30 * (1 - 2 * 0.05), 30.0], [22.5, 30.0]]))


def test_a_hint_takes_the_place_of_that_belief_and_gold_is_added_to_it():
    assert believed([[0, 1], [1, 1]], hints=[0.9, None])[:2, 0] == pytest.approx([27.0, 27.0])
    assert believed([[0], [0]], hints=[1.0])[0, 0] == pytest.approx(30 * 0.999)
    assert believed([[0], [0]], hints=[0.0])[0, 0] == pytest.approx(30 * 0.02)
    assert believed([[0], [1], [0]], gold=[0, 0, 1]) == pytest.approx(np.array([[23.5, 32.0], [22.5, 31.0]]), abs=10.0)
    blind = believed([[0], [1], [0]])
    assert believed([[0], [1], [0]], gold=[0, 0, 1]) - blind == pytest.approx(np.array([[1.0, 2.0], [0.0, 1.0]]))


def test_a_vote_against_a_class_is_wrong_as_often_as_the_class_takes_its_share_of_what_is_not():
    found = believed([[-2], [0], [1]])
    assert found[-1] == pytest.approx([30 * 0.25 / 2, 30.0])


def test_kinds_of_vote_that_are_not_counted_in_pairs_have_the_usual_precision_until_they_are_given():
    votes = np.array([[0, 0, ABSTAIN], [0, 0, ABSTAIN], [1, 1, ABSTAIN], [1, 1, 0]] * 25, dtype=np.int16)
    model: Any = PairLifts(2, most=4).fit(votes)
    table = model.precision_.reshape(3, 4)[np.argsort(model.order_)]
    assert table[0, 2:] == pytest.approx([0.125, 0.125])  # against a class: never given
    assert table[2, 1] == pytest.approx(0.75)
    assert table[2, 0] < 0.75 - 0.2  # given twenty-five times, where the others say the second class


def test_the_report_names_repeating_functions_by_their_places():
    votes, _ = clones(copies=3, rows=3000)
    report = PairLifts(2).fit(votes).report()
    assert report["groups"] == [[5, 6, 7]]
    assert report["effective_functions"] == pytest.approx(6.0, abs=0.2)
    assert report["model"] == "pairs"
    assert report["talk"] >= 1.0

"""Scores against gold."""

import numpy as np
import pytest

from tidemill.common.calibration_error import calibration_error
from tidemill.contracts import NO_GOLD, DataError
from tidemill.denoise.models import create
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_counts, gold_evidence, gold_scores
from tidemill.denoise.statistics.sufficient_statistics import count_rows


def test_calibration_error_is_the_gap_between_sure_and_right():
    # ten rows at .9 of which seven are right: a gap of .2
    probabilities = np.tile([0.9, 0.1], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 7 + [1] * 3)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ([0] * 5, r"gold of shape \(5,\); promised one value for each of 40 rows of votes"),
        ([0] * 39 + [2], r"row 39 of gold: 2 is neither a class in 0\.\.1 nor NO_GOLD"),
        ([0, -2] + [0] * 38, "row 1 of gold: -2 is neither"),
        ([0.0, float("nan")] + [0.0] * 38, "row 1 of gold: nan is neither"),
        (["spam"] * 40, "gold of <U4; promised classes"),
    ],
)
def test_wrong_gold_is_named_by_fit_and_by_counting(gold, message):
    votes = np.random.default_rng(0).integers(-1, 2, (40, 4)).astype(np.int16)
    with pytest.raises(DataError, match=message):
        create("smoothed", 2).fit(votes, gold=gold)
    with pytest.raises(DataError, match=message):
        count_rows(votes, 2, gold=gold)


def test_gold_scores_are_counted_by_hand_and_rows_by_their_weight():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.5, 0.5]])
    gold, weights = np.array([0, 1, 1, NO_GOLD]), np.array([2.0, 1.0, 1.0, 9.0])
    found = gold_scores(probabilities, gold, weights=weights)
    assert found["rows"] == 4
    assert found["accuracy"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.8, 0.4, 0.7]).mean())
    assert found["squared_error"] == pytest.approx(np.mean([0.08, 0.08, 0.72, 0.18]))
    assert gold_scores(probabilities, gold)["rows"] == 3
    assert gold_scores(probabilities, np.full(4, NO_GOLD)) is None


def test_a_certain_and_wrong_label_costs_no_more_than_a_millionth():
    found = gold_scores(np.array([[1.0, 0.0]]), np.array([1]))
    assert found["log_loss"] == pytest.approx(-np.log(1e-6))
    assert found["squared_error"] == 2.0


def test_gold_is_right_in_97_of_100_as_evidence():
    evidence = gold_evidence(np.array([2, NO_GOLD]), 3)
    posterior = np.exp(evidence[0]) / np.exp(evidence[0]).sum()
    assert posterior == pytest.approx([0.015, 0.015, 0.97])
    assert evidence[1].tolist() == [0.0, 0.0, 0.0]


def test_gold_is_counted_by_class_and_weight():
    rows = DistinctRows(np.zeros((4, 1), dtype=np.int16), np.array([3.0, 2.0, 1.0, 7.0]), np.array([1, 1, 0, NO_GOLD]))
    assert gold_counts(rows, 3).tolist() == [1.0, 5.0, 0.0]


def test_certainty_belongs_to_the_last_bin_and_gaps_of_bins_add_up():
    # sure of .95, four of five right: a gap of .15 each; certain, and right: none; .52, half of two right: .02 each
    sure = [[0.95, 0.05]] * 5 + [[1.0, 0.0]] * 3 + [[0.52, 0.48]] * 2
    truth = np.array([0, 0, 0, 0, 1] + [0] * 3 + [0, 1])
    # bins of a fifteenth: .95 and 1 stand in the last one together, 7 of 8 right at .96875
    expected = (abs(7 - (5 * 0.95 + 3)) + abs(1 - 1.04)) / 10
    assert calibration_error(np.array(sure), truth) == pytest.approx(expected)
    assert calibration_error(np.zeros((0, 2)), np.zeros(0, dtype=int)) == 0.0

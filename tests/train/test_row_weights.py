import numpy as np
import pytest

from tidemill.train.row_weights import class_balance_factors, confidence, row_weights


def test_weights_drop_silent_and_doubtful_rows(settings):
    targets = np.array([[0.9, 0.1], [0.45, 0.55], [0.9, 0.1]])
    covered = np.array([True, True, False])
    asked = settings.with_changes(
        {"labels.min_confidence": 0.6, "labels.confidence_weighting": False, "labels.uncovered": "drop"}
    )
    assert row_weights(targets, covered, asked).tolist() == [1, 0, 0]
    kept = asked.with_changes({"labels.uncovered": "keep"})
    assert row_weights(targets, covered, kept).tolist() == [1, 0, 1]
    weighed = kept.with_changes({"labels.confidence_weighting": True})
    entropy = -(0.9 * np.log2(0.9) + 0.1 * np.log2(0.1))
    assert row_weights(targets, covered, weighed)[0] == pytest.approx(1 - entropy)


def test_rows_without_votes_teach_the_other_class_where_all_votes_name_one(settings):
    targets = np.array([[0.2, 0.8], [0.3, 0.7], [0.97, 0.03]])
    asked = settings.with_changes(
        {"labels.min_confidence": 0.0, "labels.confidence_weighting": False, "labels.uncovered": "drop"}
    )
    assert row_weights(targets, np.array([True, True, False]), asked).tolist() == [1, 1, 1]
    targets[0] = [0.8, 0.2]
    assert row_weights(targets, np.array([True, True, False]), asked).tolist() == [1, 1, 0]


def test_confidence_of_three_classes_is_measured_against_their_entropy():
    assert confidence(np.full((1, 3), 1 / 3))[0] == pytest.approx(0)


def test_balance_leaves_out_a_class_that_nobody_has():
    assert class_balance_factors(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.ones(2)).tolist() == [1, 1]

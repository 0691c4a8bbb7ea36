import numpy as np
import pytest

from tidemill.train.row_weights import class_balance_factors, class_balanced_weights, confidence, row_weights


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


def test_a_row_as_confident_as_asked_is_trained_on(settings):
    targets = np.array([[0.75, 0.25], [0.25, 0.75], [0.74, 0.26]])
    asked = settings.with_changes({"labels.min_confidence": 0.75, "labels.confidence_weighting": False})
    assert row_weights(targets, np.ones(3, dtype=bool), asked).tolist() == [1, 1, 0]


def test_without_any_covered_row_all_are_trained_on(settings):
    asked = settings.with_changes({"labels.min_confidence": 0.0, "labels.confidence_weighting": False})
    assert row_weights(np.array([[0.9, 0.1], [0.1, 0.9]]), np.zeros(2, dtype=bool), asked).tolist() == [1, 1]


def test_a_class_of_rows_without_weight_has_no_factor():
    factors = class_balance_factors(np.eye(2)[[0, 0, 1]], np.array([0.5, 0.5, 0.0]))
    assert factors.tolist() == [1.0, 1.0, 0.0]


def test_balanced_weights_give_classes_the_same_sum_and_leave_rows_without_weight_out(settings):
    targets, weights = np.eye(2)[[0, 0, 0, 1, 1]], np.array([0.5, 0.5, 0.5, 0.5, 0.0])
    on, off = (settings.with_changes({"labels.class_balance": asked}) for asked in (True, False))
    # shares 3/4 and 1/4: factors 2/3 and 2
    assert class_balanced_weights(targets, weights, on) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0, 0.0])
    assert class_balanced_weights(targets, weights, off) is weights
    assert class_balanced_weights(targets, np.zeros(5), on).tolist() == [0.0] * 5


def test_confidence_of_a_label_is_what_its_entropy_leaves_of_that_of_a_uniform_one():
    entropy = -(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25))
    assert confidence(np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])) == pytest.approx([1 - entropy / np.log(3), 1.0])


def test_the_class_of_a_row_is_its_likeliest(settings):
    targets = np.array([[0.8, 0.2, 0.0], [0.7, 0.0, 0.3], [0.1, 0.9, 0.0]])
    asked = settings.with_changes(
        {"labels.min_confidence": 0.0, "labels.confidence_weighting": False, "labels.uncovered": "drop"}
    )
    assert row_weights(targets, np.array([True, True, False]), asked).tolist() == [1, 1, 1]  # votes name one class

"""Losses and intervals by which models are compared on held-out rows."""

from dataclasses import replace

import numpy as np
import pytest

from tests.train.factories import changed, training_set
from tidemill.train.ensemble import paired_bootstrap
from tidemill.train.ensemble.paired_bootstrap import bootstrap_mean, compare, comparison_rows


def of_two_rows(settings, **changes):
    """One confident row of either class, weights 1; without gold the labels decide."""
    known, _, _ = training_set(rows=2)
    known = replace(known, targets=np.eye(2))
    return comparison_rows(known, np.ones(2), changed(settings, {"labels.class_balance": False, **changes}))


def test_the_loss_of_a_label_is_the_log_of_what_was_predicted_for_it(settings):
    comparison = of_two_rows(settings)
    predictions = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert comparison.losses(predictions) == pytest.approx(-np.log([0.9, 0.1]))


def test_a_class_that_was_ruled_out_costs_no_more_than_one_in_ten_thousand_does(settings):
    comparison = of_two_rows(settings)
    ruled_out = np.array([[0.0, 1.0], [0.01, 0.99]])
    assert comparison.losses(ruled_out) == pytest.approx([-np.log(1e-4), -np.log(0.99)])


def test_with_enough_gold_the_loss_is_the_squared_error_on_it(settings):
    known, truth, _ = training_set(rows=60, known=40)
    comparison = comparison_rows(
        known, np.ones(60), changed(settings, {"gold.use": True, "labels.class_balance": False})
    )
    predictions = np.where(truth == 1, 0.8, 0.2)
    assert comparison.by_gold
    assert comparison.losses(predictions) == pytest.approx(np.full(40, 2 * 0.2**2))
    few = replace(known, gold=np.where(np.arange(60) < 29, known.gold, -1))
    assert not comparison_rows(few, np.ones(60), changed(settings, {"gold.use": True})).by_gold  # 30 rows are asked for


def test_a_gain_is_positive_where_the_other_model_is_worse(settings):
    comparison = of_two_rows(settings)
    good, bad = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.6, 0.4], [0.4, 0.6]])
    figures = compare(comparison, good, bad)
    assert figures.gain == pytest.approx([np.log(0.9 / 0.6)] * 3, abs=1e-6)  # both rows alike: no spread
    assert figures.accuracy_gain == (0.0, 0.0, 0.0)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(size=4000)
    estimate = bootstrap_mean(values, np.zeros(4000, dtype=np.int64), 0)
    half = 1.96 * values.std() / np.sqrt(4000)
    assert [estimate.low, estimate.high] == pytest.approx([values.mean() - half, values.mean() + half], abs=0.1 * half)


def test_each_class_keeps_its_number_of_rows_in_every_resample():
    classes = np.repeat([0, 1], [10, 90])
    estimate = bootstrap_mean(classes.astype(np.float64), classes, 0)
    assert [estimate.mean, estimate.low, estimate.high] == pytest.approx([0.9, 0.9, 0.9])


def test_losses_and_right_answers_count_by_the_weight_of_their_row(settings):
    known, _, _ = training_set(rows=2)
    known = replace(known, targets=np.eye(2))
    comparison = comparison_rows(known, np.array([3.0, 1.0]), changed(settings, {"labels.class_balance": False}))
    predictions = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert comparison.losses(predictions) == pytest.approx([-1.5 * np.log(0.9), -0.5 * np.log(0.8)])
    assert comparison.correct(predictions).tolist() == [1.0, 1.0]
    assert comparison.loss_name() == "cross entropy against soft labels"


def test_gold_that_is_not_used_does_not_decide(settings):
    known, _, _ = training_set(rows=60, known=40)
    assert not comparison_rows(known, np.ones(60), changed(settings)).by_gold
    enough = replace(known, gold=np.where(np.arange(60) < 30, known.gold, -1))
    used = comparison_rows(enough, np.ones(60), changed(settings, {"gold.use": True}))
    assert used.by_gold
    assert used.loss_rows.sum() == used.accuracy_rows.sum() == 30
    assert used.loss_name() == "squared error on gold"


def test_balance_gives_either_class_half_of_the_weight(settings):
    known, _, _ = training_set(rows=4)
    known = replace(known, targets=np.eye(2)[[0, 0, 0, 1]])
    comparison = comparison_rows(known, np.ones(4), changed(settings, {"labels.class_balance": True}))
    assert comparison.loss_weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0])
    assert comparison.accuracy_weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0])


def test_of_no_rows_there_is_no_figure_and_parts_of_the_draws_change_none(monkeypatch):
    empty = bootstrap_mean(np.zeros(0), np.zeros(0, dtype=np.int64), 0)
    assert (empty.mean, empty.low, empty.high) == (0.0, 0.0, 0.0)
    values, classes = np.random.default_rng(1).normal(size=30), np.arange(30) % 2
    whole = bootstrap_mean(values, classes, 0)
    monkeypatch.setattr(paired_bootstrap, "_AT_ONCE", 40)
    assert bootstrap_mean(values, classes, 0) == whole
    monkeypatch.setattr(paired_bootstrap, "_AT_ONCE", 1)
    assert bootstrap_mean(values, classes, 0) == whole


def test_rows_are_drawn_within_each_of_three_classes(settings):
    known, _, _ = training_set(rows=60)
    classes = np.arange(60) % 3
    known = replace(known, targets=np.eye(3)[classes])
    comparison = comparison_rows(known, np.ones(60), changed(settings, {"labels.class_balance": False}))
    predictions = np.where((classes == 1)[:, None], np.roll(known.targets, 1, axis=1), known.targets)
    assert compare(comparison, predictions, predictions).accuracy == pytest.approx([2 / 3] * 3, abs=1e-6)  # no spread

"""How sure a model is believed to be where its prediction is combined with others'."""

import numpy as np
import pytest

from tidemill.train.end_model.stacking import fit_blend, fit_combination, fit_stack, geometric_mean_stack


def test_the_geometric_mean_takes_a_thousand_to_one_at_its_word():
    predictions = np.array([[[0.999, 0.001]], [[0.5, 0.5]]])
    odds = np.sqrt(999)  # the root of 999 : 1 times 1 : 1
    assert geometric_mean_stack(2, 2).predict_proba(predictions)[0, 0] == pytest.approx(odds / (1 + odds), abs=1e-6)


def test_a_model_that_rules_a_class_out_is_believed_ten_thousand_to_one_and_no_more():
    predictions = np.array([[[1.0, 0.0]], [[0.5, 0.5]]])
    assert geometric_mean_stack(2, 2).predict_proba(predictions)[0, 0] == pytest.approx(100 / 101, abs=1e-6)


def test_a_blend_weighs_what_a_model_says_below_one_in_five_too():
    # of ten rows nine are of the first class: the shares of least cross entropy make the mixture say nine in ten,
    # 0.95 a + 0.75 (1 - a) = 0.9 gives a = 3/4
    predictions = np.stack([np.tile([0.95, 0.05], (10, 1)), np.tile([0.75, 0.25], (10, 1))])
    blend = fit_blend(predictions, np.eye(2)[[0] * 9 + [1]], np.ones(10))
    assert blend.shares == pytest.approx([0.75, 0.25], abs=1e-3)


def test_a_stack_is_penalised_by_half_a_squared_weight_a_row():
    rng = np.random.default_rng(0)
    predictions = rng.dirichlet([2.0, 1.0], (1, 200))
    targets = np.eye(2)[(rng.random(200) < predictions[0, :, 1]).astype(int)]
    model = fit_stack(predictions, targets, np.ones(200)).model
    logs = np.log(predictions[0])
    logs -= logs.mean(axis=1, keepdims=True)
    gap = model.predict_proba(logs) - targets
    assert np.abs(gap.sum(axis=0)).max() < 0.05
    assert logs.T @ gap == pytest.approx(-model.weight, abs=0.05)
    assert np.abs(model.weight).min() > 0.2


def test_rows_without_weight_fit_nothing_and_the_scale_of_weights_does_not_matter():
    rng = np.random.default_rng(1)
    predictions, targets = rng.dirichlet([2.0, 1.0], (2, 60)), np.eye(2)[rng.integers(0, 2, 60)]
    weights = np.where(np.arange(60) < 40, 1.0, 0.0)
    for way, name in (("blend", "shares"), ("stack", "weight")):
        alone = fit_combination(way, predictions[:, :40], targets[:40], np.ones(40)).record().model_dump()[name]
        for given in (weights, 9.0 * weights):
            found = fit_combination(way, predictions, targets, given).record().model_dump()[name]
            assert np.asarray(found) == pytest.approx(np.asarray(alone), abs=1e-4)

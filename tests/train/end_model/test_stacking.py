"""How sure a model is believed to be where its prediction is combined with others'."""

import numpy as np
import pytest

from tidemill.train.end_model.stacking import fit_blend, geometric_mean_stack


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

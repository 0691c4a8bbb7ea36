"""Logistic regression of probabilistic labels: the conditions of its minimum, by hand."""

import numpy as np
import pytest

from tidemill.denoise.statistics.logistic_regression import LinearClassifier, _standardised, fit_logistic_regression


def rows(count=80, seed=0):
    rng = np.random.default_rng(seed)
    features = (rng.normal(size=(count, 3)) * 2 + 5).astype(np.float32)
    return features, rng.dirichlet(np.ones(3), count), rng.uniform(0.5, 2.0, count)


@pytest.mark.parametrize("penalty", [0.5, 20.0])
def test_the_gradient_vanishes_where_the_fit_ends(penalty):
    features, targets, weights = rows()
    model = fit_logistic_regression(features, targets, weights=weights, penalty=penalty)
    gap = weights[:, None] * (model.predict(features) - targets)
    scaled = (features - model.centre) / model.scale
    assert np.abs(gap.sum(axis=0)).max() < 0.05  # the bias is not penalised
    assert scaled.T @ gap == pytest.approx(-penalty * model.weights[:-1], abs=0.05)
    assert np.abs(model.weights[:-1]).max() > 0.005


def test_rows_of_no_weight_change_nothing_and_a_start_only_the_time():
    features, targets, weights = rows()
    weights[50:] = 0.0
    model = fit_logistic_regression(features, targets, weights=weights, penalty=1.0)
    spoiled, wrong = features.copy(), targets.copy()
    spoiled[50:], wrong[50:] = 9.0, 1 / 3
    other = fit_logistic_regression(spoiled, wrong, weights=weights, penalty=1.0, start=np.full((4, 3), 0.3))
    assert other.predict(features) == pytest.approx(model.predict(features), abs=0.01)


def test_features_are_centred_and_scaled_by_one_weighted_spread():
    features, weights = np.array([[0.0, 1.0], [4.0, 1.0]], dtype=np.float32), np.array([3.0, 1.0])
    inputs, centre, scale = _standardised(features, weights)
    assert centre == pytest.approx([1.0, 1.0])
    assert scale == pytest.approx(np.sqrt((3 / 4 * 1 + 1 / 4 * 9 + 0) / 2))  # the mean of both dimensions' variances
    assert inputs == pytest.approx(np.column_stack([(features - 1.0) / scale, np.ones(2)]))


def test_logits_are_standardised_features_times_weights_and_the_bias():
    model = LinearClassifier(
        np.array([[1.0, 0.0], [0.0, 2.0], [0.5, -0.5]]), np.array([1.0, 2.0]), np.array([2.0, 4.0])
    )
    assert model.logits(np.array([[3.0, 6.0]], dtype=np.float32)).tolist() == [[1.5, 1.5]]
    assert model.predict(np.array([[3.0, 2.0]], dtype=np.float32))[0] == pytest.approx(
        [1 / (1 + np.exp(-2.0)), 1 / (1 + np.exp(2.0))]
    )

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.evaluate.factories import CLASSES, flipped, says
from tidemill.contracts import ConfigError
from tidemill.evaluate.bootstrap import interval, resample
from tidemill.evaluate.metrics import MetricSpec, metric_spec, metric_terms, metrics_from_sums


def measure(gold, probabilities, by):
    return {
        name: float(value)
        for name, value in metrics_from_sums(metric_terms(gold, probabilities, by).sum(axis=0), by).items()
    }


@pytest.mark.parametrize("n_classes", [2, 4])
def test_scores_are_those_of_scikit_learn(n_classes):
    rng = np.random.default_rng(1)
    gold = rng.integers(0, n_classes, 300)
    probabilities = rng.dirichlet(np.ones(n_classes), 300)
    predicted = probabilities.argmax(axis=1)
    found = measure(gold, probabilities, metric_spec(tuple("abcd"[:n_classes]), None, 10))
    average = "binary" if n_classes == 2 else "macro"
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(gold, predicted))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(gold, predicted))
    assert found["f1"] == pytest.approx(sk.f1_score(gold, predicted, average=average))
    assert found["log_loss"] == pytest.approx(sk.log_loss(gold, probabilities))


def test_calibration_error_of_a_hand_count():
    # four rows of confidence .9, three right: |.75 - .9| = .15; one row of confidence .6, wrong: .6; over five rows
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]])
    gold = np.array([0, 0, 0, 1, 1])
    assert measure(gold, probabilities, MetricSpec(2, 1, 10))["calibration_error"] == pytest.approx(
        (4 * 0.15 + 0.6) / 5
    )


def test_a_calibrated_model_has_almost_no_calibration_error():
    rng = np.random.default_rng(2)
    p = rng.uniform(0, 1, 200_000)
    gold = (rng.uniform(size=p.size) < p).astype(int)
    assert measure(gold, np.column_stack([1 - p, p]), MetricSpec(2, 1, 10))["calibration_error"] < 0.01


def test_on_a_slice_of_one_class_balanced_accuracy_is_accuracy_and_f1_has_no_meaning():
    gold = np.zeros(10, dtype=int)
    found = measure(gold, says(flipped(gold, 3)), MetricSpec(2, 1, 10))
    assert found["accuracy"] == found["balanced_accuracy"] == pytest.approx(0.7)
    assert np.isnan(found["f1"])


def test_a_certain_and_wrong_model_costs_a_finite_log_loss():
    assert np.isfinite(measure(np.array([1]), np.array([[1.0, 0.0]]), MetricSpec(2, 1, 10))["log_loss"])


def test_a_positive_class_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"smap.*ham, spam"):
        metric_spec(CLASSES, "smap", 10)


def test_the_spread_of_resampled_accuracy_is_that_of_a_binomial():
    gold = np.zeros(500, dtype=int)
    by = MetricSpec(2, 1, 10)
    drawn = resample(metric_terms(gold, says(flipped(gold, 100)), by), n_bootstrap=4000, seed=3)
    spread = metrics_from_sums(drawn, by)["accuracy"].std()
    assert spread == pytest.approx(np.sqrt(0.8 * 0.2 / 500), rel=0.05)


def test_an_interval_of_95_percent_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(4)
    by = MetricSpec(2, 1, 10)
    held = 0
    for trial in range(300):
        gold = np.zeros(200, dtype=int)
        predicted = (rng.uniform(size=200) > 0.8).astype(int)
        drawn = resample(metric_terms(gold, says(predicted), by), n_bootstrap=300, seed=trial)
        low, high = interval(metrics_from_sums(drawn, by)["accuracy"], 0.95)
        held += low <= 0.8 <= high
    assert 0.90 <= held / 300 <= 0.98  # three standard errors of .0126 around .94, what percentiles reach at 200 rows


def test_resampling_in_blocks_keeps_the_number_of_rows():
    drawn = resample(np.ones((5_000, 1)), n_bootstrap=1_000, seed=5)
    assert drawn.shape == (1_000, 1)
    assert (drawn == 5_000).all()


def test_an_interval_without_any_meaning_is_nan_without_a_warning():
    assert np.isnan(interval(np.array([np.nan, np.nan]), 0.9)).all()

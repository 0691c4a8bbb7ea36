import numpy as np
import pytest
from sklearn import metrics as sk

from tests.evaluate.factories import CLASSES, flipped, says
from tidemill.contracts import ConfigError
from tidemill.evaluate import bootstrap
from tidemill.evaluate.bootstrap import bootstrap_counts, interval, resample
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


def test_blocks_of_resamples_are_as_large_as_memory_allows_and_change_no_draw(monkeypatch):
    whole = np.concatenate(list(bootstrap_counts(5, 7, 1)))
    monkeypatch.setattr(bootstrap, "_CELLS", 12)
    blocks = list(bootstrap_counts(5, 7, 1))
    assert [len(block) for block in blocks] == [2, 2, 2, 1]
    assert (np.concatenate(blocks) == whole).all()
    assert [len(block) for block in bootstrap_counts(20, 3, 1)] == [1, 1, 1]  # a resample is never cut
    assert [len(block) for block in bootstrap_counts(1, 12, 1)] == [12]


def test_of_no_rows_no_score_has_a_meaning():
    by = MetricSpec(2, 1, 10, ("ham", "spam"))
    found = metrics_from_sums(np.zeros(3 * 2 + 1 + 10), by)
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        dict.fromkeys(found, np.nan), nan_ok=True
    )


def test_the_lowest_bin_counts_for_the_calibration_error_too():
    probabilities = np.full((4, 20), 0.05)  # twenty classes alike: sure of a twentieth, and right
    found = measure(np.zeros(4, dtype=int), probabilities, MetricSpec(20, None, 10))
    assert found["calibration_error"] == pytest.approx(0.95)


def test_f1_of_the_positive_class_needs_a_row_of_it_and_macro_f1_leaves_missing_classes_out():
    gold, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    probabilities = np.eye(3)[predicted]
    # class 0: 2 * 1 / (2 + 1); class 1: 2 * 2 / (2 + 3); class 2 is in no row of gold
    assert measure(gold, probabilities, MetricSpec(3, None, 10))["f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert measure(gold, probabilities, MetricSpec(3, 1, 10))["f1"] == pytest.approx(4 / 5)
    assert np.isnan(measure(gold, probabilities, MetricSpec(3, 2, 10))["f1"])


def test_precision_and_recall_of_a_class_without_rows_have_no_meaning():
    found = measure(np.array([0, 0, 1]), np.eye(3)[[0, 0, 2]], MetricSpec(3, None, 10, ("a", "b", "c")))
    assert [found[f"precision_{name}"] for name in "abc"] == pytest.approx([1.0, np.nan, 0.0], nan_ok=True)
    assert [found[f"recall_{name}"] for name in "abc"] == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)


def test_a_gold_class_that_was_ruled_out_costs_the_log_of_the_least_probability():
    assert measure(np.array([1]), np.array([[1.0, 0.0]]), MetricSpec(2, 1, 10))["log_loss"] == pytest.approx(
        -np.log(1e-15)
    )


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_the_interval_leaves_out_as_much_below_as_above(confidence):
    low, high = interval(np.r_[np.arange(101.0), np.nan], confidence)
    assert (low, high) == pytest.approx((50 - 50 * confidence, 50 + 50 * confidence))

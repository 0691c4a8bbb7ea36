import numpy as np
import polars as pl
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from tests.evaluate.factories import settings
from tidemill.evaluate.baselines import END_MODEL, LABEL_MODEL
from tidemill.evaluate.confidence_report import confidence_report
from tidemill.evaluate.metrics import metric_spec, metric_terms, metrics_from_sums
from tidemill.evaluate.roc_auc import roc_auc
from tidemill.evaluate.score_table import score_table
from tidemill.evaluate.slices import Slice
from tidemill.evaluate.temperature import bootstrap_temperatures, fit_temperature, scale_by_temperature
from tidemill.evaluate.thresholds import GRID, coverage_at, least_confidence, thresholds


def drawn(rows=300, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[gold]
    said = np.exp(logits)
    return gold, (said / said.sum(axis=1, keepdims=True)).round(2)  # rounded: there are ties


@pytest.mark.parametrize("classes", [2, 3])
def test_auc_is_that_of_scikit_learn_ties_included(classes):
    gold, said = drawn(classes=classes)
    each = [roc_auc_score(gold == k, said[:, k]) for k in range(classes)]
    assert roc_auc(gold, said)[0] == pytest.approx(each[1] if classes == 2 else np.mean(each), abs=1e-9)


def test_drawing_a_row_twice_is_having_it_twice():
    gold, said = drawn(rows=40)
    times = np.random.default_rng(1).integers(0, 3, 40)
    assert roc_auc(gold, said, times[None].astype(float))[0] == pytest.approx(
        roc_auc(np.repeat(gold, times), np.repeat(said, times, axis=0))[0]
    )


def test_auc_of_one_class_has_no_meaning_and_of_chance_an_interval_about_a_half():
    rng = np.random.default_rng(0)
    said = rng.dirichlet([1, 1], 400)
    assert np.isnan(roc_auc(np.zeros(400, dtype=int), said)[0])
    table = score_table(rng.integers(0, 2, 400), {"m": said}, [], metric_spec(("a", "b"), None, 10), settings())
    (line,) = table.filter(table["metric"] == "auc").iter_rows(named=True)
    assert line["low"] < 0.5 < line["high"]


def test_auc_of_a_slice_is_the_share_of_its_own_pairs_that_stand_right():
    # in the slice: two of class 1 at .8 and .4, two of class 0 at .6 and .1: three of four pairs right
    gold = np.tile([1, 1, 0, 0, 1, 0], 3)
    high = np.tile([0.8, 0.4, 0.6, 0.1, 0.05, 0.95], 3)
    part = Slice("half", "first", np.arange(18) % 6 < 4)
    table = score_table(
        gold, {"m": np.column_stack([1 - high, high])}, [part], metric_spec(("a", "b"), None, 10), settings()
    )
    of = {line["slice"]: line for line in table.filter(table["metric"] == "auc").iter_rows(named=True)}
    assert of["half=first"]["score"] == 0.75
    assert of["all"]["score"] == pytest.approx(1 / 3, abs=1e-6)  # .8 above two of three, .4 above one, .05 above none
    assert of["half=first"]["low"] <= 0.75 <= of["half=first"]["high"]


def test_precision_and_recall_of_each_class_stand_in_the_table():
    gold, said = drawn()
    table = score_table(gold, {"m": said}, [], metric_spec(("a", "b", "c"), None, 10), settings(n_bootstrap=50))
    found = dict(table.select("metric", "score").iter_rows())
    predicted = said.argmax(axis=1)
    assert found["precision_b"] == pytest.approx(precision_score(gold == 1, predicted == 1), abs=1e-6)
    assert found["recall_c"] == pytest.approx(recall_score(gold == 2, predicted == 2), abs=1e-6)


def test_the_temperature_of_logits_that_were_multiplied_is_the_factor():
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([1, 1, 1], 4000)
    gold = np.array([rng.choice(3, p=row) for row in honest])
    sharp = scale_by_temperature(honest, 1 / 2.5)
    assert fit_temperature(sharp, np.eye(3)[gold]) == pytest.approx(2.5, rel=0.06)
    assert fit_temperature(sharp, honest) == pytest.approx(2.5, rel=0.01)  # against the probabilities themselves
    some = bootstrap_temperatures(sharp[:400], np.eye(3)[gold[:400]], n_bootstrap=60, seed=0)
    assert np.quantile(some, 0.02) < 2.5 < np.quantile(some, 0.98)
    assert (scale_by_temperature(sharp, 2.5).argmax(axis=1) == sharp.argmax(axis=1)).all()


def test_precision_and_recall_are_those_of_scikit_learn():
    gold, said = drawn()
    table = thresholds(gold, said, ("a", "b", "c"), settings(n_bootstrap=50))
    for name, k in (("a", 0), ("c", 2)):
        for threshold in (0.0, 0.3, 0.6):
            (row,) = table.filter(table["class"] == name, table["threshold"] == threshold).iter_rows(named=True)
            is_said = said[:, k] >= threshold
            assert row["precision"] == pytest.approx(precision_score(gold == k, is_said), abs=1e-6)
            assert row["recall"] == pytest.approx(recall_score(gold == k, is_said), abs=1e-6)
            assert row["recall_low"] <= row["recall"] <= row["recall_high"]
    assert table.height == 3 * len(GRID)


def test_coverage_counts_the_rows_that_are_sure_enough():
    # sure .9: nine of ten right; sure .6: five of ten right
    gold = np.array([0] * 9 + [1] + [0] * 5 + [1] * 5)
    said = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    assert least_confidence(gold, said, 0.9) == 0.9
    assert least_confidence(gold, said, 0.7) == 0.6
    assert least_confidence(gold, said, 0.95) is None
    told = coverage_at(gold, said, 0.9, settings(target_precision=0.9))
    assert told.coverage.score == 0.5
    assert told.precision.score == 0.9
    assert told.coverage.low < 0.5 < told.coverage.high


def told_apart(rows=240, seed=0):
    """Rows of valid, dev and test in turn; what end model and label model give them, the end model 2.5 times too sure."""
    rng = np.random.default_rng(seed)
    given = rng.dirichlet([1, 1], rows)
    gold = (rng.random(rows) < given[:, 1]).astype(np.int8)
    table = pl.DataFrame({"split": np.array(["valid", "dev", "test"])[np.arange(rows) % 3], "gold": gold})
    return table, {END_MODEL: scale_by_temperature(given, 1 / 2.5), LABEL_MODEL: given}


def report(calibrate_on, *, leave_out=(), rows=240, slices=(), **changes):
    table, models = told_apart(rows)
    models = {name: model for name, model in models.items() if name not in leave_out}
    asked = settings(calibrate_on=calibrate_on, n_bootstrap=50, **changes)
    return confidence_report(table, models, slices, metric_spec(("a", "b"), None, 10), asked)


def test_the_temperature_is_fitted_on_labels_of_valid_or_on_gold_of_dev_as_asked():
    _, weak = report("weak")
    assert (weak.fitted_on, weak.rows) == ("weak", 80)
    assert weak.value == pytest.approx(2.5, rel=0.01)  # the labels are the calibrated probabilities themselves
    table, models = told_apart()
    of_dev = (table["split"] == "dev").to_numpy()
    _, by_gold = report("dev", leave_out=[LABEL_MODEL])
    assert (by_gold.fitted_on, by_gold.rows) == ("dev", 80)
    gold = np.eye(2)[table["gold"].to_numpy()[of_dev]]
    assert by_gold.value == pytest.approx(fit_temperature(models[END_MODEL][of_dev], gold))
    assert by_gold.value != pytest.approx(weak.value)


def test_no_temperature_is_fitted_where_none_is_asked_for_or_labels_are_missing():
    assert report("none")[1] is None
    assert report("weak", leave_out=[LABEL_MODEL])[1] is None


def test_the_temperature_lowers_the_calibration_error_of_test_and_of_its_slices():
    half = Slice("part", "first", np.arange(800) < 400)
    _, found = report("weak", rows=2400, slices=[half])
    assert found.after.score < found.before.score / 2
    table, models = told_apart(2400)
    of_test = (table["split"] == "test").to_numpy()
    own, gold = models[END_MODEL][of_test][:400], table["gold"].to_numpy()[of_test][:400]
    expected = [calibration_error(gold, scale_by_temperature(own, degrees)) for degrees in (1.0, found.value)]
    first = found.slices["part=first"]
    assert [first.before.score, first.after.score] == pytest.approx(expected, abs=1e-6)
    _, by_gold = report("dev", rows=1200)
    low, high = by_gold.interval
    assert low < by_gold.value < high


def calibration_error(gold, probabilities):
    by = metric_spec(("a", "b"), None, 10)
    return float(metrics_from_sums(metric_terms(gold, probabilities, by).sum(axis=0), by)["calibration_error"])


def test_coverage_is_that_of_test_at_the_threshold_of_valid():
    table = pl.DataFrame({"split": ["valid"] * 4 + ["test"] * 4, "gold": [0, 0, 1, 1, 0, 1, 0, 1]})
    sure = np.array([0.9, 0.8, 0.7, 0.6, 0.95, 0.85, 0.75, 0.65])  # of class 0; in valid the first two are right
    models = {END_MODEL: np.column_stack([sure, 1 - sure])}
    part = Slice("part", "first", np.array([True, False, False, False]))
    asked = settings(calibrate_on="none", n_bootstrap=50, target_precision=0.99)
    found, _ = confidence_report(table, models, [part], metric_spec(("a", "b"), None, 10), asked)
    assert found.threshold == 0.8
    assert (found.coverage.score, found.precision.score) == (0.5, 0.5)  # two of four are as sure, one of them right
    assert found.slices["part=first"].precision.score == 1.0


def test_without_a_threshold_or_rows_of_test_nothing_is_said_of_coverage():
    table, models = told_apart(60)
    wrong = table.with_columns(gold=pl.Series(1 - models[END_MODEL].argmax(axis=1)))  # no confidence helps
    by, asked = metric_spec(("a", "b"), None, 10), settings(calibrate_on="none", n_bootstrap=50)
    none, _ = confidence_report(wrong, models, [], by, asked)
    assert (none.threshold, none.coverage) == (None, None)
    kept = (table["split"] != "test").to_numpy()
    right = table.with_columns(gold=pl.Series(models[END_MODEL].argmax(axis=1)))
    untested, _ = confidence_report(right.filter(kept), {END_MODEL: models[END_MODEL][kept]}, [], by, asked)
    assert untested.threshold is not None
    assert untested.coverage is None


def test_where_no_row_is_sure_enough_precision_has_no_meaning():
    told = coverage_at(np.array([0, 1]), np.array([[0.6, 0.4], [0.6, 0.4]]), 0.9, settings(n_bootstrap=50))
    assert told.coverage.score == 0.0
    assert told.precision.score is None


def test_rows_of_one_confidence_are_answered_together_and_of_none_there_is_no_threshold():
    said = np.array([[0.9, 0.1], [0.7, 0.3], [0.7, 0.3]])
    assert least_confidence(np.array([0, 0, 1]), said, 0.7) == 0.9  # with one of the two at .7 it would be enough
    assert least_confidence(np.array([0, 0, 0]), said, 0.7) == 0.7
    assert least_confidence(np.zeros(0, dtype=int), np.zeros((0, 2)), 0.7) is None


def test_intervals_of_precision_by_threshold_are_those_of_a_binomial_and_none_where_no_row_is():
    gold = np.tile([0, 0, 0, 1], 100)
    said = np.tile([0.8, 0.2], (400, 1))
    table = thresholds(gold, said, ("a", "b"), settings(n_bootstrap=400))
    at = {(row["class"], row["threshold"]): row for row in table.iter_rows(named=True)}
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert at["a", 0.8]["rows"] == 400
    assert at["a", 0.8]["precision"] == 0.75
    assert [at["a", 0.8][f"precision_{end}"] for end in ("low", "high")] == pytest.approx(
        [0.75 - half, 0.75 + half], abs=0.01
    )
    assert at["a", 0.8]["recall_low"] == at["a", 0.8]["recall_high"] == 1.0
    assert at["a", 0.81]["rows"] == 0
    assert at["a", 0.81]["precision"] is None
    assert at["a", 0.81]["recall"] == 0.0
    few = thresholds(gold[:40], said[:40], ("a", "b"), settings(n_bootstrap=50)).row(0, named=True)
    assert (few["recall"], few["recall_high"]) == (1.0, 1.0)
    assert few["recall_low"] == pytest.approx(
        30 / (30 + 1.959964**2), abs=1e-5
    )  # Wilson, 30 of 30: resamples know 1 alone
    table = thresholds(np.zeros(4, dtype=int), said[:4], ("a", "b"), settings(n_bootstrap=50))
    assert table.filter(pl.col("class") == "b")["recall"].null_count() == len(GRID)  # gold has no b

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from tests.evaluate.factories import settings
from tidemill.evaluate.metrics import metric_spec
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
    gold = np.array([1, 1, 0, 0, 1, 0])
    high = np.array([0.8, 0.4, 0.6, 0.1, 0.05, 0.95])
    part = Slice("half", "first", np.arange(6) < 4)
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

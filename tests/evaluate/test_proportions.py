"""Intervals of proportions of few rows: do they hold the truth as often as they promise?"""

import numpy as np
import polars as pl
import pytest

from tests.evaluate.factories import CLASSES, rows, says, settings
from tidemill.evaluate.baselines import END_MODEL, MAJORITY_CLASS, MAJORITY_VOTE
from tidemill.evaluate.metrics import MetricSpec, metric_terms
from tidemill.evaluate.plots import draw
from tidemill.evaluate.proportions import (
    FEW_ROWS,
    LEAST_ROWS,
    mean_of_proportions,
    proportion_interval,
    proportion_intervals,
)
from tidemill.evaluate.run import evaluate
from tidemill.evaluate.score_table import score_table

SPEC = MetricSpec(2, 1, 10, CLASSES)


def test_32_rows_have_intervals_that_hold_the_truth_19_times_in_20():
    """Of 24 and 8 rows of two classes, whose recalls are .95 and .9: balanced accuracy is .925."""
    rng, recall, sizes, trials = np.random.default_rng(0), np.array([0.95, 0.9]), np.array([24, 8]), 2000
    hits = rng.binomial(sizes, recall, size=(trials, 2))
    held = [low <= recall.mean() <= high for low, high in (mean_of_proportions(one, sizes, 0.95) for one in hits)]
    assert 0.93 <= np.mean(held) <= 0.99
    resampled = [  # the percentile bootstrap of a proportion is a binomial of the share that was seen
        np.quantile(rng.binomial(sizes, one / sizes, size=(200, 2)) / sizes @ [0.5, 0.5], [0.025, 0.975])
        for one in hits[:400]
    ]
    assert np.mean([low <= recall.mean() <= high for low, high in resampled]) < 0.85


def test_an_interval_of_one_proportion_is_that_of_wilson():
    assert mean_of_proportions([5], [10], 0.95) == pytest.approx((0.236593, 0.763407), abs=1e-6)


@pytest.mark.parametrize(("hits", "rows", "ends"), [(20, 32, (0.45251, 0.77069)), (99, 100, (0.2, 0.3))])
def test_a_share_of_fewer_than_a_hundred_rows_is_wilsons_whatever_resamples_say(hits, rows, ends):
    """The ends for 20 of 32 by hand: z = 1.959964, centre .61161, half .15909."""
    assert proportion_interval(hits, rows, np.repeat([0.2, 0.3], 25), 0.95) == pytest.approx(ends, abs=1e-4)


def test_metrics_of_many_rows_are_left_to_resamples():
    gold = np.array([0] * FEW_ROWS + [1] * 5)
    sums = metric_terms(gold, says(gold), SPEC).sum(axis=0)
    assert set(proportion_intervals(sums, SPEC, 0.95)) == {"precision_spam", "recall_spam", "balanced_accuracy"}
    assert proportion_intervals(metric_terms(gold[:0], says(gold[:0]), SPEC).sum(axis=0), SPEC, 0.95) == {}


def test_a_perfect_score_on_few_rows_does_not_claim_to_be_certain():
    gold = np.array([0, 1] * 8)
    table = score_table(gold, {"m": says(gold)}, [], SPEC, settings(n_bootstrap=50))
    of = {line["metric"]: line for line in table.iter_rows(named=True)}
    assert (of["accuracy"]["score"], of["accuracy"]["high"]) == (1.0, 1.0)
    assert of["accuracy"]["low"] == pytest.approx(16 / (16 + 1.959964**2), abs=1e-5)
    assert of["balanced_accuracy"]["low"] < 0.8
    constant = score_table(gold, {MAJORITY_CLASS: says(0 * gold)}, [], SPEC, settings(n_bootstrap=50))
    recalls = constant.filter(pl.col("metric") == "balanced_accuracy").row(0, named=True)
    assert (recalls["low"], recalls["high"]) == (0.5, 0.5)  # it answers the same whatever the rows are


@pytest.mark.slow
def test_of_fewer_than_ten_rows_there_are_no_scores_and_pictures_are_drawn_all_the_same(tmp_path):
    table = rows().with_columns(split=pl.Series(["test"] * (LEAST_ROWS - 1) + ["valid"] * (400 - LEAST_ROWS + 1)))
    gold = table["gold"].to_numpy()
    models = {name: says(gold) for name in (END_MODEL, MAJORITY_CLASS, MAJORITY_VOTE)}
    done = evaluate(table, models, CLASSES, settings(), version=None)
    assert done.metrics.rows == LEAST_ROWS - 1
    assert done.metrics.scores[END_MODEL]["balanced_accuracy"] is None
    assert done.metrics.end_model_gains == {}
    assert done.verdict.rows == 400 - LEAST_ROWS + 1  # the gate judges by rows of valid
    draw(done, tmp_path, CLASSES)

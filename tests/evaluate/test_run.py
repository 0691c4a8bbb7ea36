import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.evaluate.factories import CLASSES, flipped, rows, says, settings
from tidemill.evaluate.baselines import (
    CHAMPION,
    END_MODEL,
    GOLD_CEILING,
    LABEL_MODEL,
    MAJORITY_CLASS,
    MAJORITY_VOTE,
    ORDER,
    majority_class_predictions,
)
from tidemill.evaluate.plots import _most_confused, draw
from tidemill.evaluate.run import evaluate
from tidemill.reports.evaluate import Metrics


@pytest.fixture(scope="module")
def models():
    gold = rows()["gold"].to_numpy()
    return {
        GOLD_CEILING: says(flipped(gold, 4)),
        END_MODEL: says(flipped(gold, 20)),
        MAJORITY_CLASS: majority_class_predictions(gold, 2, len(gold)),
        MAJORITY_VOTE: says(flipped(gold, 80)),
        LABEL_MODEL: says(flipped(gold, 40)),
        CHAMPION: says(flipped(gold, 90)),
    }


@pytest.fixture(scope="module")
def done(models):
    return evaluate(rows(), models, CLASSES, settings(), version="spam@v1.0.0")


def test_every_yardstick_stands_in_one_table_in_its_order(done):
    whole = done.scores.filter(pl.col("slice") == "all")
    assert tuple(whole["model"].unique(maintain_order=True)) == ORDER
    assert set(whole["rows"]) == {200}


def test_scores_are_of_test_rows_and_the_verdict_of_valid_rows(models):
    gold, split = rows()["gold"].to_numpy(), rows()["split"].to_numpy()
    right = np.where(split == "test", gold, 1 - gold)
    found = evaluate(rows(), models | {END_MODEL: says(right)}, CLASSES, settings(), version="spam@v1.0.0")
    assert found.metrics.scores[END_MODEL]["accuracy"] == 1.0
    assert found.verdict.scores["candidate"].score == 0.0


def test_every_score_lies_in_its_interval(done):
    told = done.scores.filter(pl.col("score").is_not_null() & (pl.col("metric") != "calibration_error"))
    assert told.filter((pl.col("low") > pl.col("score")) | (pl.col("high") < pl.col("score"))).is_empty()


def test_slices_are_cut_by_every_column_and_count_their_rows(done):
    counts = dict(done.scores.select("slice", "rows").unique().iter_rows())
    assert counts == {"all": 200, "batch=sms-1": 100, "batch=email-1": 100, "group=easy-ham": 80, "group=hard-ham": 20}


def test_metrics_are_json_of_numbers_and_say_how_far_the_ceiling_is(done):
    content = json.loads(json.dumps(done.metrics.model_dump(), allow_nan=False))
    assert Metrics.parse(json.dumps(content | {"format": 1}), where="metrics.json") == done.metrics
    ceiling = done.metrics.end_model_gains[GOLD_CEILING]
    assert ceiling.gain < 0
    assert ceiling.interval[0] <= ceiling.gain <= ceiling.interval[1]


@pytest.mark.slow
def test_the_same_rows_give_the_same_numbers_and_pictures(done, models, tmp_path):
    again = evaluate(rows(), models, CLASSES, settings(), version="spam@v1.0.0")
    assert again.metrics == done.metrics
    assert again.verdict == done.verdict
    for name, one in (("first", done), ("second", again)):
        (tmp_path / name).mkdir()
        draw(one, tmp_path / name, CLASSES)
    pictures = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert pictures == ["calibration.png", "confusion.png", "scores.png", "slices.png", "thresholds.png"]
    for name in pictures:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_new_slice_leaves_the_other_numbers_alone(done, models):
    more = rows().with_columns(pl.Series("channel", ["web", "app"] * 200))
    again = evaluate(more, models, CLASSES, settings(), version="spam@v1.0.0")
    assert again.metrics.scores == done.metrics.scores
    assert again.metrics.intervals == done.metrics.intervals
    assert again.metrics.slices["batch=sms-1"] == done.metrics.slices["batch=sms-1"]


def test_confusion_holds_one_line_per_test_row(done, models):
    gold = rows().filter(pl.col("split") == "test")["gold"].to_numpy()
    assert done.confusion_table.height == 200
    wrong = done.confusion_table.filter(pl.col("actual") != pl.col("predicted")).height
    split = (rows()["split"] == "test").to_numpy()
    assert wrong == (models[END_MODEL][split].argmax(axis=1) != gold).sum()


def test_the_rows_of_the_calibration_table_add_up(done):
    assert set(done.reliability_table.group_by("model").agg(pl.col("rows").sum())["rows"]) == {200}


@pytest.mark.slow
def test_without_any_gold_everything_is_still_written(tmp_path):
    empty = rows().clear()
    nothing = np.zeros((0, 2))
    done = evaluate(empty, {END_MODEL: nothing, MAJORITY_CLASS: nothing}, CLASSES, settings(), version=None)
    draw(done, tmp_path, CLASSES)
    assert done.metrics.rows == 0
    assert done.verdict.verdict == "keep"
    assert done.scores.columns[:3] == ["slice", "model", "metric"]
    assert len(list(tmp_path.iterdir())) == 5


def test_refused_rows_are_counted_for_all_and_for_each_slice_and_right_answers_among_them(models):
    table = rows()
    hard, test = (table["group"] == "hard-ham").fill_null(value=False).to_numpy(), (table["split"] == "test").to_numpy()
    outlier = np.where(hard, 1.5, 0.5)
    wrong = np.where(hard, 1 - table["gold"].to_numpy(), table["gold"].to_numpy())
    found = evaluate(table, models | {END_MODEL: says(wrong)}, CLASSES, settings(), version=None, outlier=outlier)
    told = found.metrics.none_of_the_above
    assert told.rejected.score == pytest.approx((hard & test).sum() / test.sum())
    assert told.rejected.low < told.rejected.score < told.rejected.high
    assert (told.accuracy_of_rejected.score, told.accuracy_of_answered.score) == (0.0, 1.0)
    assert told.slices["group=hard-ham"].score == 1.0
    assert told.slices["group=easy-ham"].score == 0.0


def test_a_model_that_refuses_nothing_says_nothing_of_it(done):
    assert done.metrics.none_of_the_above is None
    assert "none_of_the_above" not in done.metrics.model_dump()


@pytest.mark.slow
def test_pictures_of_two_hundred_classes_show_those_with_most_errors(tmp_path):
    classes = [f"species {k}" for k in range(200)]
    gold = np.arange(400) % 200
    answers = np.where(gold < 30, (gold + 1) % 30, gold)
    probabilities = np.eye(200)[answers]
    table = pl.DataFrame(
        {
            "row_id": [f"r{k}" for k in range(400)],
            "batch": "one",
            "split": "test",
            "gold": pl.Series(gold, dtype=pl.Int16),
        }
    )
    few = settings().model_copy(update={"n_bootstrap": 20})
    done = evaluate(table, {END_MODEL: probabilities, MAJORITY_CLASS: probabilities}, classes, few, version=None)
    draw(done, tmp_path, classes)
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            assert max(image.size) < 5000
    assert set(_most_confused(done.confusion_table, classes, 20)) <= set(classes[:30])

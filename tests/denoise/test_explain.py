"""What a label model tells of functions and rows, and what functions are worth."""

import numpy as np
import polars as pl
import pytest

from tidemill.contracts import DataError
from tidemill.denoise.evidence import calibration_error
from tidemill.denoise.explain import explain, row_evidence
from tidemill.denoise.plots import draw
from tidemill.denoise.registry import create
from tidemill.denoise.worth import worth

VOTES = np.array([[0, 0, 1], [0, 0, -1], [1, 1, 1], [1, 1, -1]] * 25, dtype=np.int8)


def told_of(model):
    return explain(model, VOTES, names=["a", "b", "c"], classes=["no", "yes"])


def test_accuracies_and_their_intervals_are_those_of_a_hand_count():
    told = told_of(create("majority", 2).fit(VOTES))["functions"]
    # the rows of c: 25 times a third of class 1, and 25 times all of it: 33.3 of 50 votes right
    assert told["c"]["accuracy"] == pytest.approx((25 / 3 + 25) / 50, abs=1e-6)
    assert told["c"]["coverage"] == 0.5
    low, high = told["c"]["interval"]
    assert low < told["c"]["accuracy"] < high


def test_what_each_vote_moved_a_row_by_is_the_log_odds_without_it():
    model = create("one_coin", 2).fit(VOTES)
    ids = pl.Series([f"r{i}" for i in range(len(VOTES))])
    told = row_evidence(model, VOTES, ids, names=["a", "b", "c"], classes=["no", "yes"])
    assert told.height == int((VOTES >= 0).sum())
    first = told.filter(pl.col("row_id") == "r0")
    # one-coin evidence adds up: log-odds of a row are the sum of what its functions say
    assert first["log_odds"][0] == pytest.approx(first["moved"].sum(), abs=1e-4)
    assert first["vote"].to_list() == ["no", "no", "yes"]
    assert first["moved"][2] < 0 < first["moved"][0]


def test_a_refusal_is_told_as_such_and_silent_rows_have_no_line():
    votes = np.array([[-2, -1], [-1, -1]], dtype=np.int8)
    told = row_evidence(
        create("majority", 2).fit(votes), votes, pl.Series(["x", "y"]), names=["a", "b"], classes=["no", "yes"]
    )
    assert told.select("row_id", "likeliest", "function", "vote").rows() == [("x", "yes", "a", "not no")]


def test_plots_are_the_same_bytes_twice(tmp_path):
    model = create("majority", 2).fit(VOTES)
    told = told_of(model)
    gold = VOTES[:, 0].astype(int)
    first, second = (
        draw(tmp_path / name, told, VOTES, model.predict_proba(VOTES), gold=gold) for name in ("one", "two")
    )
    assert [path.name for path in first] == ["accuracies.png", "agreement.png", "posteriors.png", "calibration.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_calibration_error_is_the_gap_between_sure_and_right():
    # ten rows at .9 of which seven are right: a gap of .2
    probabilities = np.tile([0.9, 0.1], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 7 + [1] * 3)) == pytest.approx(0.2)


def test_perfect_weak_labels_are_worth_at_least_all_the_gold_and_useless_ones_little():
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 600)
    features = (chance.normal(size=(600, 20)) + 0.4 * truth[:, None]).astype(np.float32)
    gold = np.where(np.arange(600) < 200, truth, -1)
    heard = np.ones(600, dtype=bool)
    perfect = worth(features, np.eye(2)[truth], gold, heard=heard, draws=4, seed=1)
    useless = worth(features, np.eye(2)[chance.integers(0, 2, 600)], gold, heard=heard, draws=4, seed=1)
    assert perfect.labels > 5 * useless.labels
    assert useless.action == "label"


def test_too_little_gold_for_a_curve_is_an_error():
    with pytest.raises(DataError, match="at least 40"):
        worth(np.zeros((9, 2), dtype=np.float32), np.full((9, 2), 0.5), np.zeros(9), heard=np.ones(9), draws=1, seed=1)

"""What a label model tells of functions and rows, and what functions are worth."""

import numpy as np
import polars as pl
import pytest

from tidemill.denoise.models.registry import create
from tidemill.denoise.report.explain import explain, row_evidence

VOTES = np.array([[0, 0, 1], [0, 0, -1], [1, 1, 1], [1, 1, -1]] * 25, dtype=np.int16)


def told_of(model):
    return explain(model, VOTES, names=["a", "b", "c"], classes=["no", "yes"])


def test_accuracies_and_their_intervals_are_those_of_a_hand_count():
    told = told_of(create("majority", 2).fit(VOTES)).functions
    # the rows of c: 25 times a third of class 1, and 25 times all of it: 33.3 of 50 votes right
    assert told["c"].accuracy == pytest.approx((25 / 3 + 25) / 50, abs=1e-6)
    assert told["c"].coverage == 0.5
    low, high = told["c"].interval
    assert low < told["c"].accuracy < high


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
    votes = np.array([[-2, -1], [-1, -1]], dtype=np.int16)
    told = row_evidence(
        create("majority", 2).fit(votes), votes, pl.Series(["x", "y"]), names=["a", "b"], classes=["no", "yes"]
    )
    assert told.select("row_id", "likeliest", "function", "vote").rows() == [("x", "yes", "a", "not no")]

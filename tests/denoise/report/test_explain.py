"""What a label model tells of functions and rows, and what functions are worth."""

import numpy as np
import polars as pl
import pytest

from tests.denoise.factories import clones
from tidemill.common.statistics import wilson
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.models.registry import create
from tidemill.denoise.report.explain import dependences, explain, functions, row_evidence, row_log_odds

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


def test_confusions_are_shares_of_each_class_with_their_intervals():
    votes = np.array([[0, -2], [0, -1], [1, -1], [-1, -1]], dtype=np.int8)
    posterior = np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75], [0.0, 1.0]])
    found = functions(votes, posterior, names=["a", "b"], classes=["no", "yes"])
    first, second = found["a"], found["b"]
    assert (first.votes, second.votes) == (3, 1)
    assert first.accuracy == pytest.approx((1.5 + 0.75) / 3)
    assert {vote: share for vote, (share, _, _) in first.confusion["no"].items()} == pytest.approx(
        {"no": 1.5 / 1.75, "yes": 0.25 / 1.75}, abs=1e-6
    )
    assert {vote: share for vote, (share, _, _) in first.confusion["yes"].items()} == pytest.approx(
        {"no": 0.5 / 1.25, "yes": 0.75 / 1.25}, abs=1e-6
    )
    assert second.accuracy == 0.0  # it refuses what the row is
    share, low, high = second.confusion["no"]["not no"]
    assert share == 1.0
    assert (low, high) == pytest.approx(wilson(1.0, 1.0, 0.9), abs=1e-6)


def test_a_function_that_never_votes_has_no_accuracy():
    found = functions(np.array([[-1], [-1]], dtype=np.int8), np.full((2, 2), 0.5), names=["a"], classes=["no", "yes"])
    assert (found["a"].accuracy, found["a"].votes, found["a"].coverage) == (None, 0, 0.0)
    assert found["a"].confusion == {"no": {}, "yes": {}}


def test_dependent_pairs_are_named_in_the_order_of_the_votes():
    votes, _ = clones(copies=2, rows=3000)
    found = dependences(PairLifts(2).fit(votes), [f"f{j}" for j in range(7)])
    assert found.groups == (("f5", "f6"),)
    (pair,) = found.pairs
    assert pair.functions == ("f5", "f6")
    assert pair.excess > 0.9
    assert found.voting == 7
    assert found.weights["f5"] == found.weights["f6"] == pytest.approx(1 / (1 + pair.excess), abs=1e-4)
    assert {found.weights[f"f{j}"] for j in range(5)} == {1.0}
    silent = np.column_stack([votes, np.full(3000, -1, dtype=np.int8)])
    assert dependences(PairLifts(2).fit(silent), [f"f{j}" for j in range(8)]).voting == 7


def test_certainty_has_finite_log_odds_and_a_rows_evidence_is_by_function():
    model = create("majority", 2).fit(VOTES)
    first, second = row_log_odds(model, VOTES[:2], names=["a", "b", "c"])
    assert first.likeliest == second.likeliest == 0
    assert first.log_odds == pytest.approx(np.log(2.0), abs=1e-6)
    assert second.log_odds == pytest.approx(np.log(1e12), abs=1e-3)
    # without c the others agree; without a the two that are left are tied
    assert first.functions == pytest.approx({"a": np.log(2), "b": np.log(2), "c": np.log(2) - np.log(1e12)}, abs=1e-3)
    assert set(second.functions) == {"a", "b"}

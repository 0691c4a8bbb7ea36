import json
import random

import numpy as np
import polars as pl
import pytest

from tests.label.test_run import ROWS, SUITE
from tidemill.adapters.places import suite_result
from tidemill.adapters.suites import guard
from tidemill.contracts import SuiteError, check
from tidemill.label import labeling_function
from tidemill.label.apply import apply
from tidemill.label.quality import Again, again, quality, quality_contract

VOTES = np.array([[0, -1], [1, 0], [-1, -1], [0, -3]], dtype=np.int8)  # -3: not class 1
SECOND = Again(np.array([0, 0]), 2.0)


def asked(**settings):
    return quality_contract(SUITE.model_copy(update=settings))


def test_coverage_conflict_and_voters_are_counted_by_hand():
    table = quality(VOTES, ["f", "g"], SECOND, classes=["ham", "spam"])
    assert table.rows() == [
        ("function f", None, None, None, 0, None),
        ("function g", None, None, None, 0, None),
        ("class ham", None, None, 2, None, None),  # g says ham once, and not spam once
        ("class spam", None, None, 1, None, None),
        ("all rows", 0.75, 0.25, None, None, 2.0),
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_coverage": 0.8}, "'coverage' .*0.75.*rows all rows"),
        ({"max_conflict": 0.2}, "'conflict' .*0.25.*rows all rows"),
        ({"min_voters": 2}, "'voters' .*rows class spam"),
        ({"max_ms_per_row": 1.0}, "'ms_per_row' .*rows all rows"),
    ],
)
def test_great_expectations_stops_votes_that_are_not_what_the_problem_asks(inside, settings, message):
    table = quality(VOTES, ["f", "g"], SECOND, classes=["ham", "spam"])
    guard(table, asked(), problem="spam", table_name="votes_quality")
    assert json.loads(suite_result("spam", "votes_quality").read_text())["success"]
    with pytest.raises(SuiteError, match=message):
        guard(table, asked(**settings), problem="spam", table_name="votes_quality")


def test_a_function_that_says_otherwise_when_asked_again_is_named():
    chance = random.Random(3)

    @labeling_function()
    def guesses(row):
        return chance.randrange(2)

    @labeling_function()
    def steady(row):
        return 0 if "win" in row.text else -1

    functions = [guesses, steady]
    rows = pl.concat([ROWS.select("row_id", "text")] * 10)
    votes = apply(rows, functions, n_classes=2)
    second = again(rows, functions, votes, number=20, n_classes=2)
    assert second.unstable[0] > 0
    assert second.unstable[1] == 0
    table = quality(votes, ["guesses", "steady"], second, classes=["ham", "spam"])
    with pytest.raises(Exception, match="row_id function guesses"):
        check(table, asked(), where="votes_quality")


def test_no_row_is_asked_twice_where_none_is_wanted():
    assert again(ROWS, [], np.empty((4, 0), dtype=np.int8), number=0, n_classes=2).ms_per_row is None

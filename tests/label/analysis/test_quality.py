import numpy as np
import pytest

from tests.label.test_run import SUITE, YAML, run
from tidemill.contracts import DataError, SuiteError, check
from tidemill.label import run as stage
from tidemill.label.analysis.counts import count_votes
from tidemill.label.analysis.quality import Repeatability, quality_contract, vote_quality
from tidemill.project.expectations import guard
from tidemill.project.project import Project
from tidemill.reports.project import SuiteResult

VOTES = np.array([[0, -1], [1, 0], [-1, -1], [0, -3]], dtype=np.int16)  # -3: not class 1
TALLY = count_votes(VOTES, n_classes=2)
SECOND = Repeatability(np.array([0, 0]), 2.0)


def asked(**settings):
    return quality_contract(SUITE.model_copy(update=settings))


def test_coverage_conflict_and_voters_are_counted_by_hand():
    table = vote_quality(TALLY, ["f", "g"], SECOND, classes=["ham", "spam"])
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
        ({"min_functions_per_class": 2}, "'voters' .*rows class spam"),
        ({"max_ms_per_row": 1.0}, "'ms_per_row' .*rows all rows"),
    ],
)
@pytest.mark.slow
def test_great_expectations_stops_votes_that_are_not_what_the_problem_asks(inside, settings, message):
    table = vote_quality(TALLY, ["f", "g"], SECOND, classes=["ham", "spam"])
    guard(table, asked(), Project.open(inside).paths("spam"), "votes_quality")
    assert SuiteResult.read(Project.open(inside).paths("spam").suite_result("votes_quality")).success
    with pytest.raises(SuiteError, match=message):
        guard(table, asked(**settings), Project.open(inside).paths("spam"), "votes_quality")


def test_a_function_that_says_otherwise_when_asked_again_is_named():
    table = vote_quality(TALLY, ["guesses", "steady"], Repeatability(np.array([3, 0]), None), classes=["ham", "spam"])
    with pytest.raises(DataError, match="row_id function guesses"):
        check(table, asked(), where="votes_quality")


def test_the_stage_tells_what_asking_took_and_nothing_where_too_few_or_no_rows_were_asked(
    folder, tmp_path, monkeypatch
):
    path = folder(f__yaml=YAML)
    assert run(path).quality["ms_per_row"][-1] is None  # four rows: most of it would be the start
    monkeypatch.setattr(stage, "MIN_TIMED_ROWS", 4)
    assert run(path, cache=tmp_path / "kept").quality["ms_per_row"][-1] > 0
    assert run(path, cache=tmp_path / "kept").quality["ms_per_row"][-1] is None

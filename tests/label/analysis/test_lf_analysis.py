"""Counted by hand on five rows and three functions; the same fractions as Snorkel's LFAnalysis defines."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tidemill.contracts import InputError
from tidemill.label.analysis.lf_analysis import LFAnalysis

VOTES = np.array([[-1, 0, 0], [-1, -1, -1], [1, 0, -1], [-1, 0, -1], [0, 0, 0]])
NAMES = ["a", "b", "c"]
GOLD = np.array([0, 0, 1, 1, -1])


def test_shares_of_rows_are_counted():
    analysis = LFAnalysis(VOTES, NAMES)
    assert analysis.label_coverage() == 4 / 5
    assert analysis.label_overlap() == 3 / 5  # rows 0, 2 and 4
    assert analysis.label_conflict() == 1 / 5  # row 2


def test_shares_of_each_function_are_counted():
    analysis = LFAnalysis(VOTES, NAMES)
    assert analysis.lf_polarities() == [[0, 1], [0], [0]]
    assert analysis.lf_coverages().tolist() == [2 / 5, 4 / 5, 2 / 5]
    assert analysis.lf_overlaps().tolist() == [2 / 5, 3 / 5, 2 / 5]
    assert analysis.lf_conflicts().tolist() == [1 / 5, 1 / 5, 0.0]


def test_accuracy_is_of_votes_on_rows_with_gold():
    """a votes once there (right), b thrice (row 0 right, 2 and 3 wrong), c once (right); row 4 has no gold."""
    assert LFAnalysis(VOTES, NAMES).lf_empirical_accuracies(GOLD).tolist() == [1.0, 1 / 3, 1.0]


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_the_summary_is_of_the_library_of_the_votes(library):
    columns = {name: VOTES[:, j] for j, name in enumerate(NAMES)}
    votes = pl.DataFrame(columns) if library == "polars" else pd.DataFrame(columns, index=list("vwxyz"))
    summary = LFAnalysis(votes).lf_summary(GOLD, weights=[0.9, 0.5, 0.8])
    assert isinstance(summary, pl.DataFrame if library == "polars" else pd.DataFrame)
    assert list(summary.columns) == [
        *("function", "j", "Polarity", "Coverage", "Overlaps", "Conflicts"),
        *("Correct", "Incorrect", "Emp. Acc.", "Learned Weight"),
    ]
    assert list(summary["function"]) == NAMES
    assert [list(values) for values in summary["Polarity"]] == [[0, 1], [0], [0]]
    assert list(summary["Correct"]) == [1, 1, 1]
    assert list(summary["Incorrect"]) == [0, 2, 0]
    assert list(summary["Learned Weight"]) == [0.9, 0.5, 0.8]


def test_without_gold_there_is_no_accuracy():
    assert LFAnalysis(VOTES, NAMES).lf_summary().columns[-1] == "Conflicts"


def test_functions_that_are_not_named_are_numbered():
    assert LFAnalysis(VOTES).names == ["0", "1", "2"]


def test_names_and_gold_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="3 columns of votes for 2 labeling functions"):
        LFAnalysis(VOTES, ["a", "b"])
    with pytest.raises(InputError, match=r"gold of shape \(4,\) for 5 rows"):
        LFAnalysis(VOTES, NAMES).lf_summary([0, 1, 0, 1])
    with pytest.raises(InputError, match="gold holds what is neither NO_GOLD"):
        LFAnalysis(VOTES, NAMES).lf_empirical_accuracies([0, 1, 0, 1, -2])


def test_no_rows_have_no_shares():
    analysis = LFAnalysis(np.zeros((0, 2), dtype=np.int16))
    assert (analysis.label_coverage(), analysis.label_overlap(), analysis.label_conflict()) == (0.0, 0.0, 0.0)

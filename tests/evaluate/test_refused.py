"""Rows that get none of the above: counted by hand, and a row at the bar is not one."""

import numpy as np

from tests.evaluate.fabric import settings
from tidemill.evaluate import refused
from tidemill.evaluate.slices import Slice


def refusals(*given):
    """Counts as their file has them; none where there is nothing to count."""
    found = refused.refusals(*given)
    return found.model_dump()


def test_a_row_is_refused_above_one_and_not_at_it():
    outlier = np.array([0.5, 1.0, 1.1, 2.0])
    gold, said = np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    parts = [Slice("part", "first", np.array([True, True, False, False]))]
    told = refusals(outlier, gold, said, parts, settings(n_bootstrap=50))
    assert told["rows"] == 4
    assert told["rejected"]["score"] == 0.5
    assert told["accuracy_of_rejected"]["score"] == 0.5  # of 1.1 and 2.0 the first is right
    assert told["accuracy_of_answered"]["score"] == 0.5
    assert told["slices"]["part=first"]["score"] == 0.0  # at the bar it is answered


def test_where_all_are_refused_answers_have_no_accuracy():
    told = refusals(np.full(3, 9.0), np.zeros(3, dtype=int), np.full((3, 2), 0.5), [], settings(n_bootstrap=50))
    assert told["rejected"] == {"score": 1.0, "low": 1.0, "high": 1.0}
    assert told["accuracy_of_answered"]["score"] is None


def test_without_gold_nothing_is_told():
    assert set(refusals(np.zeros(0), np.zeros(0, dtype=int), np.zeros((0, 2)), [], settings()).values()) <= {None}

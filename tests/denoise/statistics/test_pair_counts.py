"""Counts of pairs of votes, by hand."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.pair_counts import pair_counts

VOTES = np.array([[0, 1], [0, ABSTAIN], [-3, 1]], dtype=np.int16)
ROWS = DistinctRows(VOTES, np.array([5.0, 2.0, 1.0]), np.full(3, NO_GOLD))


def test_kinds_of_vote_are_counted_alone_and_together():
    counts = pair_counts(ROWS, 2, most=9)
    # the first function names class 0 and refuses class 1, the second names class 1
    assert counts.columns.tolist() == [0, 3, 5]
    assert counts.functions.tolist() == [0, 0, 1]
    assert counts.symbols.tolist() == [0, 3, 1]
    assert counts.owner.tolist() == [0, 1, 1]
    assert counts.together.tolist() == [[7, 0, 5], [0, 1, 1], [5, 1, 6]]
    assert counts.rows == 8
    assert counts.rates == pytest.approx(np.array([7, 1, 6]) / 8)
    assert counts.apart.tolist() == [[False, False, True], [False, False, True], [True, True, False]]


def test_the_most_frequent_kinds_are_counted():
    assert pair_counts(ROWS, 2, most=2).columns.tolist() == [0, 5]

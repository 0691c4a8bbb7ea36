"""Shares of rows that are rejected as out of distribution, by hand."""

import numpy as np
import pytest

from tests.evaluate.factories import settings
from tidemill.evaluate.ood_rejection import ood_rejection
from tidemill.evaluate.slices import Slice

SAID = np.tile([0.8, 0.2], (10, 1))
GOLD = np.array([0, 1, 1, 1, 0, 0, 0, 0, 0, 1])  # of the first four one is right, of the others five of six
OUTLIER = np.array([1.5, 2.0, 1.1, 3.0, 1.0, 0.9, 0.2, 0.0, 1.0, 1.0])  # a score of just 1 is not rejected


def test_of_rejected_and_answered_rows_the_share_that_is_right_is_told_apart():
    part = Slice("part", "last", np.arange(10) >= 8)
    found = ood_rejection(OUTLIER, GOLD, SAID, [part], settings(n_bootstrap=50))
    assert found.rows == 10
    assert found.rejected.score == 0.4
    assert found.accuracy_of_rejected.score == 0.25
    assert found.accuracy_of_answered.score == pytest.approx(5 / 6, abs=1e-6)
    assert (found.rejected.low, found.rejected.high) == pytest.approx((0.168180, 0.687326), abs=1e-6)  # Wilson, 4 of 10
    assert found.slices["part=last"].score == 0.0


def test_where_no_row_is_rejected_its_accuracy_has_no_meaning():
    found = ood_rejection(np.zeros(10), GOLD, SAID, [], settings(n_bootstrap=50))
    assert found.rejected.score == 0.0
    assert found.rejected.high == pytest.approx(0.277533, abs=1e-6)  # z^2 / (n + z^2), 0 of 10
    assert found.accuracy_of_rejected.score is None
    assert found.accuracy_of_answered.score == 0.6
    assert ood_rejection(np.zeros(0), GOLD[:0], SAID[:0], [], settings(n_bootstrap=50)).rows is None

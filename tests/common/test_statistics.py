"""Wilson's interval against another implementation."""

import pytest
from scipy import stats

from tidemill.common.statistics import wilson


def test_wilson_is_that_of_scipy():
    expected = stats.binomtest(17, 40).proportion_ci(0.9, method="wilson")
    assert wilson(17, 40, 0.9) == pytest.approx((expected.low, expected.high))


def test_wilson_stays_within_0_and_1():
    assert 0.0 <= wilson(0, 10, 0.95)[0] < 1e-12
    assert 1.0 - 1e-12 < wilson(10, 10, 0.95)[1] <= 1.0


def test_no_trials_tell_nothing_of_a_share():
    assert wilson(0, 0, 0.95) == (0.0, 1.0)

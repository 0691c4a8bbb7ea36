"""A batch that lacks values which earlier ones had: the limits, on both sides."""

import pytest

from tidemill.monitor.broken import lost_values
from tidemill.monitor.settings import BrokenSettings

LIMITS = BrokenSettings(max_null_increase=0.5, min_rows=10)


@pytest.mark.parametrize(("before", "now", "lost"), [(0.25, 0.75, False), (0.25, 0.76, True), (0.9, 0.9, False)])
def test_it_is_the_increase_of_nulls_that_counts_and_the_limit_itself_is_allowed(before, now, lost):
    assert (lost_values({"sender": before}, {"sender": now}, LIMITS, rows=40) is not None) == lost


def test_a_batch_is_judged_from_the_least_rows_on():
    assert lost_values({"sender": 0.0}, {"sender": 1.0}, LIMITS, rows=9) is None
    assert lost_values({"sender": 0.0}, {"sender": 1.0}, LIMITS, rows=10) is not None


def test_a_column_that_is_new_is_not_compared_and_the_one_that_lost_most_is_named():
    assert lost_values({"sender": 0.0}, {"subject": 1.0}, LIMITS, rows=40) is None
    reason = lost_values({"a": 0.0, "b": 0.0}, {"a": 0.6, "b": 0.8, "new": 1.0}, LIMITS, rows=40)
    assert reason.startswith("column b is null in 80% of 40 rows")

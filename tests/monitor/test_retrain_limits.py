import pytest

from tests.monitor.factories import settings
from tidemill.monitor.retrain_limits import Retrain, held_back

HOUR, DAY = 3600.0, 86_400.0


def held(retrains, *, batches=10, now=100 * DAY, **limits):
    return held_back(retrains, settings(retrain=limits).retrain, batches=batches, now=now)


def test_nothing_holds_the_first_retrain_back():
    assert held([], cooldown_checks=9, cooldown_hours=9, budget=1) is None


@pytest.mark.parametrize(("batches", "waits"), [(10, True), (12, True), (13, False), (20, False)])
def test_so_many_batches_must_arrive_between_two_retrains(batches, waits):
    result = held([Retrain(0.0, 10)], batches=batches, cooldown_checks=3)
    assert (result is not None) == waits
    assert result is None or "monitor.retrain.cooldown_checks is 3" in result


@pytest.mark.parametrize(("hours", "waits"), [(0.0, True), (23.9, True), (24.0, False)])
def test_so_many_hours_must_pass_between_two_retrains(hours, waits):
    result = held([Retrain(100 * DAY - hours * HOUR, 1)], cooldown_hours=24)
    assert (result is not None) == waits
    assert result is None or "monitor.retrain.cooldown_hours is 24" in result


@pytest.mark.parametrize(("days", "waits"), [([1, 2], True), ([1, 31], False), ([1], False), ([1, 2, 3], True)])
def test_there_are_at_most_so_many_retrains_in_so_many_days(days, waits):
    result = held([Retrain((100 - day) * DAY, 1) for day in days], budget=2, budget_days=30)
    assert (result is not None) == waits
    assert result is None or "within 30 days, monitor.retrain.budget is 2" in result

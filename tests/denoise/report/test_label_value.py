"""What labeling functions are worth in hand labels."""

import numpy as np
import pytest

from tidemill.contracts import NO_GOLD, DataError
from tidemill.denoise.report import label_value as module
from tidemill.denoise.report.label_value import _crossing, _run, _sizes, label_value, next_action


def test_perfect_weak_labels_are_worth_at_least_all_the_gold_and_useless_ones_little():
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 600)
    features = (chance.normal(size=(600, 20)) + 0.4 * truth[:, None]).astype(np.float32)
    gold = np.where(np.arange(600) < 200, truth, -1)
    heard = np.ones(600, dtype=bool)
    perfect = label_value(features, np.eye(2)[truth], gold, covered=heard, draws=4, seed=1)
    useless = label_value(features, np.eye(2)[chance.integers(0, 2, 600)], gold, covered=heard, draws=4, seed=1)
    assert perfect.labels > 5 * useless.labels
    assert useless.action == "label"


def test_too_little_gold_for_a_curve_is_an_error():
    with pytest.raises(DataError, match="at least 40"):
        label_value(
            np.zeros((9, 2), dtype=np.float32), np.full((9, 2), 0.5), np.zeros(9), covered=np.ones(9), draws=1, seed=1
        )


@pytest.mark.parametrize(
    ("most", "sizes"), [(9, [10]), (10, [10]), (11, [10, 11]), (20, [10, 20]), (45, [10, 20, 40, 45])]
)
def test_the_curve_doubles_up_to_the_gold_there_is(most, sizes):
    assert _sizes(most) == sizes


def test_the_crossing_lies_between_two_sizes_on_a_logarithmic_scale():
    curve = {10: 0.6, 20: 0.7, 40: 0.9}
    assert _crossing(0.8, curve) == pytest.approx((np.sqrt(20 * 40), False))
    assert _crossing(0.75, curve) == pytest.approx((20 ** (3 / 4) * 40 ** (1 / 4), False))
    assert _crossing(0.6, curve) == (10.0, False)
    assert _crossing(0.5, curve) == (10.0, False)
    assert _crossing(0.95, curve) == (40.0, True)
    assert _crossing(0.9, curve) == pytest.approx((40.0, False))
    dented = {10: 0.7, 20: 0.6, 40: 0.9}  # from the best so far on
    assert _crossing(0.8, dented)[0] == pytest.approx(np.sqrt(20 * 40))


@pytest.mark.parametrize(
    ("path", "curve", "coverage", "beyond", "action"),
    [
        (0.7, {10: 0.6, 20: 0.72}, 0.9, False, "label"),  # gold trains a better classifier
        (0.7, {10: 0.7, 20: 0.7099}, 0.5, False, "write"),  # by a hundredth: not worth an action
        (0.9, {10: 0.6, 20: 0.95}, 0.5, True, "write"),  # the curve was not reached by these
        (0.9, {10: 0.6, 20: 0.7}, 0.79, True, "write"),
        (0.9, {10: 0.6, 20: 0.7}, 0.8, True, "label"),  # four fifths of the rows have votes, and gold still gains
        (0.9, {10: 0.7, 20: 0.7}, 0.8, True, "stop"),
        (0.9, {10: 0.6, 20: 0.7, 40: 0.7}, 0.8, True, "stop"),  # the last doubling counts
        (0.9, {10: 0.7}, 0.8, True, "stop"),
        (0.9, {10: 0.6, 20: 0.7, 40: 0.8}, 0.8, True, "label"),
        (0.7, {10: 0.6, 20: 0.69, 40: 0.72}, 0.5, False, "label"),  # all of the gold counts
    ],
)
def test_the_next_action_is_the_cheapest_that_promises_a_gain(path, curve, coverage, beyond, action):
    assert next_action(path, curve, coverage=coverage, beyond=beyond)[0] == action


def test_value_is_the_crossing_of_the_mean_curve_and_its_interval_holds_it(monkeypatch):
    runs = [(0.8, {10: 0.6, 20: 0.9}), (0.7, {10: 0.8, 20: 0.8}), (0.9, {10: 0.5, 20: 0.6})] * 10
    given = iter(runs)
    monkeypatch.setattr(module, "_run", lambda *_: next(given))
    gold = np.repeat([0, 1], 20)
    value = label_value(np.zeros((40, 1), np.float32), np.zeros((40, 2)), gold, covered=np.ones(40), draws=30, seed=1)
    assert value.curve == pytest.approx({10: (0.6 + 0.8 + 0.5) / 3, 20: (0.9 + 0.8 + 0.6) / 3})
    assert value.weak == pytest.approx(0.8)
    assert value.beyond  # .8 is more than .767
    assert (value.labels, value.interval) == (20.0, (10.0, 20.0))


def test_a_run_trains_on_rows_that_it_does_not_test_and_on_covered_rows_alone(monkeypatch):
    trained = []

    def accuracy(features, targets, rows, gold, test):
        trained.append((set(rows.tolist()), set(test.tolist()), targets))
        return 0.5

    monkeypatch.setattr(module, "_accuracy", accuracy)
    gold = np.where(np.arange(100) < 60, np.arange(100) % 2, NO_GOLD)
    covered, weak = np.arange(100) % 5 > 0, np.random.default_rng(0).dirichlet([1, 1], 100)
    _, curve = _run(np.zeros((100, 1)), weak, gold, covered, np.arange(60), np.random.default_rng(0))
    (rows, test, targets), *of_gold = trained
    assert len(test) == 30
    assert rows == set(np.flatnonzero(covered)) - test
    assert (targets == weak[sorted(rows)]).all()
    assert list(curve) == [10, 20, 30]
    for (pool, held_out, truth), size in zip(of_gold, curve, strict=True):
        assert held_out == test
        assert len(pool) == size
        assert not pool & test
        assert truth.shape == (size, 2)

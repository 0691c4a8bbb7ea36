"""Agreement with left-out functions, and resamples of rows."""

from typing import Any

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, NO_GOLD, not_class
from tidemill.denoise.models import model_selection
from tidemill.denoise.models.model_selection import balance_interval, held_out_agreement, resample
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.distinct_rows import DistinctRows


def rows_of(votes, weights):
    votes = np.array(votes, dtype=np.int16)
    return DistinctRows(votes, np.array(weights, dtype=np.float64), np.full(len(votes), NO_GOLD))


def shares(votes):
    """Predict two classes by their share of the votes."""
    counts = np.stack([(votes == k).sum(axis=1) for k in range(2)], axis=1)
    return counts / counts.sum(axis=1, keepdims=True)


def test_agreement_is_the_mean_probability_of_the_vote_that_was_left_out():
    rows = rows_of([[0, 0, 1], [1, 1, ABSTAIN], [0, ABSTAIN, ABSTAIN], [ABSTAIN] * 3], [2.0, 3.0, 5.0, 7.0])
    # twice the first row: its votes 0, 0, 1 get 1/2, 1/2 and 0 of the others; thrice the second: 1 and 1;
    # the third has no other vote
    expected = (2 * (0.5 + 0.5 + 0.0) + 3 * (1.0 + 1.0)) / (2 * 3 + 3 * 2)
    assert held_out_agreement(shares, rows, 2) == pytest.approx(expected)


def test_a_vote_against_a_class_agrees_with_every_other():
    rows = rows_of([[not_class(0), 1]], [1.0])
    assert held_out_agreement(lambda votes: np.tile([0.3, 0.7], (len(votes), 1)), rows, 2) == pytest.approx(0.7)


def test_functions_that_never_meet_have_no_agreement():
    assert held_out_agreement(shares, rows_of([[0, ABSTAIN], [ABSTAIN, 1]], [1.0, 1.0]), 2) is None


def test_a_resample_keeps_the_rows_drawn_and_their_number_on_average():
    votes = np.arange(60, dtype=np.int16).reshape(30, 2) % 2
    rows = DistinctRows(votes, np.full(30, 2.0), np.arange(30))
    sums = []
    for seed in range(200):
        drawn = resample(rows, np.random.default_rng(seed))
        assert (drawn.weights > 0).all()
        assert (drawn.votes == votes[drawn.gold]).all()  # gold numbers the rows
        sums.append(drawn.weights.sum())
    assert np.mean(sums) == pytest.approx(60.0, abs=4 * np.sqrt(60 / 200))  # Poisson: its variance is its mean
    assert np.var(sums) == pytest.approx(60.0, rel=0.4)


def test_where_no_row_is_drawn_the_rows_are_those_there_are():
    rows = rows_of([[0]], [0.0])
    assert resample(rows, np.random.default_rng(0)) is rows


class Again:
    """A refit: the balance and the classes of three rows that it finds are given."""

    given: Any = None
    asked: Any = None

    def __init__(self, n_classes, **settings):  # noqa: ARG002 - of the interface
        Again.asked = settings

    def learn(self, rows):  # noqa: ARG002 - of the interface
        self.balance_, self.classes = next(Again.given)

    def posterior(self, rows):  # noqa: ARG002 - of the interface
        return np.eye(2)[self.classes]


def interval_of(monkeypatch, refits, balance=(0.5, 0.5), most=300):
    monkeypatch.setattr(Again, "given", iter(refits))
    monkeypatch.setattr(model_selection, "PairLifts", Again)
    model: Any = PairLifts(2, anchor=3.0, most=most)
    model.balance_, model.order_ = np.array(balance), np.arange(1)
    model.posterior = lambda _: np.eye(2)[[0, 1, 1]]
    rows = rows_of([[0], [1], [ABSTAIN]], [5.0, 3.0, 2.0])
    return balance_interval(rows, model, draws=len(refits), seed=1)


def test_the_interval_of_the_balance_holds_nine_tenths_of_the_refits_and_the_estimate(monkeypatch):
    refits = [(np.array([share, 1 - share]), [0, 1, 1]) for share in np.linspace(0.0, 1.0, 101)]
    found, stability = interval_of(monkeypatch, refits)
    assert found == pytest.approx(np.array([[0.05, 0.05], [0.95, 0.95]]))
    assert stability == 1.0
    beside, _ = interval_of(monkeypatch, refits, balance=(0.98, 0.02))
    assert beside == pytest.approx(np.array([[0.05, 0.02], [0.98, 0.95]]))


def test_stability_is_the_share_of_rows_whose_class_a_refit_keeps(monkeypatch):
    half = np.array([0.5, 0.5])
    kept = [(half, [0, 1, 1]), (half, [0, 0, 1]), (half, [1, 1, 1])]  # all ten rows, seven, and five
    assert interval_of(monkeypatch, kept)[1] == pytest.approx((1.0 + 0.7 + 0.5) / 3)


@pytest.mark.parametrize(("most", "asked"), [(300, 100), (40, 40)])
def test_a_refit_looks_at_a_hundred_kinds_of_vote_and_no_more_than_the_model(monkeypatch, most, asked):
    interval_of(monkeypatch, [(np.array([0.5, 0.5]), [0, 1, 1])], most=most)
    assert Again.asked["most"] == asked
    assert Again.asked["anchor"] == 3.0

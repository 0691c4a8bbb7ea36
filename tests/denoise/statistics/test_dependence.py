"""Pairs of votes: what they tell of precision, balance and repetition, on simulators whose truth is known."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import clones
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics import dependence
from tidemill.denoise.statistics.dependence import (
    _excess,
    _unsuspected,
    agreement,
    dependent_groups,
    estimate_dependence,
)
from tidemill.denoise.statistics.pair_counts import PairCounts


def test_copies_of_a_poor_function_are_one_group_and_count_once():
    votes, _ = clones()
    model = PairLifts(2).fit(votes)
    back = np.argsort(model.order_)
    assert dependent_groups(model.excess_[np.ix_(back, back)]) == [[5, 6, 7, 8, 9, 10]]
    assert model.weights_.sum() == pytest.approx(6.0, abs=0.2)


def counted(same, different, alone=40, rows=100):
    """Two functions that each give either vote ``alone`` times, together alike ``same`` times and unlike ``different``."""
    together = np.diag(np.full(4, float(alone)))
    for i, j in ((0, 2), (1, 3)):
        together[i, j] = together[j, i] = same / 2
    for i, j in ((0, 3), (1, 2)):
        together[i, j] = together[j, i] = different / 2
    return PairCounts(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 1, 4, 5]), together, float(rows), 2)


def test_agreement_is_kappa_with_abstains_as_no_vote():
    counts = counted(same=60, different=10)
    # alike on .6 of the rows, by chance on .4^2 + .4^2, at most on the .8 on which each speaks
    kappa = (0.6 - 0.32) / (0.8 - 0.32)
    assert agreement(counts, 3, counts.together) == pytest.approx(np.array([[0, kappa, 0], [kappa, 0, 0], [0, 0, 0]]))


class Fitted:
    """Expects these pair counts."""

    def __init__(self, counts):
        self.together = counts.together

    def expected(self, _):
        return self.together


def excess_of(seen, expected):
    return _excess(counted(*seen), 2, Fitted(counted(*expected)))[0, 1]


def test_excess_is_agreement_beyond_what_classes_explain_of_all_rows_or_of_those_with_both_votes():
    kappa, explained = (0.6 - 0.32) / 0.48, (0.4 - 0.32) / 0.48
    of_all = (kappa - explained) / (1 - explained)
    assert excess_of((60, 10), (40, 24)) == pytest.approx(of_all)  # of both votes it is .62
    of_both = (60 / 85 - 40 / 64) / (1 - 40 / 64)
    assert excess_of((60, 25), (40, 24)) == pytest.approx(of_both)
    assert excess_of((60, 25), (40, 1)) == pytest.approx(of_all)  # agreeing where both vote proves nothing there
    assert excess_of((54, 10), (20, 24)) == 0.0  # a kappa of less than a half is not suspected
    assert excess_of((60, 10), (62, 10)) == 0.0
    assert excess_of((79, 0), (10, 50)) == pytest.approx(
        (0.79 - 0.32) / (0.48 + 0.22)
    )  # expected below chance: none is explained


def test_room_for_agreement_is_taken_for_a_twentieth_at_least():
    explained = (0.799 - 0.32) / 0.48
    assert excess_of((80, 0), (79.9, 10)) == pytest.approx(min((1 - explained) / 0.05, (1 - 79.9 / 89.9) / (10 / 89.9)))


def test_suspicion_of_nearly_all_pairs_proves_nothing():
    every = ~np.eye(3, dtype=bool)
    assert _unsuspected(every, 3).all()
    one = np.zeros((3, 3), dtype=bool)
    one[0, 1] = one[1, 0] = True
    assert (_unsuspected(one, 3) == ~one).all()  # four of six are left
    two = one.copy()
    two[0, 2] = two[2, 0] = True
    assert _unsuspected(two, 3).all()


def test_a_function_that_repeats_others_weighs_less_by_what_they_share(monkeypatch):
    excess = np.array([[0.0, 0.9, 0.2], [0.9, 0.0, 0.5], [0.2, 0.5, 0.0]])
    fits = []

    def fit_pairs(_, *, included, prior, pseudo_counts):
        fits.append(included)
        return f"fit {len(fits)}"

    monkeypatch.setattr(dependence, "fit_pairs", fit_pairs)
    monkeypatch.setattr(dependence, "agreement", lambda *_: excess)
    monkeypatch.setattr(dependence, "_excess", lambda *_: excess)
    counts = PairCounts(np.array([0, 1, 2]), np.zeros(3, int), np.arange(3), np.ones((3, 3)), 1.0, 2)
    found: Any = estimate_dependence(counts, 3, prior=np.ones(2), pseudo_counts=np.ones((2, 3)))
    assert found.weights == pytest.approx([1 / 1.9, 1 / 2.4, 1 / 1.5])
    assert found.fit == "fit 2"
    assert (fits[0] == ~(excess > 0.5)).all()  # suspects are left out at first
    assert (fits[1] == (excess < 0.3)).all()  # then what is found to repeat


def test_without_suspects_nothing_is_fitted_again(monkeypatch):
    monkeypatch.setattr(dependence, "fit_pairs", lambda *_, **__: "once")
    monkeypatch.setattr(dependence, "agreement", lambda *_: np.full((2, 2), 0.5))
    monkeypatch.setattr(dependence, "_excess", None)
    found = estimate_dependence(counted(10, 10), 2, prior=np.ones(2), pseudo_counts=np.ones((2, 4)))
    assert found.weights.tolist() == [1.0, 1.0]
    assert not found.excess.any()


def test_groups_are_chains_of_functions_of_which_each_repeats_the_next():
    excess = np.zeros((5, 5))
    for i, j, value in ((0, 2, 0.31), (2, 4, 0.9), (1, 3, 0.3)):
        excess[i, j] = excess[j, i] = value
    assert dependent_groups(excess) == [[0, 2, 4]]

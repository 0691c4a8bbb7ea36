"""Whether a generative model explains pairs of votes, by hand, and how far its shrinkage goes."""

from typing import Any

import numpy as np
import pytest

from tidemill.denoise.models import generative
from tidemill.denoise.models.generative import SLACK, Generative, misfit
from tidemill.denoise.statistics.pair_counts import PairCounts

HALF = np.array([0.5, 0.5])


def counts_of(functions, rows, beyond):
    """Pairs of functions that always vote and know nothing, each seen ``beyond`` times more often than expected."""
    kinds = np.repeat(np.arange(functions), 2)
    symbols = np.tile([0, 1], functions)
    together = np.full((2 * functions, 2 * functions), rows / 4 + beyond)
    return PairCounts(kinds, symbols, kinds * 4 + symbols, together, rows, 2)


def guessing(functions):
    confusions = np.zeros((functions, 5, 2))
    confusions[:, :2] = 0.5
    return confusions


@pytest.mark.parametrize("beyond", [3.0, -3.0])
def test_the_misfit_is_the_mean_squared_residual_in_poisson_variances(beyond):
    assert misfit(counts_of(5, 100, beyond), guessing(5), HALF, np.ones(5)) == pytest.approx(9 / 25)


@pytest.mark.parametrize(("functions", "known"), [(5, True), (4, False)])
def test_pairs_must_be_four_times_as_many_as_kinds_of_vote(functions, known):
    # n functions have 2 n kinds and 2 n (n - 1) pairs of kinds
    found = misfit(counts_of(functions, 100, 0.0), guessing(functions), HALF, np.ones(functions))
    assert np.isnan(found) != known


@pytest.mark.parametrize(("rows", "known"), [(4, True), (3, False)])
def test_pairs_that_are_expected_less_than_once_say_nothing(rows, known):
    found = misfit(counts_of(5, rows, 0.0), guessing(5), HALF, np.ones(5))
    assert np.isnan(found) != known


def test_of_functions_that_repeat_one_another_the_first_stands_for_all():
    counts = counts_of(6, 100, 0.0)
    repeats = counts.functions == 1
    counts.together[repeats] = counts.together[:, repeats] = 1000.0
    weights = np.array([0.5, 0.5, 1.0, 1.0, 1.0, 1.0])
    assert misfit(counts, guessing(6), HALF, weights) == 0.0
    counts.together[counts.functions == 0] += 5.0
    assert misfit(counts, guessing(6), HALF, weights) > 0.0


class Tried:
    """The misfit of each shrinkage is given; where a fit started from is noted."""

    def __init__(self, misfits, of_shares=None):
        self.misfits, self.of_shares, self.starts = misfits, of_shares, []

    def __call__(self, rows, start, pairs, strength):  # noqa: ARG002 - of the interface
        self.starts.append((start, strength))
        model: Any = Generative(2, strength=strength)
        model.misfit_ = self.misfits[strength] if start != "shares" else self.of_shares
        model.prior_ = model.balance_ = HALF
        model.functions_, model.confusions_, model.weights_, model.fallback_ = 1, guessing(1), np.ones(1), False
        return model, f"after {strength:g}"


class Pairs:
    def posterior(self, _):
        return "pairs"


class Rows:
    votes = None


def learned(monkeypatch, misfits, of_shares=None):
    tried = Tried(misfits, of_shares)
    monkeypatch.setattr(generative, "vote_shares", lambda *_: "shares")
    model: Any = Generative(2)
    model._tried = tried
    model.learn_from(Rows(), Pairs())
    return model, tried.starts


def test_the_strongest_shrinkage_that_explains_pairs_as_well_as_a_weak_one_is_taken(monkeypatch):
    model, starts = learned(monkeypatch, {10: 0.9, 100: 1.0, 300: 1.04, 1000: 1.2})
    assert starts == [("pairs", 10), ("after 10", 100), ("after 100", 300), ("after 300", 1000)]
    assert (model.chosen_strength_, model.misfit_) == (300, 1.04)
    assert model.explains_


@pytest.mark.parametrize(("of_100", "chosen"), [(1.0 + SLACK, 100), (1.0 + SLACK + 1e-9, 10), (np.nan, 10)])
def test_a_stronger_shrinkage_may_add_a_misfit_of_fifteen_hundredths(monkeypatch, of_100, chosen):
    model, _ = learned(monkeypatch, {10: 1.0, 100: of_100, 300: 9.0})
    assert model.chosen_strength_ == chosen
    assert not model.explains_  # confusions of their own alone explain the pairs


def test_the_least_misfit_so_far_is_what_a_stronger_shrinkage_is_held_against(monkeypatch):
    assert learned(monkeypatch, {10: 1.0, 100: 0.8, 300: 0.96})[0].chosen_strength_ == 100
    assert learned(monkeypatch, {10: 1.0, 100: 1.1, 300: 1.14, 1000: 1.16})[0].chosen_strength_ == 300


@pytest.mark.parametrize(("of_300", "explains"), [(1.04, True), (1.06, False)])
def test_pairs_are_explained_where_the_misfit_is_no_more_than_chance(monkeypatch, of_300, explains):
    model, _ = learned(monkeypatch, {10: 1.0, 100: 1.0, 300: of_300, 1000: 9.0})
    assert model.explains_ == explains


def test_a_start_from_pairs_that_fits_badly_is_held_against_one_from_shares_of_votes(monkeypatch):
    model, starts = learned(monkeypatch, {10: 1.4, 100: 1.0, 300: 1.0, 1000: 1.0}, of_shares=1.35)
    assert starts == [("pairs", 10), ("shares", 10)]
    assert (model.misfit_, model.chosen_strength_, model.explains_) == (1.35, 10, False)  # too much to be tried further
    assert learned(monkeypatch, {10: 1.4}, of_shares=1.5)[0].misfit_ == 1.4
    model, starts = learned(monkeypatch, {10: 1.4, 100: 1.2, 300: 9.0}, of_shares=1.1)
    assert (model.chosen_strength_, model.misfit_) == (100, 1.2)
    assert len(learned(monkeypatch, {10: 1.3, 100: 9.0})[1]) == 2  # no other start

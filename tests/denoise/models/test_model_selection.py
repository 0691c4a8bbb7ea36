"""Agreement with left-out functions, and resamples of rows."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, NO_GOLD, not_class
from tidemill.denoise.models.model_selection import held_out_agreement, resample
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

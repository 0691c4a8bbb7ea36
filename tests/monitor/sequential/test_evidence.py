"""Bets and their mixture are martingales: on average they gain nothing where p-values are uniform."""

import numpy as np
import pytest

from tidemill.monitor.sequential.bets import N_BETS, ONE_SIDED, bet_weights, log_bets
from tidemill.monitor.sequential.cells import cell_edges, to_cells
from tidemill.monitor.sequential.evidence import log_mixture, share_left, share_of_check


def test_every_bet_is_a_density():
    # p = v^8 takes the pole of the powers away: the integral over p is that of the density times 8 v^7 over v
    v = (np.arange(20_000) + 0.5) / 20_000
    small = np.exp(log_bets((v**8)[:, None, None], np.ones((len(v), 1, 1), dtype=bool)))[:, 0]
    large = np.exp(log_bets(np.minimum(1.0 - v**8, 1.0 - 1e-16)[:, None, None], np.ones((len(v), 1, 1), dtype=bool)))[
        :, 0
    ]
    integrals = [(density * (8 * v**7)[:, None]).mean(axis=0) for density in (small, large)]
    assert integrals[0][:ONE_SIDED] == pytest.approx(np.ones(ONE_SIDED), abs=0.01)
    assert integrals[1][ONE_SIDED:] == pytest.approx(np.ones(N_BETS - ONE_SIDED), abs=0.01)


def test_rows_multiply_and_masked_rows_bet_nothing():
    rng = np.random.default_rng(0)
    p_values, mask = rng.random((5, 3)), rng.random((5, 3)) < 0.5
    by_row = [log_bets(p_values[k : k + 1], mask[k : k + 1]) for k in range(5)]
    assert np.sum(by_row, axis=0) == pytest.approx(log_bets(p_values, mask))
    assert (log_bets(p_values, np.zeros((5, 3), dtype=bool)) == 0.0).all()


def test_weights_of_bets_sum_to_one_and_one_sided_bets_leave_large_p_values_alone():
    assert bet_weights(two_sided=True).sum() == pytest.approx(1.0)
    assert bet_weights(two_sided=False)[:ONE_SIDED].sum() == pytest.approx(1.0)
    assert (bet_weights(two_sided=False)[ONE_SIDED:] == 0.0).all()


@pytest.mark.parametrize("horizon", [1, 10, 365])
def test_shares_of_checks_and_what_is_left_of_them_sum_to_one(horizon):
    for checks in (0, 1, horizon, horizon + 1, 5 * horizon):
        spent = sum(share_of_check(check, horizon) for check in range(checks))
        assert spent + share_left(checks, horizon) == pytest.approx(1.0)
    assert all(share_of_check(check, horizon) > 0.0 for check in range(4 * horizon))


def test_the_mixture_is_one_before_a_row_and_stays_so_while_bets_gain_nothing():
    log_weights = np.log(np.full((1, 4), 0.25))
    sums = np.full((1, 4), -np.inf)
    for check in range(30):
        sums = np.logaddexp(sums, np.log(share_of_check(check, 20)))
        assert log_mixture(sums, log_weights, check + 1, 20) == pytest.approx(np.zeros(1), abs=1e-12)


def test_values_beyond_the_range_of_the_reference_have_cells_of_their_own():
    values = np.random.default_rng(0).normal(size=300)
    edges = cell_edges(values, two_sided=True)
    inside = to_cells(values, edges)
    outside = to_cells(np.array([values.min() - 1e-9, values.max() + 1e-9, values.max() + 100.0, np.nan]), edges)
    assert outside[0] < inside.min()
    assert inside.max() < outside[1] < outside[2] == outside[3] == len(edges)


def test_a_score_without_values_in_the_reference_has_cells_too():
    assert to_cells(np.array([0.0, 1.0]), cell_edges(np.array([np.nan]), two_sided=False)).tolist() == [0, 8]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_function_that_voted_a_few_times_has_cells_too(count):
    edges = cell_edges(np.linspace(0.1, 0.2, count), two_sided=True)
    below, first, above = to_cells(np.array([-9.0, 0.1, 9.0]), edges)
    assert below < first < above

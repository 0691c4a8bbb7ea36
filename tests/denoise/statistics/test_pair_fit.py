"""Precisions and balance fitted to counts of pairs."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from tests.denoise.factories import clones
from tidemill.denoise.statistics.distinct_rows import distinct_rows, function_order
from tidemill.denoise.statistics.pair_counts import PairCounts, pair_counts
from tidemill.denoise.statistics.pair_fit import PairFit, _PairLoss, _student, fit_pairs


def test_gradient_of_the_pair_loss_is_its_difference_quotient():
    votes, _ = clones(copies=2, rows=500)
    counts = pair_counts(distinct_rows(votes[:, function_order(votes, 2)], budget=1000), 2, most=50)
    told = np.stack([np.full(len(counts.owner), 22.5), np.full(len(counts.owner), 30.0)])
    problem = _PairLoss(counts, counts.apart, np.full(2, 2.0), told)
    point = np.random.default_rng(0).normal(size=len(counts.owner) + 3) * 0.3
    assert check_grad(lambda x: problem.loss(x)[0], lambda x: problem.loss(x)[1], point) < 1e-3


def test_the_loss_of_a_pair_is_student_ts_of_its_residual():
    value, _ = _student(np.array([10.0]), np.array([6.0]))
    variance = 6 + 1 + 0.0125 * 36
    assert value[0] == pytest.approx(2.5 * np.log1p(16 / variance / 4) + 0.5 * np.log(variance))


def test_what_is_believed_of_precision_and_balance_is_a_beta_and_a_dirichlet():
    counts = PairCounts(np.array([0, 1]), np.array([0, 1]), np.array([0, 5]), np.diag([3.0, 4.0]), 10.0, 2)
    problem = _PairLoss(counts, counts.apart, np.array([3.0, 5.0]), np.array([[20.0, 10.0], [30.0, 30.0]]))
    belief = 20 * np.log(0.7) + 10 * np.log(0.3) + 10 * np.log(0.4) + 20 * np.log(0.6)
    found = problem._prior_loss(np.array([0.7, 0.4]), np.array([0.25, 0.75]))
    assert found == pytest.approx(-belief - 3 * np.log(0.25) - 5 * np.log(0.75))


def test_parameters_are_logits_of_precision_log_shares_and_talk_of_one_or_more():
    counts = PairCounts(np.array([0, 1]), np.array([0, 1]), np.array([0, 5]), np.diag([3.0, 4.0]), 10.0, 2)
    problem = _PairLoss(counts, counts.apart, np.ones(2), np.ones((2, 2)))
    precision, balance, talk = problem.unpacked(np.array([0.0, np.log(3.0), 1.0, 1.0 + np.log(4.0), 3.0]))
    assert precision == pytest.approx([0.5, 0.75])
    assert balance == pytest.approx([0.2, 0.8])
    assert talk == pytest.approx(1 + np.log(2.0))
    assert problem.unpacked(np.array([99.0, -99.0, 0.0, -99.0, -99.0]))[2] == pytest.approx(1.0)
    assert problem.unpacked(np.array([99.0, -99.0, 0.0, -99.0, 0.0]))[1].min() > 0.0


def test_expected_counts_are_chance_times_talk_times_what_both_say_of_the_classes():
    counts = PairCounts(np.array([0, 1]), np.array([0, 0]), np.array([0, 4]), np.diag([50.0, 20.0]), 100.0, 2)
    given = np.array([[0.9, 0.1], [0.6, 0.4]])
    fit = PairFit(np.array([0.9, 0.6]), np.array([0.7, 0.3]), 1.2, given)
    lift = 0.9 * 0.6 / 0.7 + 0.1 * 0.4 / 0.3
    assert fit.expected(counts)[0, 1] == pytest.approx(100 * 0.5 * 0.2 * 1.2 * lift)


def test_pairs_that_are_left_out_and_pairs_of_one_function_say_nothing():
    votes, _ = clones(copies=2, rows=500)
    counts = pair_counts(distinct_rows(votes[:, function_order(votes, 2)], budget=1000), 2, most=50)
    pseudo_counts = np.stack([np.full(len(counts.owner), 22.5), np.full(len(counts.owner), 30.0)])
    none = np.zeros_like(counts.apart)
    blind = fit_pairs(counts, included=none, prior=np.array([6.0, 2.0]), pseudo_counts=pseudo_counts)
    assert blind.precision == pytest.approx(np.full(len(counts.owner), 0.75), abs=1e-3)
    assert blind.balance == pytest.approx([0.75, 0.25], abs=1e-3)
    own = fit_pairs(counts, included=~counts.apart, prior=np.array([6.0, 2.0]), pseudo_counts=pseudo_counts)
    assert own.precision == pytest.approx(blind.precision)

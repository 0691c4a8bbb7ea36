"""Precisions and balance fitted to counts of pairs."""

import numpy as np
from scipy.optimize import check_grad

from tests.denoise.factories import clones
from tidemill.denoise.statistics.distinct_rows import distinct_rows, function_order
from tidemill.denoise.statistics.pair_counts import pair_counts
from tidemill.denoise.statistics.pair_fit import _PairLoss


def test_gradient_of_the_pair_loss_is_its_difference_quotient():
    votes, _ = clones(copies=2, rows=500)
    counts = pair_counts(distinct_rows(votes[:, function_order(votes, 2)], budget=1000), 2, most=50)
    told = np.stack([np.full(len(counts.owner), 22.5), np.full(len(counts.owner), 30.0)])
    problem = _PairLoss(counts, counts.apart, np.full(2, 2.0), told)
    point = np.random.default_rng(0).normal(size=len(counts.owner) + 3) * 0.3
    assert check_grad(lambda x: problem.loss(x)[0], lambda x: problem.loss(x)[1], point) < 1e-3

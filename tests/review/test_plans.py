"""Acceptance sampling with a fixed number of rows, and in sequence: closed forms, exact risks, and what looking often costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import hypergeom

from tidemill.review.fixed_plan import FixedPlan, fixed_plan, hypergeometric_bound
from tidemill.review.sequential_plan import log_capital, sequential_bound, sequential_plan


def test_without_errors_the_fixed_plan_has_its_closed_form() -> None:
    """No error in n rows of 1000, 20 of which are wrong: C(980, n) / C(1000, n) is at most .05 from n = 138 on."""

    def chance(rows: int) -> float:
        return math.comb(980, rows) / math.comb(1000, rows)

    assert chance(138) <= 0.05 < chance(137)
    assert fixed_plan(1000, allowed=19, expected=0, alpha=0.05, power=0.95) == FixedPlan(138, 0)


def test_a_fixed_plan_keeps_both_risks() -> None:
    plan = fixed_plan(3000, allowed=60, expected=15, alpha=0.05, power=0.95)
    assert plan is not None
    assert hypergeom.cdf(plan.errors, 3000, 61, plan.rows) <= 0.05 < hypergeom.cdf(plan.errors, 3000, 61, plan.rows - 1)
    assert hypergeom.cdf(plan.errors, 3000, 15, plan.rows) >= 0.95


def test_a_target_that_all_labels_meet_needs_no_rows_and_one_that_is_too_near_needs_all() -> None:
    assert fixed_plan(50, allowed=50, expected=0, alpha=0.05, power=0.95) == FixedPlan(0, 0)
    assert (
        fixed_plan(10, allowed=1, expected=1, alpha=0.05, power=0.95) is None
    )  # of two wrong, nine rows lack one in a fifth
    assert sequential_plan(50, allowed=50, expected=0, alpha=0.05).mean_rows(0) == 0


def test_the_hypergeometric_bound_is_the_largest_number_that_is_not_rejected() -> None:
    bound = hypergeometric_bound(2000, rows=300, errors=4, alpha=0.05)
    assert hypergeom.cdf(4, 2000, bound, 300) > 0.05 >= hypergeom.cdf(4, 2000, bound + 1, 300)
    assert hypergeometric_bound(200, rows=200, errors=3, alpha=0.05) == 3


def test_capital_against_one_number_is_the_mixture_of_likelihood_ratios() -> None:
    """Six labels, two rows checked, both right, none wrong expected. Against two wrong ones, by hand: L(M) is C(6 - M, 2) / C(6, 2),
    so 15, 10, 6 of 15 for M of 0, 1, 2; four fifths of the capital are on 0, the rest on 0 and 1 alike."""
    capital = np.exp(log_capital(6, rows=2, errors=0, expected=0))
    assert capital[2] == pytest.approx((0.8 * 15 + 0.2 * (15 + 10) / 2) / 6)
    assert capital[0] == 0.0
    assert np.isinf(capital[5:]).all()


def test_the_mean_capital_never_grows_where_as_many_are_wrong() -> None:
    """A martingale against the truth, exactly: the mean over what the next row can be is what it was."""
    now = np.exp(log_capital(40, rows=10, errors=1, expected=2)[5])
    wrong = (5 - 1) / (40 - 10)
    after = [np.exp(log_capital(40, rows=11, errors=1 + more, expected=2)[5]) for more in (0, 1)]
    assert (1 - wrong) * after[0] + wrong * after[1] == pytest.approx(now)


def test_more_errors_than_allowed_are_accepted_with_a_chance_of_alpha_at_most_however_often_one_looks() -> None:
    """Exactly, by the distribution over all orders of the rows."""
    plan = sequential_plan(400, allowed=12, expected=4, alpha=0.05)
    for wrong in (13, 16, 30):
        assert plan.rows_until_met(wrong).sum() <= 0.05
    assert plan.rows_until_met(13).sum() > 0.01
    assert plan.rows_until_met(12).sum() == pytest.approx(1.0)


def test_looking_after_every_row_saves_a_fifth_of_the_rows_at_least() -> None:
    fixed = fixed_plan(2000, allowed=40, expected=20, alpha=0.05, power=0.95)
    assert fixed is not None
    mean = sequential_plan(2000, allowed=40, expected=20, alpha=0.05).mean_rows(20)
    assert mean <= 0.8 * fixed.rows


def test_the_sequential_bound_needs_what_the_plan_says_and_is_exact_after_all_rows() -> None:
    plan = sequential_plan(500, allowed=10, expected=3, alpha=0.05)
    for errors in (0, 2):
        needed = int(plan.needed[errors])
        bounds = [
            sequential_bound(500, rows=rows, errors=errors, expected=3, alpha=0.05) for rows in (needed - 1, needed)
        ]
        assert bounds[1] <= 10 < bounds[0]
    assert sequential_bound(500, rows=500, errors=7, expected=3, alpha=0.05) == 7
    assert sequential_bound(500, rows=0, errors=0, expected=3, alpha=0.05) == 500

"""What a sample proves when reviewers err: bounds of their errors, of what they miss, and coverage in simulated reviews."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from tidemill.review.acceptance import Reviewers, Target, make_plan, proven, rows_to_go
from tidemill.review.reviewers import error_rate_bound, least_found, missed_share, most_wrong


def test_the_bound_on_the_error_rate_holds_at_all_numbers_of_test_questions() -> None:
    """Of 200 reviewers who err in 10%, looked at after every fifth of 200 questions, 5% at most are ever believed to be better."""
    rng = np.random.default_rng(2)
    wrong = np.cumsum(rng.random((200, 200)) < 0.1, axis=1)
    asked = np.arange(5, 201, 5)
    bounds = {
        (int(k), int(n)): error_rate_bound(int(k), int(n), 0.05) for n in asked for k in np.unique(wrong[:, n - 1])
    }
    low = [any(bounds[int(line[n - 1]), int(n)] < 0.1 for n in asked) for line in wrong]
    assert np.mean(low) <= 0.05


def test_without_test_questions_nothing_is_known_of_reviewers() -> None:
    assert error_rate_bound(0, 0, 0.05) == 1.0
    assert error_rate_bound(3, 3, 0.05) == 1.0
    assert proven(Target(100, 0.02, 0.95, 0.01), Reviewers(0, 0), rows=100, errors=0).wrong == 100


def test_reviewers_miss_what_the_first_or_two_others_call_right() -> None:
    assert missed_share(0.1) == pytest.approx(0.1 + 0.9 * 0.1 * 0.1)


def test_how_many_are_found_and_how_many_there_are_are_inverse() -> None:
    least = least_found(60, 0.1, 0.05)
    assert binom.cdf(least - 1, 60, 0.9) <= 0.05 < binom.cdf(least, 60, 0.9)
    assert most_wrong(least - 1, 500, 0.1, 0.05) < 60 <= most_wrong(least, 500, 0.1, 0.05)


def test_reviewers_who_are_right_leave_the_sample_alone_and_all_rows_prove_all() -> None:
    target, trusted = Target(300, 0.02, 0.95, 0.01), Reviewers(0, 0, trusted=True)
    done = proven(target, trusted, rows=300, errors=6)
    assert (done.wrong, done.met, done.reviewer_error) == (6, True, 0.0)
    assert not proven(target, trusted, rows=300, errors=7).met


def test_reviewers_who_err_cost_rows_and_those_who_err_much_prove_nothing() -> None:
    target = Target(2000, 0.02, 0.95, 0.005)
    plans = [make_plan(target, item) for item in (Reviewers(0, 0, trusted=True), Reviewers(6, 200), Reviewers(40, 200))]
    means = [plan.mean_rows for plan in plans if plan is not None]
    assert means == sorted(means)
    assert len(set(means)) == 3
    assert make_plan(target, Reviewers(0, 0)) is None


def test_the_rows_that_are_missing_do_prove_it() -> None:
    target, reviewers = Target(2000, 0.02, 0.95, 0.005), Reviewers(0, 0, trusted=True)
    more = rows_to_go(target, reviewers, rows=50, errors=0)
    assert more is not None
    assert proven(target, reviewers, rows=50 + more, errors=0).met
    assert not proven(target, reviewers, rows=50 + more - 1, errors=0).met
    assert rows_to_go(target, reviewers, rows=50, errors=10) is None


def test_the_bound_covers_the_truth_when_reviewers_err_and_one_looks_all_the_time() -> None:
    """40 reviews of 1000 labels, 2.5% of them wrong, by reviewers who err in 3%: 95% at least are never told less."""
    covered = [_never_below(1000, 25, 0.03, seed=seed) for seed in range(40)]
    assert sum(covered) >= 38


def _never_below(n_rows: int, wrong: int, error_rate: float, *, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    is_wrong = rng.permutation(n_rows) < wrong
    errs = rng.random((3, n_rows)) < error_rate
    first = is_wrong != errs[0]
    others = (is_wrong != errs[1]) | (is_wrong != errs[2])
    errors = np.cumsum(first & others)
    tests = int((rng.random(200) < error_rate).sum())
    target = Target(n_rows, 0.02, 0.95, 0.01)
    looks = range(100, n_rows + 1, 100)
    return all(
        proven(target, Reviewers(tests, 200), rows=rows, errors=int(errors[rows - 1])).wrong >= wrong for rows in looks
    )

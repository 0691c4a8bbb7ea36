"""What a sample proves when reviewers err: bounds of their errors, of what they miss, and coverage in simulated reviews."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom

from tests.review.factories import answers_of
from tidemill.review.acceptance import Levels, Reviewers, Target, make_plan, proven, rows_to_go
from tidemill.review.audit import MOST_ANSWERS, CheckedLabels, audit_state
from tidemill.review.reviewers import (
    confirmed_after_denial,
    error_rate_bound,
    error_rate_floor,
    error_rate_of_overruled,
    least_found,
    missed_share,
    most_wrong,
)


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


def test_parts_of_the_chance_of_a_wrong_statement_are_no_more_than_all_of_it() -> None:
    levels = Levels.of(0.95, trusted=False)
    assert min(levels.sample, levels.error_rate, levels.found) > 0.0
    assert levels.sample + levels.error_rate + levels.found == pytest.approx(0.05)
    assert Levels.of(0.95, trusted=True) == Levels(pytest.approx(0.05), 0.0, 0.0)


def test_confirmed_rows_are_questions_too_less_twice_the_share_that_may_be_wrong() -> None:
    """Of 100 confirmed rows 80 count where a tenth may be wrong: three overruled are 3 of 180 with 100 test questions."""
    found = Reviewers(0, 100, overruled=3, confirmed=100).bound(0.01, error=0.1)
    assert found == error_rate_of_overruled(error_rate_bound(3, 180, 0.01))
    assert Reviewers(0, 100, overruled=3, confirmed=100).bound(0.01) < found


def test_reviewers_miss_what_the_first_or_two_others_call_right() -> None:
    assert missed_share(0.1) == pytest.approx(0.1 + 0.9 * (0.1**2 + 2 * 0.1**3 * 0.9))


@pytest.mark.parametrize("confirms", [0.03, 0.5, 0.97])
def test_how_often_a_label_is_confirmed_after_a_denial_is_what_the_rule_makes_of_all_sequences(confirms: float) -> None:
    """All answers of four others, in their order: a row is asked about until it is not in dispute any more."""
    labels, total = CheckedLabels(("a",), np.ones(1, dtype=np.int64), ""), 0.0
    for others in itertools.product([0, 1], repeat=MOST_ANSWERS - 1):
        for asked in range(1, MOST_ANSWERS + 1):
            said = [(0, who, label) for who, label in enumerate([0, *others][:asked])]
            state = audit_state(labels, np.arange(1), answers_of(said, rows=1, people=MOST_ANSWERS, classes=2))
            if not len(state.disputed):
                break
        chance = math.prod(confirms if label else 1.0 - confirms for label in others)
        total += chance * (not len(state.errors))
    assert confirmed_after_denial(confirms) == pytest.approx(total)


def test_how_often_reviewers_err_and_how_often_they_are_overruled_are_inverse() -> None:
    assert error_rate_of_overruled(0.05 * confirmed_after_denial(0.95)) == pytest.approx(0.05)
    assert error_rate_of_overruled(0.4) is None


def test_checked_rows_tell_more_of_reviewers_than_test_questions_alone() -> None:
    alone = Reviewers(6, 200).bound(0.05)
    together = Reviewers(6, 200, overruled=60, confirmed=2000).bound(0.05, error=0.02)
    assert 0.03 < together < 0.05 < alone


def test_what_nobody_denies_is_not_taken_for_right_against_or_without_test_questions() -> None:
    """Reviewers who deny no label of 2000, as those who say what they expect: a third of the test questions shows them."""
    assert Reviewers(0, 0, overruled=0, confirmed=2000).bound(0.05) == 1.0
    assert Reviewers(30, 100, overruled=0, confirmed=2000).bound(0.05) == error_rate_floor(30, 100, 0.05) > 0.15
    assert Reviewers(6, 200, overruled=900, confirmed=2000).bound(0.05) == Reviewers(6, 200).bound(0.05)


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
    errs = rng.random((MOST_ANSWERS, n_rows)) < error_rate
    denies = is_wrong != errs
    confirming = np.cumsum(~denies, axis=0)
    refuted = denies[0] & (confirming[2] < 2) & (confirming[4] < 3)
    errors, overruled = np.cumsum(refuted), np.cumsum(denies[0] & ~refuted)
    tests = int((rng.random(200) < error_rate).sum())
    target = Target(n_rows, 0.02, 0.95, 0.01)
    looks = range(100, n_rows + 1, 100)

    def bound(rows: int) -> int:
        found, denied = int(errors[rows - 1]), int(overruled[rows - 1])
        reviewers = Reviewers(tests, 200, overruled=denied, confirmed=rows - found)
        return proven(target, reviewers, rows=rows, errors=found).wrong

    return all(bound(rows) >= wrong for rows in looks)

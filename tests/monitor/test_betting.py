"""The sequential test of labels: closed forms, its level however often one looks, and what labels it leaves open."""

import numpy as np
import pytest
from scipy import stats

from tidemill.monitor import betting
from tidemill.monitor.betting import LabelVerdict, decide, labels_to_go, log_wealth


def likelihood_ratio(right, answered, accuracy, bar):
    return (accuracy / bar) ** right * ((1 - accuracy) / (1 - bar)) ** (answered - right)


@pytest.mark.parametrize(("right", "answered", "bar"), [(0, 0, 0.9), (3, 10, 0.8), (10, 10, 0.5), (0, 7, 0.93)])
@pytest.mark.parametrize("below", [True, False])
def test_the_wealth_is_the_mean_of_likelihood_ratios_over_accuracies_on_one_side(right, answered, bar, below):
    steps = [(k + 0.5) / 32 for k in range(32)]
    accuracies = [bar * s for s in steps] if below else [bar + (1 - bar) * s for s in steps]
    expected = np.log(np.mean([likelihood_ratio(right, answered, a, bar) for a in accuracies]))
    found = log_wealth(np.array([float(right)]), np.array([float(answered)]), bar, below=below)
    assert found[0] == pytest.approx(expected)


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize("bar", [0.3, 0.9])
def test_the_wealth_is_a_fair_game_at_the_bar_and_a_losing_one_beyond_it(bar, below):
    """Mean over the two answers that may come next, by hand; at the bar it is what it was."""
    now = np.exp(log_wealth(np.array([5.0]), np.array([8.0]), bar, below=below)[0])

    def mean_next(accuracy):
        right, wrong = (np.exp(log_wealth(np.array([r]), np.array([9.0]), bar, below=below)[0]) for r in (6.0, 5.0))
        return accuracy * right + (1 - accuracy) * wrong

    assert mean_next(bar) == pytest.approx(now)
    assert mean_next(bar + (0.05 if below else -0.05)) < now


def wrong_share(accuracy, bar, streams=600):
    """Share of streams of 400 labels in which the wrong side is proven at any time."""
    rng = np.random.default_rng(7)
    answers = rng.random((streams, 400)) < accuracy
    verdicts = [decide(one, bar, expected=bar, alpha=0.05, max_labels=400) for one in answers]
    return np.mean([one.proven and one.below == (accuracy >= bar) for one in verdicts])


@pytest.mark.parametrize(("accuracy", "bar"), [(0.9, 0.9), (0.74, 0.74), (0.8999, 0.9), (0.93, 0.9)])
def test_the_wrong_side_is_proven_with_the_chance_of_the_level_at_most(accuracy, bar):
    assert wrong_share(accuracy, bar) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 600)


def test_a_test_that_looks_at_each_label_with_a_fixed_level_would_not_hold_it(monkeypatch):
    """The mutant: the p-value of a test of one number of labels, in place of the martingale."""

    def log_evidence(right, answered, bar, *, below):
        z = (right - answered * bar) / np.sqrt(answered * bar * (1 - bar))
        return -stats.norm.logcdf(z if below else -z)

    monkeypatch.setattr(betting, "log_wealth", log_evidence)
    assert wrong_share(0.9, 0.9) > 0.2


def test_what_was_decided_once_stays_whatever_labels_follow():
    answers = np.concatenate([np.zeros(10, dtype=bool), np.ones(390, dtype=bool)])
    first = decide(answers[:10], 0.9, expected=0.9, alpha=0.05, max_labels=400)
    assert first == decide(answers, 0.9, expected=0.9, alpha=0.05, max_labels=400)
    assert first.below is True
    assert first.used < 10


def test_without_enough_labels_nothing_is_decided():
    assert decide(np.zeros(0, dtype=bool), 0.9, expected=0.5, alpha=0.05, max_labels=9) == LabelVerdict(None, False, 0)
    assert decide(np.ones(9, dtype=bool), 0.9, expected=0.5, alpha=0.05, max_labels=10).below is None


def test_at_the_greatest_number_of_labels_they_decide_with_the_estimate_as_a_quarter_as_many():
    answers = np.tile([True] * 9 + [False], 10)  # 90 of 100
    for expected, below in ((0.9, False), (0.79, False), (0.77, True)):  # (.9 + expected / 4) / 1.25 against .875
        verdict = decide(answers, 0.875, expected=expected, alpha=0.05, max_labels=100)
        assert (verdict.below, verdict.proven, verdict.used) == (below, False, 100)


def test_more_labels_than_asked_for_do_not_count():
    answers = np.concatenate([np.tile([True] * 9 + [False], 10), np.zeros(50, dtype=bool)])
    assert decide(answers, 0.88, expected=0.9, alpha=0.05, max_labels=100).below is False


@pytest.mark.parametrize("expected", [0.3, 0.7, 0.85, 0.99])
def test_as_many_labels_decide_as_were_foreseen_where_the_estimate_is_right(expected):
    foreseen = labels_to_go(0, 0, 0.93, expected=expected, alpha=0.05, max_labels=2000)
    rng = np.random.default_rng(3)
    used = [
        decide(rng.random(2000) < expected, 0.93, expected=expected, alpha=0.05, max_labels=2000).used
        for _ in range(100)
    ]
    assert 0.6 * np.median(used) <= foreseen <= 1.6 * np.median(used)


def test_labels_that_are_there_count_and_the_rest_is_capped():
    assert labels_to_go(0, 0, 0.9, expected=0.9, alpha=0.05, max_labels=50) == 50
    assert labels_to_go(36, 40, 0.9, expected=0.9, alpha=0.05, max_labels=50) == 10
    assert labels_to_go(45, 50, 0.9, expected=0.9, alpha=0.05, max_labels=50) == 0
    assert labels_to_go(10, 20, 0.9, expected=0.9, alpha=0.05, max_labels=400) == 0  # decided by now
    sure, doubtful = (labels_to_go(0, 0, 0.9, expected=e, alpha=0.05, max_labels=400) for e in (0.3, 0.8))
    assert sure < doubtful

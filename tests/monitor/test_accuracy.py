"""Accuracy without labels: calibration, the envelope of the witnesses, and what it covers."""

import numpy as np
import pytest

from tests.monitor.factories import arrive
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.monitor import accuracy
from tidemill.monitor.accuracy import calibrate, chances_of, estimate_accuracy, fit_witnesses
from tidemill.monitor.rows import Rows


def labeled(count, seed, *, champion=0.9, sure=0.9, functions=0.9, n_classes=2):
    """Rows with gold: champion and eight functions are right with the chances given; the champion is sure all the same."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, n_classes, count)

    def guess(chance, shape):
        right = rng.random(shape) < chance
        truth = gold if len(shape) == 1 else gold[:, None]
        return np.where(right, truth, (truth + rng.integers(1, n_classes, shape)) % n_classes)

    said = guess(champion, (count,))
    probabilities = np.full((count, n_classes), (1 - sure) / (n_classes - 1))
    probabilities[np.arange(count), said] = sure
    votes = np.where(rng.random((count, 8)) < 0.6, guess(functions, (count, 8)), ABSTAIN).astype(np.int16)
    return Rows(np.zeros((count, 1), dtype=np.float32), probabilities, votes), gold.astype(np.int16)


def true_accuracy(rows, gold):
    return (rows.probabilities.argmax(axis=1) == gold).mean()


def test_a_calibration_of_one_confidence_is_the_share_that_is_right():
    chances, right = np.full(400, 0.7), np.arange(400) < 320
    assert calibrate(chances, right).predict(chances)[0] == pytest.approx(0.8, abs=0.01)


def test_a_calibration_finds_the_slope_of_an_overconfident_witness():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 3, 20_000)
    truth = 1 / (1 + np.exp(-(0.3 + 0.4 * odds)))
    chances = np.clip(1 / (1 + np.exp(-odds)), 1e-4, 1 - 1e-4)
    found = calibrate(chances, rng.random(20_000) < truth)
    assert found.coefficients == pytest.approx([0.3, 0.4], abs=0.05)
    error = np.sqrt((truth * (1 - truth)).mean() / 20_000)
    assert found.error(chances) == pytest.approx(error, rel=0.1)  # as that of a mean of so many rows


def test_a_calibration_of_rows_that_are_all_right_is_platts_target():
    assert calibrate(np.full(8, 0.5), np.full(8, True)).predict(np.full(1, 0.5))[0] == pytest.approx(9 / 10, abs=1e-4)


def test_without_calibration_the_envelope_is_that_of_two_binomial_shares(monkeypatch):
    """Of 100 rows the one witness says .9 and the other .8: 1.96 standard errors below the lower, and above the higher."""
    rows = labeled(100, 0)[0]
    witnesses = fit_witnesses(rows, None, level=0.95)
    said = accuracy.Chances(np.full(100, 0.9), np.full(100, 0.8))
    monkeypatch.setattr(accuracy, "chances_of", lambda *_: said)
    found = estimate_accuracy(witnesses, rows, level=0.95)
    assert found.low == pytest.approx(0.8 - 1.95996 * 0.04, abs=1e-5)
    assert found.high == pytest.approx(0.9 + 1.95996 * 0.03, abs=1e-5)


@pytest.mark.parametrize("right", [True, False])
def test_a_calibration_is_finite_where_all_rows_are_right_or_all_wrong(right):
    chances = np.linspace(0.6, 0.95, 50)
    predicted = calibrate(chances, np.full(50, right)).predict(chances)
    assert (abs(predicted - right) < 0.1).all()
    assert ((predicted > 0) & (predicted < 1)).all()


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("now", [0.9, 0.6, 0.3])
def test_the_interval_covers_and_the_estimate_is_near_where_functions_stay_as_good(n_classes, now):
    covered, errors = [], []
    for seed in range(20):
        reference, gold = labeled(600, seed, n_classes=n_classes)
        witnesses = fit_witnesses(reference, gold, level=0.95)
        rows, truth = labeled(300, 100 + seed, champion=now, n_classes=n_classes)
        found = estimate_accuracy(witnesses, rows, level=0.95)
        covered.append(found.low <= true_accuracy(rows, truth) <= found.high)
        errors.append(found.estimate - true_accuracy(rows, truth))
    assert np.mean(covered) >= 0.95
    assert abs(np.mean(errors)) < 0.05


def test_the_interval_covers_where_the_functions_are_wrong_and_the_champion_is_right():
    reference, gold = labeled(600, 0)
    witnesses = fit_witnesses(reference, gold, level=0.95)
    rows, truth = labeled(300, 1, champion=0.98, functions=0.3)
    found = estimate_accuracy(witnesses, rows, level=0.95)
    assert found.low <= true_accuracy(rows, truth) <= found.high
    assert found.high - found.low > 0.4


def test_an_interval_by_confidence_alone_would_not_cover(monkeypatch):
    """The mutant: functions are no witness. The champion is as sure as ever and right by chance."""
    reference, gold = labeled(600, 0)
    rows, truth = labeled(300, 1, champion=0.5)
    witnesses = fit_witnesses(reference, gold, level=0.95)
    assert estimate_accuracy(witnesses, rows, level=0.95).low <= true_accuracy(rows, truth)
    both = chances_of
    monkeypatch.setattr(
        accuracy,
        "chances_of",
        lambda tables, rows: accuracy.Chances(both(tables, rows).confidence, both(tables, rows).confidence),
    )
    witnesses = fit_witnesses(reference, gold, level=0.95)
    assert estimate_accuracy(witnesses, rows, level=0.95).low > true_accuracy(rows, truth) + 0.1


def test_the_interval_of_more_rows_is_narrower():
    reference, gold = labeled(600, 0)
    witnesses = fit_witnesses(reference, gold, level=0.95)
    few, many = (estimate_accuracy(witnesses, labeled(count, 1)[0], level=0.95) for count in (30, 3000))
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("count", [0, accuracy.MIN_GOLD - 1, accuracy.MIN_GOLD])
def test_with_too_little_gold_the_witnesses_are_taken_at_face_value_and_it_is_said(count):
    reference, gold = labeled(600, 0)
    witnesses = fit_witnesses(reference, np.where(np.arange(600) < count, gold, NO_GOLD), level=0.95)
    assert witnesses.calibrated == (count >= accuracy.MIN_GOLD)
    assert witnesses.reference.low <= true_accuracy(reference, gold) <= witnesses.reference.high
    rows, truth = labeled(300, 1, champion=0.6)
    found = estimate_accuracy(witnesses, rows, level=0.95)
    assert found.low <= true_accuracy(rows, truth) <= found.high
    assert found.estimate < witnesses.reference.estimate - 0.2


def test_without_gold_it_is_the_same_as_with_none_of_it_known():
    reference, _ = labeled(200, 0)
    nothing = np.full(200, NO_GOLD)
    rows = labeled(100, 1)[0]
    found = [estimate_accuracy(fit_witnesses(reference, gold, level=0.9), rows, level=0.9) for gold in (None, nothing)]
    assert found[0] == found[1]


def test_without_functions_calibrated_confidence_is_the_estimate():
    reference, gold = labeled(600, 0, champion=0.8, sure=0.95)
    bare = Rows(reference.features, reference.probabilities, reference.votes[:, :0])
    witnesses = fit_witnesses(bare, gold, level=0.95)
    found = estimate_accuracy(witnesses, bare, level=0.95)
    assert found.estimate == pytest.approx(true_accuracy(reference, gold), abs=0.02)


def test_a_function_that_the_reference_has_not_heard_counts_with_its_prior():
    """A function that abstains on the whole reference votes on all new rows, against the champion."""
    reference, gold = labeled(600, 0)
    votes = reference.votes.copy()
    votes[:, 0] = ABSTAIN
    witnesses = fit_witnesses(Rows(reference.features, reference.probabilities, votes), gold, level=0.95)
    rows, _ = labeled(200, 1)
    alone = np.full_like(rows.votes, ABSTAIN)
    alone[:, 0] = 1 - rows.probabilities.argmax(axis=1)
    agreement = chances_of(witnesses.tables, Rows(rows.features, rows.probabilities, alone)).agreement
    assert agreement == pytest.approx(np.full(200, 0.25), abs=0.04)  # .75 for the class that it votes for


def test_one_row_and_rows_that_are_not_finite_have_an_interval():
    rows = arrive(200, np.random.default_rng(0))
    witnesses = fit_witnesses(rows, None, level=0.95)
    broken = Rows(rows.features, np.full_like(rows.probabilities, np.nan), rows.votes)
    for some in (rows.at(np.array([3])), broken):
        found = estimate_accuracy(witnesses, some, level=0.95)
        assert 0.0 <= found.low <= found.estimate <= found.high <= 1.0

"""Calibration by gold: what it recovers, and when it is left alone."""

import json
from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import rare_votes
from tidemill.common.calibration_error import calibration_error
from tidemill.contracts import NO_GOLD
from tidemill.denoise.models.registry import create, from_dict
from tidemill.denoise.statistics import label_calibration as calibration_module
from tidemill.denoise.statistics.label_calibration import Calibration, choose_calibration, fit_calibration
from tidemill.denoise.statistics.votes import softmax


def labels(rows, seed, *, power=1.0, bias=(0.0, 0.0)):
    """Return truth drawn from calibrated probabilities, and these distorted by a power and a bias."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.0, 1.5, (rows, 2))
    calibrated = softmax(logits)
    truth = (rng.random(rows) < calibrated[:, 1]).astype(int)
    return truth, softmax(power * np.log(calibrated) + np.array(bias))


def test_a_known_distortion_is_undone_with_much_gold():
    truth, given = labels(20_000, 1, power=2.0, bias=(0.5, -0.5))
    silent = np.zeros(len(truth), dtype=bool)
    found = fit_calibration(given, truth, silent, np.ones(len(truth)))
    assert found.power == pytest.approx(0.5, abs=0.03)
    assert found.bias[0] - found.bias[1] == pytest.approx(-0.5, abs=0.06)
    assert calibration_error(given, truth) > 0.08
    assert calibration_error(found.apply(given, silent), truth) < 0.01


@pytest.mark.parametrize("rows", [45, 300])  # of few rows the priors decide
def test_the_gradient_is_found_to_vanish_at_the_solution(rows):
    truth, given = labels(rows, 2, power=1.5, bias=(1.0, -1.0))
    silent = np.arange(rows) % 3 == 0
    weights = np.ones(rows)
    best = fit_calibration(given, truth, silent, weights)

    def loss(power, bias, further):
        given_ = Calibration(power, bias, further).apply(given, silent)
        prior = (np.log(power) / 0.4) ** 2 + ((bias / 0.7) ** 2).sum() + ((further / 1.5) ** 2).sum()
        return -np.log(given_[np.arange(rows), truth]).sum() + prior / 2

    least = loss(best.power, best.bias, best.uncovered_bias)
    for step in (-0.01, 0.01):
        assert loss(best.power * np.exp(step), best.bias, best.uncovered_bias) > least
        for k in range(2):
            assert loss(best.power, best.bias + step * np.eye(2)[k], best.uncovered_bias) > least
            assert loss(best.power, best.bias, best.uncovered_bias + step * np.eye(2)[k]) > least


def test_a_row_that_stands_for_several_counts_as_often():
    truth, given = labels(200, 3, power=2.0)
    silent, weights = np.zeros(200, dtype=bool), np.where(np.arange(200) < 50, 3.0, 1.0)
    several = np.repeat(np.arange(200), weights.astype(int))
    once = fit_calibration(given[several], truth[several], silent[several], np.ones(len(several)))
    assert fit_calibration(given, truth, silent, weights).power == pytest.approx(once.power, rel=1e-3)


def test_rows_without_votes_have_a_bias_of_their_own():
    silent = np.arange(400) < 200
    given = np.where(silent[:, None], [0.5, 0.5], [0.9, 0.1])
    truth = np.where(silent, np.arange(400) % 10 == 0, np.arange(400) % 10 == 0).astype(int)
    found = fit_calibration(given, truth, silent, np.ones(400)).apply(given, silent)
    assert found[0] == pytest.approx([0.9, 0.1], abs=0.02)
    assert found[399] == pytest.approx([0.9, 0.1], abs=0.02)


def test_few_gold_rows_calibrate_nothing_and_the_report_says_why():
    truth, given = labels(19, 4, power=3.0)
    found, told = choose_calibration(given, truth, np.zeros(19, dtype=bool), np.ones(19))
    assert found is None
    assert told == {"rows": 19, "used": False, "reason": "19 gold rows, 20 are needed"}


def test_gold_that_was_not_seen_decides_whether_labels_are_calibrated():
    over, under = [], []
    for seed in range(10):
        for used, distorted in ((over, {}), (under, {"power": 4.0, "bias": (2.0, -2.0)})):
            truth, given = labels(60, 100 + seed, **distorted)
            found, told = choose_calibration(given, truth, np.zeros(60, dtype=bool), np.ones(60))
            assert told["used"] == (found is not None) == (told["calibrated_log_loss"] < told["log_loss"])
            used.append(told["used"])
    assert sum(over) < 5  # already calibrated: mostly left alone
    assert all(under)


def test_rows_alike_stand_on_both_sides_of_a_fold():
    given = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    gold, weights = np.array([0, 1, 0, 1]), np.array([36.0, 24.0, 24.0, 36.0])
    found, told = choose_calibration(given, gold, np.zeros(4, dtype=bool), weights)
    # right in six of ten where it says nine of ten: 0.9 ln 0.9 and the like by hand, and ln 0.6 and 0.4 once calibrated
    assert told["log_loss"] == pytest.approx(-(0.6 * np.log(0.9) + 0.4 * np.log(0.1)), abs=1e-6)
    assert told["calibrated_log_loss"] == pytest.approx(-(0.6 * np.log(0.6) + 0.4 * np.log(0.4)), abs=0.05)
    assert found.apply(given, np.zeros(4, dtype=bool))[0, 0] == pytest.approx(0.6, abs=0.1)


def test_auto_is_calibrated_by_gold_and_saved_with_it():
    rng = np.random.default_rng(5)
    truth = (rng.random(2000) < 0.3).astype(int)
    copied = np.where(rng.random(2000) < 0.7, truth, 1 - truth)
    votes = np.where(rng.random((2000, 6)) < 0.9, copied[:, None], 1 - copied[:, None]).astype(np.int16)
    gold = np.where(np.arange(2000) < 100, truth, NO_GOLD)
    blind: Any = create("auto", 2, seed=1, draws=0).fit(votes)
    told: Any = create("auto", 2, seed=1, draws=0).fit(votes, gold=gold)
    assert told.evidence_["calibration"]["used"]
    errors = [calibration_error(model.predict_proba(votes)[100:], truth[100:]) for model in (blind, told)]
    assert errors[0] > 0.1  # six voters who share their errors: all agree, and are wrong in three of ten
    assert errors[1] < errors[0] / 2
    again = from_dict(json.loads(json.dumps(told.to_dict())))
    assert (again.predict_proba(votes) == told.predict_proba(votes)).all()
    assert told.prior_ == pytest.approx(told.predict_proba(np.full((1, 6), -1, dtype=np.int16))[0])


def test_a_class_of_which_gold_has_few_rows_is_not_calibrated_away():
    truth, votes = rare_votes(0.02, 2, 2, seed=0)
    common = np.flatnonzero(truth == 0)[:50]
    gold = np.full(len(truth), NO_GOLD)
    gold[common] = 0
    models: list[Any] = [create("auto", 2, seed=20, draws=0).fit(votes, gold=given) for given in (None, gold)]
    blind, told = models
    assert told.evidence_["calibration"]["used"]
    rare = truth == 1
    recalls = [model.predict_proba(votes)[rare].argmax(axis=1).mean() for model in (blind, told)]
    assert recalls[1] >= recalls[0] - 0.05


def test_gold_of_one_class_overrules_no_choice():
    truth, votes = rare_votes(0.02, 2, 2, seed=1)
    gold = np.full(len(truth), NO_GOLD)
    gold[np.flatnonzero(truth == 0)[:50]] = 0
    model: Any = create("auto", 2, seed=20, draws=0).fit(votes, gold=gold)
    scores = model.evidence_["gold"]
    assert scores["generative"]["squared_error"] < scores["smoothed"]["squared_error"] / 2  # it seldom names the other
    assert model.evidence_["chosen"] == "smoothed"


def test_biases_are_between_the_classes_that_gold_has_and_sum_to_zero():
    rng = np.random.default_rng(1)
    given = np.tile([0.5, 0.2, 0.3], (100, 1))
    truth = np.where(rng.random(100) < 0.3, 0, 1)
    truth[:4] = 2
    found = fit_calibration(given, truth, np.zeros(100, dtype=bool), np.ones(100))
    assert found.bias[2] == 0.0
    assert found.bias.sum() == pytest.approx(0.0, abs=1e-9)
    assert found.bias[1] > 0.3
    truth[4] = 2
    assert fit_calibration(given, truth, np.zeros(100, dtype=bool), np.ones(100)).bias[2] != 0.0


def test_a_calibration_of_the_votes_answer_is_not_said_to_be_used_where_features_answer():
    rng = np.random.default_rng(5)
    truth = (rng.random(1000) < 0.5).astype(int)
    votes = np.where(rng.random((1000, 3)) < 0.7, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    votes[:, 1] = votes[:, 0]
    features = (rng.normal(size=(1000, 4)) + 3 * truth[:, None]).astype(np.float32)
    gold = np.where(np.arange(1000) < 200, truth, NO_GOLD)
    alone: Any = create("auto", 2, seed=1, draws=0).fit(votes, gold=gold)
    assert alone.evidence_["calibration"]["used"]
    model: Any = create("auto", 2, seed=1, draws=0).fit(votes, features=features, gold=gold)
    assert model.evidence_["chosen"] == "joint"
    assert model.calibration_ is None
    assert model.evidence_["calibration"]["used"] is False
    assert "features predict" in model.evidence_["calibration"]["reason"]


def test_power_and_biases_are_applied_to_log_probabilities_those_of_silence_to_silent_rows_alone():
    calibration = Calibration(2.0, np.array([0.3, -0.3]), np.array([1.0, -1.0]))
    found = calibration.apply(np.array([[0.8, 0.2], [0.8, 0.2], [1.0, 0.0]]), np.array([False, True, False]))
    odds = np.log(found[:, 0] / found[:, 1])
    assert odds[:2] == pytest.approx([2 * np.log(4) + 0.6, np.log(4) + 0.6 + 2.0])
    assert odds[2] == pytest.approx(2 * np.log(1e6) + 0.6)


def test_each_fold_is_answered_by_a_calibration_of_the_others(monkeypatch):
    sizes = []

    def remembering(probabilities, gold, silent, weights):
        sizes.append(int(weights.sum()))
        return Calibration(1.0, np.zeros(2), np.zeros(2))

    monkeypatch.setattr(calibration_module, "fit_calibration", remembering)
    given, gold = np.tile([0.7, 0.3], (50, 1)), np.arange(50) % 2
    found, told = choose_calibration(given, gold, np.zeros(50, dtype=bool), np.ones(50))
    assert sizes == [40] * 5
    assert found is None  # no change is no gain
    assert told["calibrated_log_loss"] == told["log_loss"]
    assert told["reason"] == "held-out gold rows do not support it"

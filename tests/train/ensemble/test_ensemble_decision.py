"""Whether an ensemble takes the head's place: each rule on figures where it is the difference."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tidemill.contracts import NO_GOLD
from tidemill.reports.train import EnsembleReport, ModelComparison
from tidemill.train.end_model.model import Ensemble
from tidemill.train.end_model.stacking import Blend, Stack, combination_of, fit_combination, geometric_mean_stack
from tidemill.train.ensemble.choose_ensemble import (
    EnsembleResult,
    OutOfFold,
    _decided,
    ablation_sentence,
    compare_with_head,
    comparison_table,
    cotraining_report,
)
from tidemill.train.ensemble.paired_bootstrap import comparison_rows
from tidemill.train.recipes.recipe import TrainingSet


def figures(gain=(0.1, 0.05, 0.15), accuracy_gain=(0.0, -0.1, 0.1)):
    return ModelComparison(accuracy=(0.9, 0.8, 1.0), loss=(0.3, 0.2, 0.4), accuracy_gain=accuracy_gain, gain=gain)


def decided(*, by_gold=True, accept_without_gold=False, **changes):
    judged: Any = SimpleNamespace(by_gold=by_gold, loss_name=lambda: "loss")
    return _decided(figures(**changes), "blend", judged, accept_without_gold=accept_without_gold)


def test_an_ensemble_that_gains_for_certain_is_used():
    used, reason = decided()
    assert used
    assert (
        reason
        == "the blend against the head alone: +0.1000 [+0.0500, +0.1500] less loss; so the blend is the end model"
    )


@pytest.mark.parametrize(
    ("by_gold", "accepted", "used"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_labels_alone_decide_where_that_is_asked_for(by_gold, accepted, used):
    assert decided(by_gold=by_gold, accept_without_gold=accepted)[0] == used


@pytest.mark.parametrize(("low", "used"), [(1e-6, True), (0.0, False), (-0.01, False)])
def test_the_whole_interval_of_the_gain_must_be_above_zero(low, used):
    found, reason = decided(gain=(0.1, low, 0.2))
    assert found == used
    assert ("not significantly a gain" in reason) != used


@pytest.mark.parametrize(("accuracy", "used"), [(0.0, True), (-0.001, False)])
def test_a_gain_at_the_cost_of_accuracy_is_none(accuracy, used):
    assert decided(accuracy_gain=(accuracy, -0.1, 0.1))[0] == used


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        ((-0.2, -0.3, -0.1), "worse"),
        ((-0.2, -0.3, 0.0), "as well"),
        ((0.2, 0.0, 0.3), "as well"),
        ((0.2, 0.1, 0.3), "better"),
    ],
)
def test_an_ablation_is_worse_or_better_where_its_interval_leaves_zero_out(gain, verdict):
    assert ablation_sentence("lstm", gain).startswith(f"without lstm: {verdict}, ")


def test_the_summary_is_that_of_an_ensemble_and_none_of_the_head_alone():
    ensemble = Ensemble({}, Blend(np.array([1.0])))
    used = EnsembleReport(used=True, reason="why", way="blend", sentences=("one",))
    summary = EnsembleResult(ensemble, used).summary()
    assert summary is not None
    assert (summary.way, summary.reason, summary.sentences) == ("blend", "why", ("one",))
    assert EnsembleResult(None, used).summary() is None
    assert EnsembleResult(ensemble, used.model_copy(update={"way": None})).summary() is None


@pytest.mark.parametrize(("rounds", "way"), [(1, "co-training"), (0, "mean")])
def test_views_are_said_to_be_co_trained_where_they_are(settings, rounds, way):
    report = cotraining_report(
        Ensemble({}, geometric_mean_stack(1, 2)), settings.with_changes({"self_training.rounds": rounds})
    )
    assert report.way == way
    assert ("the mean of all their held-out predictions" in report.reason) == bool(rounds)


def test_the_table_has_a_line_for_each_comparison_and_none_of_no_report():
    report = EnsembleReport(
        used=False, reason="r", lines={"head": figures()}, without={"lstm": figures(gain=(0.5, 0.4, 0.6))}
    )
    table = comparison_table(report)
    assert table.select("what", "model", "gain", "gain_low", "gain_high").rows() == [
        ("beside head", "head", 0.1, 0.05, 0.15),
        ("left out", "lstm", 0.5, 0.4, 0.6),
    ]
    assert comparison_table(EnsembleReport(used=False, reason="r")).height == 0


def test_a_combination_without_a_model_is_that_of_the_others():
    rng = np.random.default_rng(0)
    predictions = rng.dirichlet([1.0, 1.0], (3, 40))
    targets, fold = np.eye(2)[rng.integers(0, 2, 40)], np.arange(40) % 2
    both = OutOfFold(("head", "a", "b"), predictions, fold, targets, np.ones(40))
    others = OutOfFold(("head", "b"), predictions[[0, 2]], fold, targets, np.ones(40))
    assert (both.combine("stack", without="a") == others.combine("stack")).all()
    halves = [fit_combination("stack", predictions[:, fold != k], targets[fold != k], np.ones(20)) for k in (0, 1)]
    for k, fitted in enumerate(halves):
        assert both.combine("stack")[fold == k] == pytest.approx(fitted.predict_proba(predictions[:, fold == k]))


def test_a_combination_is_restored_as_what_it_was():
    predictions = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
    for combination in (Blend(np.array([0.25, 0.75])), geometric_mean_stack(2, 2)):
        again = combination_of(combination.record())
        assert type(again) is type(combination)
        assert again.predict_proba(predictions) == pytest.approx(combination.predict_proba(predictions))
    assert Blend(np.array([0.25, 0.75])).predict_proba(predictions)[0] == pytest.approx([0.6, 0.4])
    assert isinstance(
        fit_combination("stack", np.tile(predictions, (1, 4, 1)), np.eye(2)[[0, 0, 0, 1]], np.ones(4)), Stack
    )


def of_models(*log_odds, rows=120):
    """Out-of-fold predictions of models that know the class to these log odds, the head first, and the rows."""
    rng = np.random.default_rng(0)
    classes = np.arange(rows) % 2
    targets = np.where(np.eye(2)[classes] > 0, 0.9, 0.1)
    high = [1 / (1 + np.exp(rng.normal(size=rows) - np.where(classes == 1, odds, -odds))) for odds in log_odds]
    predictions = np.stack([np.column_stack([1 - each, each]) for each in high])
    names = ("head", "a", "b")[: len(log_odds)]
    known = TrainingSet(
        np.zeros((rows, 1), dtype=np.float32), targets, np.ones(rows, dtype=bool), np.full(rows, NO_GOLD)
    )
    return OutOfFold(names, predictions, np.arange(rows) // 2 % 2, targets, np.ones(rows)), known


def compared(settings, *log_odds, **changes):
    out_of_fold, known = of_models(*log_odds)
    asked = settings.with_changes({f"ensemble.{key}": value for key, value in changes.items()})
    return compare_with_head(out_of_fold, comparison_rows(known, np.ones(120), asked), asked)


def test_of_the_head_alone_no_model_can_be_left_out(settings):
    report = compared(settings, 1.0)
    assert report.without == {}
    assert report.sentences == ()
    assert list(report.lines) == ["head", "blend", "stack"]


def test_the_way_that_is_asked_for_is_judged_and_every_way_has_its_line(settings):
    for way in ("blend", "stack"):
        report = compared(settings, 0.5, 2.0, combine=way)
        assert report.way == way
        assert f"the {way} against the head alone" in report.reason
        assert list(report.lines) == ["head", "a", "blend", "stack"]
        assert list(report.without) == ["head", "a"]
        assert report.rows == 120
    assert (
        compared(settings, -2.0, -2.0, combine="auto").way == "stack"
    )  # models that are always wrong: only a stack turns them
    assert compared(settings, 1.0, combine="auto").way == "blend"  # of one model both are alike, and the first is taken

from dataclasses import replace

import numpy as np
import pytest

from tests.train.factories import changed, training_set
from tidemill.contracts import NO_GOLD
from tidemill.train.recipes import recipe
from tidemill.train.recipes.recipe import (
    TrainingSet,
    fit_head_by_recipe,
    noise_corrected_targets,
    recipe_targets,
    self_training_targets,
    with_gold_labels,
)


def test_gold_rows_are_certain_heavy_and_always_there(settings):
    known, truth, _ = training_set(wrong=0.4, known=10)
    used = changed(
        settings,
        {"gold.use": True, "gold.weight": 20.0, "cut_statistic.fraction": 0.5, "labels.confidence_weighting": False},
    )
    targets, weights = recipe_targets(known, used)
    assert (targets[:10] == truth[:10]).all()
    assert set(weights[:10]) == {20.0}
    assert set(weights[10:]) == {0.0, 1.0}
    unused, _ = recipe_targets(known, changed(settings, {"cut_statistic.fraction": 0.5, "labels.sharpening": 1.0}))
    assert (unused == known.targets).all()


def test_labels_are_sharpened_before_they_teach_and_rows_are_weighed_as_they_are(settings):
    known, _, _ = training_set(wrong=0.4, known=0)
    asked = changed(settings, {"labels.sharpening": 2.0, "labels.min_confidence": 0.95})
    targets, weights = recipe_targets(known, asked)
    square = known.targets**2
    assert targets == pytest.approx(square / square.sum(axis=1, keepdims=True))
    assert (weights == recipe_targets(known, changed(asked, {"labels.sharpening": 1.0}))[1]).all()


def test_own_labels_are_sharpened_and_leave_doubtful_rows_out(settings):
    known, _, _ = training_set(rows=2)
    said = np.array([[0.98, 0.02], [0.5, 0.5]])
    targets, weights = self_training_targets(
        said, known, changed(settings, {"self_training.min_confidence": 0.6, "self_training.prediction_weight": 1.0})
    )
    first = np.array([0.98**2 / 1.48, 0.02**2 / 0.52])
    assert targets[0] == pytest.approx(first / first.sum())
    assert weights[0] > 0.6
    assert weights[1] == 0.0


def test_a_doubtful_model_leaves_a_sure_label_its_weight_and_half_of_its_say(settings):
    known, _, _ = training_set(rows=2)
    known = TrainingSet(known.features, np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([True, False]), known.gold)
    said = np.array([[0.5, 0.5], [0.02, 0.98]])
    targets, weights = self_training_targets(
        said, known, changed(settings, {"self_training.min_confidence": 0.6, "self_training.prediction_weight": 0.5})
    )
    first = np.array([0.25 / 0.52, 0.25 / 1.48])
    assert targets[0] == pytest.approx(0.5 * first / first.sum() + [0.5, 0.0])
    assert weights[0] == 1.0
    second = np.array([0.02**2 / 0.52, 0.98**2 / 1.48])
    assert targets[1] == pytest.approx(second / second.sum())  # no function speaks of it: the model's answer alone
    assert 0.6 < weights[1] < 1.0


@pytest.mark.slow
def test_smoothed_labels_doubt_about_as_much_as_they_err(settings):
    known, _, flipped = training_set(rows=600, wrong=0.2)
    certain = np.eye(2)[known.targets.argmax(axis=1)]
    doubt = noise_corrected_targets(known.features, certain, np.ones(600), changed(settings)).min(axis=1)
    assert doubt.mean() == pytest.approx(flipped.mean(), abs=0.03)


@pytest.mark.slow
def test_a_model_that_teaches_itself_learns_rows_of_which_no_function_speaks(settings):
    known, truth, _ = training_set()
    silent = np.arange(300) >= 30
    heard = TrainingSet(known.features, np.where(silent[:, None], 0.5, known.targets), ~silent, known.gold)
    head = fit_head_by_recipe(heard, changed(settings, {"self_training.rounds": 2, "labels.uncovered": "drop"}))
    assert head.training.rows + head.training.held_out_rows > 200
    assert (head.predict_proba(known.features).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.98


def test_rows_whose_prediction_is_less_certain_than_the_threshold_weigh_nothing(settings):
    known, _, _ = training_set(rows=3)
    predictions = np.array([[0.98, 0.02], [0.8, 0.2], [0.5, 0.5]])
    certainty = 1 + (predictions * np.log2(predictions)).sum(axis=1)  # one minus the entropy in bits: .859, .278, 0
    _, strict = self_training_targets(
        predictions,
        known,
        changed(settings, {"self_training.min_confidence": 0.6, "self_training.prediction_weight": 1.0}),
    )
    assert strict.tolist() == pytest.approx([certainty[0], 0.0, 0.0])
    _, lenient = self_training_targets(
        predictions,
        known,
        changed(settings, {"self_training.min_confidence": 0.2, "self_training.prediction_weight": 1.0}),
    )
    assert lenient.tolist() == pytest.approx([certainty[0], certainty[1], 0.0])


@pytest.mark.slow
def test_the_threshold_keeps_doubtful_rows_out_of_the_next_round(settings):
    known, _, _ = training_set()
    between = np.arange(300) < 100  # rows in the middle of both clouds, of which no model can be certain
    doubtful = replace(known, features=np.where(between[:, None], np.float32(0), known.features))
    rows = {}
    for sure in (0.0, 0.3):
        head = fit_head_by_recipe(
            doubtful,
            changed(
                settings,
                {
                    "self_training.rounds": 1,
                    "self_training.min_confidence": sure,
                    "self_training.prediction_weight": 1.0,
                },
            ),
        )
        rows[sure] = head.training.rows + head.training.held_out_rows
    assert rows[0.0] == 300
    assert rows[0.3] <= 200


def test_where_no_prediction_is_certain_enough_all_rows_weigh_their_certainty(settings):
    known, _, _ = training_set(rows=2)
    predictions = np.array([[0.8, 0.2], [0.7, 0.3]])
    _, weights = self_training_targets(
        predictions,
        known,
        changed(settings, {"self_training.min_confidence": 0.9, "self_training.prediction_weight": 1.0}),
    )
    assert weights.tolist() == pytest.approx((1 + (predictions * np.log2(predictions)).sum(axis=1)).tolist())


def test_gold_weighs_so_many_rows_of_the_usual_weight(settings):
    targets, weights = np.full((4, 2), 0.5), np.array([0.25, 0.75, 0.0, 0.0])
    gold = np.array([NO_GOLD, 1, 0, NO_GOLD])
    used = changed(settings, {"gold.use": True, "gold.weight": 20.0})
    found, weighed = with_gold_labels(targets, weights, gold, used)
    assert found.tolist() == [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    assert weighed.tolist() == [0.25, 10.0, 10.0, 0.0]  # the rows that are trained on weigh a half on average
    assert weights.tolist() == [0.25, 0.75, 0.0, 0.0]
    assert (targets == 0.5).all()
    assert with_gold_labels(targets, np.zeros(4), gold, used)[1].tolist() == [0.0, 20.0, 20.0, 0.0]
    for asked, known in ((changed(settings), gold), (used, np.full(4, NO_GOLD))):
        assert with_gold_labels(targets, weights, known, asked)[1] is weights


def test_the_noise_transition_counts_labels_by_what_other_rows_predict(settings, monkeypatch):
    targets = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    said = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9]])
    monkeypatch.setattr(recipe, "out_of_fold_predictions", lambda *_: said)
    found = noise_corrected_targets(np.zeros((4, 1)), targets, np.array([2.0, 1.0, 3.0, 1.0]), changed(settings))
    # of three rows of the first class one is predicted to be of the second, three of three of the second are:
    # one row of belief joins the diagonal, and the doubtful row counts for nothing
    transition = np.array([[(2 + 1) / 4, 1 / 4], [0.0, (3 + 1) / 4]])
    assert found == pytest.approx(targets @ transition)


def test_rows_out_of_fold_are_predicted_by_a_head_that_gave_them_no_weight(settings, monkeypatch):
    numbers = np.arange(30, dtype=np.float32)[:, None]
    fitted = []

    class Fitted:
        def predict_proba(self, features):
            assert (fitted[-1][features[:, 0].astype(int)] == 0).all()
            return np.tile(features, (1, 2))

    def fit(features, targets, *, settings, weights):
        fitted.append(weights)
        return Fitted()

    monkeypatch.setattr(recipe, "fit_head", fit)
    found = recipe.out_of_fold_predictions(numbers, np.zeros((30, 2)), np.full(30, 0.5), changed(settings))
    assert (found[:, :1] == numbers).all()
    assert [weights.sum() for weights in fitted] == [10.0] * 3


def test_corrections_and_selections_are_made_where_they_are_asked_for_of_rows_with_weight(settings, monkeypatch):
    known, _, _ = training_set(rows=40)
    half = replace(known, covered=np.arange(40) < 20)
    monkeypatch.setattr(recipe, "noise_corrected_targets", lambda _, targets, *__: 1.0 - targets)
    asked = changed(settings, {"labels.noise_transition": True, "labels.sharpening": 1.0})
    assert recipe_targets(known, asked)[0] == pytest.approx(1.0 - known.targets)
    seen = []

    def subset(features, targets, *, share, neighbours):
        seen.append((len(features), share, neighbours))
        return np.arange(len(features)) < 5

    monkeypatch.setattr(recipe, "select_subset", subset)
    _, weights = recipe_targets(half, changed(settings, {"cut_statistic.fraction": 0.25}))
    assert seen == [(20, 0.25, 20)]
    assert np.flatnonzero(weights).tolist() == [0, 1, 2, 3, 4]

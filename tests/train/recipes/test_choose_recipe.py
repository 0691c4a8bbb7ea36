from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.train.factories import changed, training_set
from tidemill.contracts import NO_GOLD
from tidemill.train.recipes import choose_recipe
from tidemill.train.recipes.choose_recipe import (
    CrossValidation,
    _standard_error,
    confident_label_recall,
    confident_rows,
    cross_validate,
    fit_chosen_recipe,
    usable_recipes,
    within_one_standard_error,
)
from tidemill.train.recipes.recipe import TrainingSet, folds


def validation(predictions, parts=2):
    """Each model's probability of the first class, as a cross-validation."""
    return CrossValidation(
        np.stack([np.stack([p, 1 - p], axis=1) for p in predictions]), folds(len(predictions[0]), parts, 0)
    )


@pytest.fixture
def models(monkeypatch):
    """Probability of the first class that each recipe's models predict; a recipe is named by its ``loss.q``."""
    predicted = {}
    monkeypatch.setattr(choose_recipe, "cross_validate", lambda _, recipe: validation([predicted[recipe.loss.q]] * 2))
    monkeypatch.setattr(choose_recipe, "fit_end_model", lambda _, recipe: recipe.loss.q)
    return predicted


RECIPES = ({"name": "first", "loss": {"q": 0.1}}, {"name": "last", "loss": {"q": 0.2}})


def test_with_gold_the_least_squared_error_on_it_decides(settings, models):
    known, _, _ = training_set(rows=200, known=40)
    truth = np.where(known.gold == 0, 0.9, 0.1)
    models |= {0.1: 1 - truth, 0.2: truth}
    chosen: Any
    chosen, found = fit_chosen_recipe(known, changed(settings, {"gold.use": True, "recipes": RECIPES}))
    assert chosen == 0.2
    assert found.recipes["last"]["squared_error"] == pytest.approx(0.02)  # 2 x 0.1^2


def test_without_gold_the_first_recipe_that_has_not_drifted_off_is_chosen(settings, models):
    known, _, _ = training_set(rows=200)
    calm = known.targets[:, 0]
    off = np.where((np.arange(200) < 50), 1 - calm, calm)  # a quarter of the rows is told wrong
    models |= {0.1: off, 0.2: calm}
    chosen: Any
    chosen, found = fit_chosen_recipe(known, changed(settings, {"recipes": RECIPES}))
    assert chosen == 0.2
    assert found.recipes["last"]["sure_labels"] == 1.0
    assert found.recipes["first"]["sure_labels"] == pytest.approx(0.75, abs=0.03)
    models[0.1] = calm
    chosen = fit_chosen_recipe(known, changed(settings, {"recipes": RECIPES}))[0]
    assert chosen == 0.1


def test_a_recipe_that_gives_up_a_rare_class_is_passed_over(settings, models):
    rare = np.arange(200) < 10
    targets = np.where(rare[:, None], [0.1, 0.9], [0.9, 0.1])
    known = TrainingSet(np.zeros((200, 1), dtype=np.float32), targets, np.ones(200, dtype=bool), np.full(200, NO_GOLD))
    models |= {0.1: np.full(200, 0.9), 0.2: targets[:, 0]}
    chosen: Any = fit_chosen_recipe(known, changed(settings, {"recipes": RECIPES}))[0]
    assert chosen == 0.2


def test_stability_is_the_share_of_rows_that_the_models_say_alike():
    one, other = np.full(10, 0.9), np.where(np.arange(10) < 2, 0.1, 0.9)
    assert validation([one, other]).stability == pytest.approx(0.8)


@pytest.mark.slow
def test_auto_fits_the_first_recipe_that_is_not_passed_over_and_reports_why(settings):
    known, truth, _ = training_set(wrong=0.1)
    recipes = ({"name": "plain"}, {"name": "cut", "cut_statistic": {"fraction": 0.6}})
    head, choice = fit_chosen_recipe(known, changed(settings, {"recipes": recipes}))
    scores = {name: recipe["sure_labels"] for name, recipe in choice.recipes.items()}
    assert scores["cut"] == pytest.approx(0.9, abs=0.05)  # a tenth of the labels is wrong
    assert scores["plain"] == pytest.approx(0.9, abs=0.05)  # and 0.85 is more than nine tenths of 0.9
    assert choice.chosen == "plain"
    assert "near that of cut" in choice.reason
    assert (head.predict_proba(known.features).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.98


def test_without_recipes_nothing_is_tried(settings, monkeypatch):
    monkeypatch.setattr(choose_recipe, "cross_validate", None)
    assert fit_chosen_recipe(training_set()[0], changed(settings))[1] is None


@pytest.mark.parametrize(("recipe", "text"), [({"seed": 1}, "holds for all"), ({"sbset": 0.5}, "sbset")])
def test_a_recipe_that_is_none_is_refused(settings, recipe, text):
    with pytest.raises(ValidationError, match=text):
        settings.with_changes({"recipes": [{"name": "odd"} | recipe]})


def test_every_shipped_recipe_is_a_recipe(root, settings):
    shipped = yaml.safe_load((root / "src/tidemill/conf/train/auto.yaml").read_text(encoding="utf-8"))
    shipped.pop("defaults")
    whole = settings.with_changes(shipped)
    assert whole.recipe_names()[:3] == ["cotrained", "mixed", "self"]  # the order says what is believed
    assert [whole.recipe(name).recipes for name in whole.recipe_names()] == [()] * len(whole.recipes)


@pytest.mark.parametrize(("rows", "by_gold"), [(30, True), (29, False)])
def test_thirty_gold_rows_decide_where_gold_is_used(settings, models, rows, by_gold):
    known, _, _ = training_set(rows=200, known=rows)
    models |= {0.1: known.targets[:, 0], 0.2: known.targets[:, 0]}
    for use in (True, False):
        _, choice = fit_chosen_recipe(known, changed(settings, {"gold.use": use, "recipes": RECIPES}))
        assert (choice.reason == "least squared error on gold") == (by_gold and use)


def test_doubt_on_gold_goes_to_the_recipe_listed_first(settings, models):
    known, _, _ = training_set(rows=200, known=40)
    truth = np.where(known.gold == 0, 0.9, 0.1)
    worse = np.where(np.arange(200) == 0, 1 - truth, truth)
    best = np.where(np.arange(200) == 1, 0.5 + 0.25 * (truth - 0.5), truth)
    # of forty rows one costs the first 1.6 more and one the second 0.3: a gain of .0325 with a standard error of .04
    models |= {0.1: worse, 0.2: best}
    chosen: Any = fit_chosen_recipe(known, changed(settings, {"gold.use": True, "recipes": RECIPES}))[0]
    assert chosen == 0.1


def of_two_classes(rows=100):
    """As many rows of either class, all labels alike sure; the probability of the first class that repeats them."""
    labels = np.arange(rows) % 2
    targets = np.where(np.eye(2)[labels] > 0, 0.9, 0.1)
    known = TrainingSet(
        np.zeros((rows, 1), dtype=np.float32), targets, np.ones(rows, dtype=bool), np.full(rows, NO_GOLD)
    )
    return known, targets[:, 0]


@pytest.mark.parametrize(("wrong", "chosen"), [(5, 0.1), (6, 0.2)])
def test_nine_tenths_of_the_plainest_recipes_recall_are_near_enough(settings, models, wrong, chosen):
    known, same = of_two_classes()
    models |= {0.1: np.where(np.arange(100) < 2 * wrong, 1 - same, same), 0.2: same}  # of either class
    found: Any = fit_chosen_recipe(known, changed(settings, {"recipes": RECIPES}))[0]
    assert found == chosen


def test_the_first_recipe_that_is_near_enough_is_taken_and_later_ones_are_not_tried(settings, models):
    known, same = of_two_classes()
    recipes = ({"name": "off", "loss": {"q": 0.3}}, {"name": "near", "loss": {"q": 0.4}}, *RECIPES)
    models |= {0.3: 1 - same, 0.4: same, 0.1: same, 0.2: same}
    chosen: Any
    chosen, choice = fit_chosen_recipe(known, changed(settings, {"recipes": recipes}))
    assert chosen == 0.4
    assert list(choice.recipes) == ["last", "off", "near"]


@pytest.mark.parametrize(
    ("views", "usable"), [([], True), (["ngrams"], False), (["linear"], True), (["linear", "ngrams"], False)]
)
def test_recipes_that_read_texts_are_left_out_where_there_are_none(settings, views, usable):
    known, _ = of_two_classes()
    asked = changed(settings, {"recipes": [{"name": "own", "cotraining": {"views": views}}, {"name": "plain"}]})
    assert usable_recipes(known, asked) == (["own", "plain"] if usable else ["plain"])
    assert usable_recipes(replace(known, texts=["word"] * 100), asked) == ["own", "plain"]


def test_confident_rows_are_the_surer_half_of_each_classs_covered_labels():
    first = np.array([0.6, 0.7, 0.8, 0.95, 0.4, 0.3, 0.2])
    covered = np.array([True, True, True, False, True, True, True])
    targets = np.column_stack([first, 1 - first])
    known = TrainingSet(np.zeros((7, 1), dtype=np.float32), targets, covered, np.full(7, NO_GOLD))
    # of .6, .7 and .8 the median is .7; the row without votes is not asked
    assert confident_rows(known).tolist() == [False, True, True, False, False, True, True]
    predictions = np.column_stack([[0.1, 0.9, 0.1, 0.1, 0.9, 0.1, 0.1], [0.9, 0.1, 0.9, 0.9, 0.1, 0.9, 0.9]])
    assert confident_label_recall(predictions, known) == pytest.approx((1 / 2 + 1.0) / 2)
    assert confident_label_recall(predictions, replace(known, covered=np.zeros(7, dtype=bool))) == 0.0


def test_a_standard_error_is_that_of_a_mean_and_of_one_row_there_is_none():
    assert _standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(np.sqrt(5 / 3) / 2)
    assert _standard_error(np.array([1.0])) == 0.0
    losses = {"far": np.array([1.0, 1.0]), "near": np.array([0.0, 1.0]), "best": np.array([0.0, 0.0])}
    assert within_one_standard_error(losses) == ["near", "best"]  # half a loss more, as is its standard error


def test_each_row_is_predicted_by_the_model_of_the_other_folds(settings, monkeypatch):
    known, _ = of_two_classes(40)
    fitted = []

    class Model:
        def __init__(self, rows):
            self.rows = rows

        def predict_proba(self, features, texts):  # noqa: ARG002 - of the interface
            return np.full((len(features), 2), float(self.rows))

    def fit(training_set, _):
        fitted.append(set(training_set.features[:, 0].tolist()))
        return Model(len(fitted))

    monkeypatch.setattr(choose_recipe, "fit_end_model", fit)
    numbered = replace(known, features=np.arange(40, dtype=np.float32)[:, None])
    found = cross_validate(numbered, changed(settings))
    assert [len(rows) for rows in fitted] == [20, 20]
    for row in range(40):
        assert row not in fitted[int(found.out_of_fold[row, 0]) - 1]


def test_of_three_classes_each_has_its_own_confident_half_and_its_own_recall():
    targets = np.array(
        [[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.0, 0.9, 0.1], [0.3, 0.25, 0.45]]
    )
    known = TrainingSet(np.zeros((6, 1), dtype=np.float32), targets, np.ones(6, dtype=bool), np.full(6, NO_GOLD))
    assert confident_rows(known).tolist() == [True, True, False, False, True, True]
    predictions = np.eye(3)[[0, 0, 1, 1, 2, 0]]
    assert confident_label_recall(predictions, known) == pytest.approx((1 + 0 + 0) / 3)


def test_models_are_stable_where_their_likeliest_classes_are_the_same():
    one, other = np.array([[0.5, 0.3, 0.2], [0.6, 0.1, 0.3]]), np.array([[0.5, 0.1, 0.4], [0.1, 0.3, 0.6]])
    assert CrossValidation(np.stack([one, other]), np.array([0, 1])).stability == 0.5
    assert CrossValidation(np.stack([one, other, one]), np.array([0, 1])).stability == pytest.approx(
        (0.5 + 1 + 0.5) / 3
    )

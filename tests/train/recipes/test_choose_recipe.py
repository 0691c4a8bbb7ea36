from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.train.factories import changed, training_set
from tidemill.contracts import NO_GOLD
from tidemill.train.recipes import choose_recipe
from tidemill.train.recipes.choose_recipe import CrossValidation, fit_chosen_recipe
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

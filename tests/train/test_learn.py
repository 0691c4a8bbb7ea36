import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.train.test_fit import clouds
from tidemill.contracts import NO_GOLD
from tidemill.train import choose
from tidemill.train.choose import Trial, fitted
from tidemill.train.cut import _nearest, cut_statistic, subset
from tidemill.train.learn import Lesson, folds, learn, own_labels, smoothed, taught
from tidemill.train.loss import generalised_cross_entropy, soft_cross_entropy
from tidemill.train.settings import TrainSettings

SMALL = {"max_epochs": 20, "hidden": (), "learning_rate": 0.05, "trials": 2}


def lesson(rows=300, wrong=0.0, known=0, seed=0):
    """Clouds, a share of whose labels are wrong, the first rows with gold."""
    features, truth = clouds(rows, seed)
    flipped = np.random.default_rng(seed + 1).random(rows) < wrong
    targets = np.where(flipped[:, None], 1.0 - truth, truth) * 0.8 + 0.1
    gold = np.where(np.arange(rows) < known, truth.argmax(axis=1), NO_GOLD)
    return Lesson(features, targets, np.ones(rows, dtype=bool), gold), truth, flipped


def changed(settings, **changes):
    return settings.model_copy(update=SMALL | changes)


def test_generalised_cross_entropy_is_what_a_hand_computes():
    import torch

    logits, targets = torch.tensor([[np.log(3.0), 0.0]]), torch.tensor([[0.25, 0.75]])
    loss = generalised_cross_entropy(logits, targets, torch.ones(1), q=0.5)
    assert loss.item() == pytest.approx((0.25 * (1 - 0.75**0.5) + 0.75 * (1 - 0.25**0.5)) / 0.5, abs=1e-6)


def test_generalised_cross_entropy_nears_cross_entropy_as_q_nears_zero():
    import torch

    logits, targets = torch.tensor([[1.0, -0.5, 0.2]]), torch.tensor([[0.2, 0.5, 0.3]])
    near = generalised_cross_entropy(logits, targets, torch.ones(1), q=1e-4)
    assert near.item() == pytest.approx(soft_cross_entropy(logits, targets, torch.ones(1)).item(), abs=1e-3)


def test_the_cut_statistic_counts_edges_against_chance():
    # four points on one spot, three of class 0 and one of class 1: all edges weigh 1, each row has 3 neighbours
    points, labels = np.ones((4, 2), dtype=np.float32), np.array([0, 0, 0, 1])
    found = cut_statistic(points, labels, neighbours=3)
    spread = np.sqrt(0.75 * 0.25 * 3)
    assert found == pytest.approx([(1 - 0.25 * 3) / spread] * 3 + [(3 - 0.75 * 3) / spread], abs=1e-6)


def test_the_nearest_by_angle_are_scikit_learns():
    from sklearn.neighbors import NearestNeighbors

    points = np.random.default_rng(0).normal(size=(700, 5)).astype(np.float32)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    expected, places = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(unit).kneighbors()
    distance, near = _nearest(points, 7)
    np.testing.assert_allclose(np.sort(distance, axis=1), expected, atol=1e-5)
    assert [set(row) for row in near] == [set(row) for row in places]


def test_the_subset_holds_few_of_the_wrong_labels_and_every_class():
    known, _, flipped = lesson(wrong=0.2)
    kept = subset(known.features, known.targets, share=0.6, neighbours=20)
    assert kept.mean() == pytest.approx(0.6, abs=0.01)
    assert flipped[kept].mean() < 0.05 < flipped.mean()
    assert set(known.targets[kept].argmax(axis=1)) == {0, 1}


def test_gold_rows_are_certain_heavy_and_always_there(settings):
    known, truth, _ = lesson(wrong=0.4, known=10)
    used = changed(settings, use_gold=True, gold_weight=20.0, subset=0.5, confidence_weighting=False)
    targets, weights = taught(known, used)
    assert (targets[:10] == truth[:10]).all()
    assert set(weights[:10]) == {20.0}
    assert set(weights[10:]) == {0.0, 1.0}
    unused, _ = taught(known, changed(settings, subset=0.5))
    assert (unused == known.targets).all()


def test_own_labels_are_sharpened_and_leave_doubtful_rows_out(settings):
    known, _, _ = lesson(rows=2)
    said = np.array([[0.98, 0.02], [0.5, 0.5]])
    targets, weights = own_labels(said, known, changed(settings, sure=0.6, own_share=1.0))
    first = np.array([0.98**2 / 1.48, 0.02**2 / 0.52])
    assert targets[0] == pytest.approx(first / first.sum())
    assert weights[0] > 0.6
    assert weights[1] == 0.0


def test_a_doubtful_model_leaves_a_sure_label_its_weight_and_half_of_its_say(settings):
    known, _, _ = lesson(rows=2)
    known = Lesson(known.features, np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([True, False]), known.gold)
    said = np.array([[0.5, 0.5], [0.02, 0.98]])
    targets, weights = own_labels(said, known, changed(settings, sure=0.6, own_share=0.5))
    first = np.array([0.25 / 0.52, 0.25 / 1.48])
    assert targets[0] == pytest.approx(0.5 * first / first.sum() + [0.5, 0.0])
    assert weights[0] == 1.0
    second = np.array([0.02**2 / 0.52, 0.98**2 / 1.48])
    assert targets[1] == pytest.approx(second / second.sum())  # no function speaks of it: the model's answer alone
    assert 0.6 < weights[1] < 1.0


def test_smoothed_labels_doubt_about_as_much_as_they_err(settings):
    known, _, flipped = lesson(rows=600, wrong=0.2)
    certain = np.eye(2)[known.targets.argmax(axis=1)]
    doubt = smoothed(known.features, certain, np.ones(600), changed(settings)).min(axis=1)
    assert doubt.mean() == pytest.approx(flipped.mean(), abs=0.03)


def test_a_model_that_teaches_itself_learns_rows_of_which_no_function_speaks(settings):
    known, truth, _ = lesson()
    silent = np.arange(300) >= 30
    heard = Lesson(known.features, np.where(silent[:, None], 0.5, known.targets), ~silent, known.gold)
    head = learn(heard, changed(settings, self_training=2, uncovered="drop"))
    assert head.config["rows"] + head.config["held_out_rows"] > 200
    assert (head.predict_proba(known.features).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.98


def tried(said, parts=2):
    """What each of the models says of the first class -> a trial."""
    return Trial(np.stack([np.stack([p, 1 - p], axis=1) for p in said]), folds(len(said[0]), parts, 0))


@pytest.fixture
def models(monkeypatch):
    """What the models of each recipe say of the first class; a recipe is known by its ``q``."""
    said = {}
    monkeypatch.setattr(choose, "trial", lambda _, recipe: tried([said[recipe.q]] * 2))
    monkeypatch.setattr(choose, "learned", lambda _, recipe: recipe.q)
    return said


RECIPES = ({"name": "first", "q": 0.1}, {"name": "last", "q": 0.2})


def test_with_gold_the_least_squared_error_on_it_decides(settings, models):
    known, _, _ = lesson(rows=200, known=40)
    truth = np.where(known.gold == 0, 0.9, 0.1)
    models |= {0.1: 1 - truth, 0.2: truth}
    chosen, found = fitted(known, changed(settings, use_gold=True, recipes=RECIPES))
    assert chosen == 0.2
    assert found["recipes"]["last"]["squared_error"] == pytest.approx(0.02)  # 2 x 0.1^2


def test_without_gold_the_first_recipe_that_has_not_drifted_off_is_chosen(settings, models):
    known, _, _ = lesson(rows=200)
    calm = known.targets[:, 0]
    off = np.where((np.arange(200) < 50), 1 - calm, calm)  # a quarter of the rows is told wrong
    models |= {0.1: off, 0.2: calm}
    chosen, found = fitted(known, changed(settings, recipes=RECIPES))
    assert chosen == 0.2
    assert found["recipes"]["last"]["sure_labels"] == 1.0
    assert found["recipes"]["first"]["sure_labels"] == pytest.approx(0.75, abs=0.03)
    models[0.1] = calm
    assert fitted(known, changed(settings, recipes=RECIPES))[0] == 0.1


def test_a_recipe_that_gives_up_a_rare_class_is_passed_over(settings, models):
    rare = np.arange(200) < 10
    targets = np.where(rare[:, None], [0.1, 0.9], [0.9, 0.1])
    known = Lesson(np.zeros((200, 1), dtype=np.float32), targets, np.ones(200, dtype=bool), np.full(200, NO_GOLD))
    models |= {0.1: np.full(200, 0.9), 0.2: targets[:, 0]}
    assert fitted(known, changed(settings, recipes=RECIPES))[0] == 0.2


def test_stability_is_the_share_of_rows_that_the_models_say_alike():
    one, other = np.full(10, 0.9), np.where(np.arange(10) < 2, 0.1, 0.9)
    assert tried([one, other]).stability == pytest.approx(0.8)


def test_auto_learns_and_tells_its_choice(settings):
    known, truth, _ = lesson(wrong=0.1)
    recipes = ({"name": "plain"}, {"name": "cut", "subset": 0.6})
    head, told = fitted(known, changed(settings, recipes=recipes))
    assert told["chosen"] in {"plain", "cut"}
    assert set(told["recipes"]) == {"plain", "cut"}
    assert told["recipes"]["cut"]["sure_labels"] == pytest.approx(0.9, abs=0.05)  # a tenth of the labels is wrong
    assert (head.predict_proba(known.features).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.98


def test_without_recipes_nothing_is_tried(settings, monkeypatch):
    monkeypatch.setattr(choose, "trial", None)
    assert fitted(lesson()[0], changed(settings))[1] == {}


@pytest.mark.parametrize(("recipe", "text"), [({"seed": 1}, "holds for all"), ({"sbset": 0.5}, "sbset")])
def test_a_recipe_that_is_none_is_refused(settings, recipe, text):
    with pytest.raises(ValidationError, match=text):
        TrainSettings.model_validate(settings.model_dump() | {"recipes": [{"name": "odd"} | recipe]})


def test_every_shipped_recipe_is_a_recipe(root, settings):
    shipped = yaml.safe_load((root / "conf/train/auto.yaml").read_text(encoding="utf-8"))
    shipped.pop("defaults")
    whole = TrainSettings.model_validate(settings.model_dump() | shipped)
    assert whole.named()[:3] == ["cotrained", "mixed", "self"]  # the order says what is believed
    assert [whole.recipe(name).recipes for name in whole.named()] == [()] * len(whole.recipes)

"""Rows in two views: points that tell the class to a model of features, words that tell it to a model of words."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from tests.train.conftest import BACKBONE, PROBLEM, tables
from tidemill.contracts import NO_GOLD, ConfigError, DataError
from tidemill.reports.model import ModelConfig
from tidemill.train.classical.base import ModelInputs
from tidemill.train.end_model.model import EndModel
from tidemill.train.recipes import cotraining
from tidemill.train.recipes.choose_recipe import fit_chosen_recipe
from tidemill.train.recipes.cotraining import fit_end_model, held_out_predictions
from tidemill.train.recipes.recipe import TrainingSet, fit_head_by_recipe
from tidemill.train.run import Tables, train

pytestmark = pytest.mark.slow

SMALL = {"optimizer": {"max_epochs": 20, "learning_rate": 0.05}, "head.hidden_sizes": (), "recipe_folds": 2}
WORDS = {0: ["sea", "salt", "tide", "wave"], 1: ["mill", "wheat", "flour", "bread"]}


def rows(count=600, seed=0):
    """Lesson with labels that are wrong for a fifth of the rows, and the truth; each view alone leaves doubt."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, 2, count)
    features = (chance.normal(size=(count, 4)) + 0.7 * (2 * truth - 1)[:, None]).astype(np.float32)
    told = np.where(chance.random((count, 5)) < 0.75, truth[:, None], 1 - truth[:, None])
    texts = [" ".join(chance.choice(WORDS[k]) for k in row) for row in told]
    said = np.where(chance.random(count) < 0.2, 1 - truth, truth)
    targets = np.eye(2)[said] * 0.6 + 0.2
    return TrainingSet(features, targets, np.ones(count, dtype=bool), np.full(count, NO_GOLD), texts), truth


def changed(settings, changes=None):
    return settings.with_changes(SMALL).with_changes(changes or {})


def right(model, lesson, truth):
    return (model.predict_proba(lesson.features, lesson.texts).argmax(axis=1) == truth).mean()


def test_views_that_teach_each_other_tell_more_than_either_alone(settings):
    lesson, _truth = rows()
    fresh, fresh_truth = rows(seed=1)
    together = fit_end_model(lesson, changed(settings, {"cotraining.views": ["ngrams"], "self_training.rounds": 1}))
    member = together.ensemble.members["ngrams"]
    wording = (member.predict_proba(ModelInputs(fresh.features, fresh.texts)).argmax(axis=1) == fresh_truth).mean()
    alone = (
        fit_head_by_recipe(lesson, changed(settings)).predict_proba(fresh.features).argmax(axis=1) == fresh_truth
    ).mean()
    assert right(together, fresh, fresh_truth) > max(alone, wording) + 0.01


def test_the_answer_is_the_geometric_mean_of_the_views(settings):
    lesson, _ = rows(200)
    model = fit_end_model(lesson, changed(settings, {"cotraining.views": ["ngrams"]}))
    one = model.head.predict_proba(lesson.features)
    other = model.ensemble.members["ngrams"].predict_proba(ModelInputs(lesson.features, lesson.texts))
    mean = np.sqrt(one * other)
    assert model.predict_proba(lesson.features, lesson.texts) == pytest.approx(
        mean / mean.sum(axis=1, keepdims=True), abs=1e-6
    )


def test_what_teaches_a_row_is_said_by_models_that_have_not_seen_it(settings):
    lesson, _ = rows(400)
    coin = np.eye(2)[np.random.default_rng(3).integers(0, 2, 400)]
    said = held_out_predictions(lesson, coin, np.ones(400), changed(settings, {"cotraining.views": ["ngrams"]}))
    assert abs((said.argmax(axis=1) == coin.argmax(axis=1)).mean() - 0.5) < 0.1  # four standard errors of a coin


def test_views_are_saved_and_read_again_with_the_same_answers_and_bytes(settings, tmp_path):
    lesson, _ = rows(200)
    own = changed(settings, {"cotraining.views": ["ngrams"], "self_training.rounds": 1})
    model = fit_end_model(lesson, own)
    config = ModelConfig(classes=("sea", "land"), backbone=BACKBONE, batches={})
    model = EndModel(type(model.head)(model.head.mean, model.head.scale, model.head.layers, config), model.ensemble)
    for name, content in model.files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    again = EndModel.load(tmp_path)
    said = model.predict_proba(lesson.features, lesson.texts)
    assert np.array_equal(again.predict_proba(lesson.features, lesson.texts), said)
    assert fit_end_model(lesson, own).ensemble.files() == model.ensemble.files()


def test_a_recipe_that_reads_texts_is_passed_over_where_there_are_none(settings):
    lesson, _ = rows(200)
    recipes = [
        {"name": "cotrained", "cotraining": {"views": ["ngrams"]}, "self_training": {"rounds": 1}},
        {"name": "plain"},
    ]
    assert fit_chosen_recipe(lesson, changed(settings, {"recipes": recipes}))[1].chosen == "cotrained"
    mute = TrainingSet(lesson.features, lesson.targets, lesson.covered, lesson.gold)
    assert fit_chosen_recipe(mute, changed(settings, {"recipes": recipes}))[1].chosen == "plain"
    with pytest.raises(DataError, match="reads texts, and the rows came without"):
        fit_end_model(mute, changed(settings, {"cotraining.views": ["ngrams"]}))


def test_views_and_an_ensemble_are_not_asked_for_together(settings):
    with pytest.raises(ValidationError, match="two ways to use the same models"):
        changed(settings, {"cotraining.views": ["ngrams"], "ensemble.members": ["linear"]})


@pytest.mark.parametrize(("rounds", "way"), [(0, "mean"), (1, "co-training")])
def test_the_stage_writes_the_views_and_its_card_tells_of_them(settings, rounds, way):
    features, labels, votes = tables()
    high = votes["side"].to_numpy() == 1
    texts = features.select("row_id").with_columns(text=pl.Series(np.where(high, "flour and bread", "salt and tide")))
    given = Tables(features, labels, votes, texts=texts)
    own = changed(settings, {"cotraining.views": ["ngrams"], "self_training.rounds": rounds})
    done = train(given, problem=PROBLEM, settings=own, backbone=BACKBONE)
    assert {"ensemble.json", "members/ngrams/model.json", "members/ngrams/model.safetensors"} <= set(done.files)
    assert done.model.config.ensemble.way == done.ensemble.way == way
    assert f"The head is one model of an ensemble ({way}) with ngrams" in done.files["README.md"].decode()
    said = done.model.predict_proba(features["feature"].to_numpy(), texts["text"].to_list())
    assert done.predictions["p_high"].to_numpy() == pytest.approx(said[:, 1])
    assert ((said[:, 1] > 0.5) == high).all()


def test_a_view_that_reads_texts_is_refused_for_images_before_anything_is_fitted(settings):
    problem = PROBLEM.model_copy(update={"modality": "image"})
    with pytest.raises(
        ConfigError,
        match=r"train.cotraining.views: ngrams reads texts and the rows are images; for images there are: lin",
    ):
        train(
            Tables(*tables()),
            problem=problem,
            settings=changed(settings, {"cotraining.views": ["ngrams"]}),
            backbone=BACKBONE,
        )


def test_the_views_of_a_part_are_fitted_on_the_other_half_with_its_labels_and_weights(settings, monkeypatch):
    lesson, _ = rows(60)
    numbers = np.arange(60, dtype=np.float32)
    numbered = TrainingSet(numbers[:, None], lesson.targets, lesson.covered, lesson.gold, lesson.texts)
    targets, weights = np.column_stack([numbers, -numbers]).astype(float), numbers.astype(float)
    fitted = []

    class Views:
        def predict_proba(self, features, texts):
            assert texts == [lesson.texts[int(row)] for row in features[:, 0]]
            assert not fitted[-1] & set(features[:, 0].tolist())
            return np.column_stack([features, features])

    def fit_views(part, own_targets, own_weights, _):
        fitted.append(set(part.features[:, 0].tolist()))
        assert (own_targets[:, 0] == part.features[:, 0]).all()
        assert (own_weights == part.features[:, 0]).all()
        return Views()

    monkeypatch.setattr(cotraining, "_fit_views", fit_views)
    found = held_out_predictions(numbered, targets, weights, changed(settings, {"cotraining.views": ["ngrams"]}))
    assert [len(part) for part in fitted] == [30, 30]
    assert (found[:, 0] == numbers).all()

import json

import numpy as np
import polars as pl
import pytest

from tests.train.conftest import BACKBONE, PROBLEM, tables
from tidemill.contracts import NO_GOLD, DataError
from tidemill.reports.model import ModelConfig
from tidemill.train.classical.base import ModelInputs
from tidemill.train.classical.registry import MEMBERS
from tidemill.train.end_model.model import EndModel, Ensemble
from tidemill.train.end_model.stacking import Blend, cross_fitted_predictions, fit_combination
from tidemill.train.ensemble.choose_ensemble import (
    HEAD,
    OFF,
    OutOfFold,
    compare_with_head,
    comparison_table,
    out_of_fold_predictions,
    stratified_folds,
)
from tidemill.train.ensemble.paired_bootstrap import bootstrap_mean, comparison_rows
from tidemill.train.ensemble.plot import draw_comparison
from tidemill.train.head.head import Head
from tidemill.train.recipes.recipe import TrainingSet, fit_head_by_recipe
from tidemill.train.run import Tables, train

FAST = ("linear", "ngrams", "naive_bayes", "xgboost")


@pytest.fixture
def settings(settings):
    small = {"members": FAST, "folds": 3, "accept_without_gold": True, "xgboost": {"n_estimators": 20}}
    return settings.with_changes({"ensemble": small})


def with_ensemble(settings, **changes):
    return settings.with_changes({"ensemble": changes})


def lesson(targets, features=None, gold=None):
    features = np.zeros((len(targets), 2), dtype=np.float32) if features is None else features
    gold = np.full(len(targets), NO_GOLD) if gold is None else gold
    return TrainingSet(features, targets, np.ones(len(targets), dtype=bool), gold)


def saying(rng, classes, log_odds):
    """Classes -> what a model says that adds noise of deviation 1 to log odds of that size for the right class."""
    odds = np.where(classes == 1, log_odds, -log_odds) + rng.normal(size=len(classes))
    high = 1.0 / (1.0 + np.exp(-odds))
    return np.stack([1.0 - high, high], axis=1)


def asked_of(names, said, targets, settings):
    part = stratified_folds(targets.argmax(axis=1), settings.ensemble.folds, 0)
    return OutOfFold(names, np.stack(said), part, targets, np.ones(len(targets)))


@pytest.fixture(scope="module")
def shuffled():
    """Features, words and labels that know nothing of each other: 300 rows, so chance is 0.5 with deviation 0.029."""
    rng = np.random.default_rng(4)
    words = np.array([f"word{k}" for k in range(400)])
    material = ModelInputs(
        rng.normal(size=(300, 40)).astype(np.float32), [" ".join(rng.choice(words, 12)) for _ in range(300)]
    )
    return material, np.eye(2)[rng.integers(2, size=300)]


@pytest.mark.parametrize("way", ["blend", "stack"])
@pytest.mark.slow
def test_shuffled_labels_score_chance_and_answers_about_seen_rows_would_not(settings, shuffled, way):
    material, targets = shuffled
    taught = lesson(targets, material.features)
    honest = out_of_fold_predictions(taught, material, FAST, settings)

    def told(said):
        return (said.argmax(axis=1) == targets.argmax(axis=1)).mean()

    assert abs(told(honest.combine(way)) - 0.5) < 0.1  # 3.5 deviations
    seen = [fit_head_by_recipe(taught, settings).predict_proba(material.features)]
    for name in FAST:
        member = MEMBERS[name].fit(material, targets, np.ones(300), getattr(settings.ensemble, name), 0)
        seen.append(member.predict_proba(material))
    leaky = OutOfFold(honest.names, np.stack(seen), honest.fold, targets, honest.weights)
    assert told(leaky.combine(way)) > 0.9


@pytest.mark.slow
def test_what_is_said_of_a_part_does_not_depend_on_its_labels_or_words(settings, shuffled, monkeypatch):
    material, targets = shuffled
    part = np.arange(300) % 3
    monkeypatch.setattr("tidemill.train.ensemble.choose_ensemble.stratified_folds", lambda *_: part)
    own = part == 0
    turned = np.where(own[:, None], targets[:, ::-1], targets)
    reworded = [text + " odd" if mine else text for text, mine in zip(material.texts, own, strict=True)]
    once = out_of_fold_predictions(lesson(targets, material.features), material, FAST, settings)
    other = ModelInputs(material.features, reworded)
    again = out_of_fold_predictions(lesson(turned, material.features), other, FAST, settings)
    assert (once.predictions[:, own] == again.predictions[:, own]).all()
    assert (once.predictions[:, ~own] != again.predictions[:, ~own]).any()


def test_a_blend_is_convex_and_drops_what_is_wrong():
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=500)
    said = np.stack([saying(rng, classes, 2.0), saying(rng, classes, -2.0), saying(rng, classes, 2.0)])
    shares = fit_combination("blend", said, np.eye(2)[classes], np.ones(500)).shares
    assert shares.sum() == pytest.approx(1.0)
    assert shares[1] == 0.0
    assert (shares[[0, 2]] > 0.3).all()  # two that know alike, each with noise of its own


def test_a_stack_turns_round_what_is_always_wrong():
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=500)
    said, part = np.stack([saying(rng, classes, -2.0)]), np.arange(500) % 5
    told = {
        way: cross_fitted_predictions(way, said, np.eye(2)[classes], np.ones(500), part) for way in ("blend", "stack")
    }
    assert (told["stack"].argmax(axis=1) == classes).mean() > 0.95  # Phi(2) is 0.977
    assert (told["blend"].argmax(axis=1) == classes).mean() < 0.05


def test_rows_that_may_be_either_class_do_not_move_a_combination():
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=300)
    said = np.stack([saying(rng, classes, 2.0), saying(rng, classes, 1.0)])
    doubled = np.concatenate([said, np.full((2, 300, 2), 0.5)], axis=1)
    targets = np.vstack([np.eye(2)[classes], np.full((300, 2), 0.5)])
    for way, name in (("blend", "shares"), ("stack", "weight")):
        alone = fit_combination(way, said, targets[:300], np.ones(300)).record().model_dump()[name]
        beside = fit_combination(way, doubled, targets, np.ones(600)).record().model_dump()[name]
        np.testing.assert_allclose(beside, alone, atol=0.02)  # models that say 0.5 too fit such rows whatever is chosen


def test_ablation_tells_a_useless_model_from_one_that_alone_knows(settings):
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=600)
    targets = np.eye(2)[classes]
    said = [saying(rng, classes, 0.5), saying(rng, classes, 0.0), saying(rng, classes, 2.0)]
    asked = asked_of((HEAD, "useless", "knows"), said, targets, settings)
    report = compare_with_head(
        asked, comparison_rows(lesson(targets), np.ones(600), settings), with_ensemble(settings, combine="blend")
    )
    low, high = report.without["useless"].gain[1:]
    assert low <= 0.0 <= high
    assert report.without["knows"].gain[2] < 0.0
    assert [one.split(",")[0] for one in report.sentences][1:] == [
        "without useless: as well",
        "without knows: worse",
    ]
    assert report.used
    assert report.lines["knows"].gain[1] > 0.0


def test_the_ensemble_is_not_used_where_it_does_not_win(settings):
    rng = np.random.default_rng(1)
    classes = rng.integers(2, size=400)
    targets = np.eye(2)[classes]
    asked = asked_of((HEAD, "useless"), [saying(rng, classes, 3.0), saying(rng, classes, 0.0)], targets, settings)
    blended = with_ensemble(settings, combine="blend")  # a stack may still mend how sure the head is
    report = compare_with_head(asked, comparison_rows(lesson(targets), np.ones(400), blended), blended)
    assert not report.used
    assert "so the head alone is the end model" in report.reason


def test_gold_overrules_labels_that_a_model_repeats_with_their_mistakes(settings):
    rng = np.random.default_rng(2)
    gold = rng.integers(2, size=600)
    wrong = np.where(rng.random(600) < 0.2, 1 - gold, gold)  # labels, a fifth of them mistaken
    targets = np.eye(2)[wrong]
    asked = asked_of((HEAD, "repeats"), [saying(rng, gold, 2.0), saying(rng, wrong, 4.0)], targets, settings)
    by_labels = compare_with_head(asked, comparison_rows(lesson(targets), np.ones(600), settings), settings)
    assert by_labels.used
    knowing = settings.with_changes({"gold.use": True})
    by_gold = compare_with_head(asked, comparison_rows(lesson(targets, gold=gold), np.ones(600), knowing), knowing)
    assert by_gold.judged_by == "squared error on gold"
    assert not by_gold.used


def test_without_gold_labels_do_not_decide_unless_that_is_asked_for(settings):
    rng = np.random.default_rng(2)
    classes = rng.integers(2, size=400)
    targets = np.eye(2)[classes]
    asked = asked_of((HEAD, "better"), [saying(rng, classes, 0.5), saying(rng, classes, 3.0)], targets, settings)
    used = {}
    for accepted in (True, False):
        own = with_ensemble(settings, accept_without_gold=accepted)
        used[accepted] = compare_with_head(asked, comparison_rows(lesson(targets), np.ones(400), own), own)
    assert used[True].used
    assert not used[False].used
    assert "labels do not show whether that is a gain (train.gold.use=true with 30 rows would)" in used[False].reason
    assert used[False].lines == used[True].lines


def test_intervals_hold_the_mean_of_a_normal_sample():
    rows = np.random.default_rng(0).normal(1.0, 2.0, size=400)
    found = bootstrap_mean(rows, np.zeros(400, dtype=int), 0)
    assert found.mean == pytest.approx(rows.mean())
    error = rows.std() / 20
    np.testing.assert_allclose(
        [found.low, found.high], rows.mean() + np.array([-1.96, 1.96]) * error, atol=0.25 * error
    )


def worded(votes, labels):
    """Words that tell the side, for the clouds of points."""
    rng = np.random.default_rng(0)
    side = (labels["p_high"] > 0.5).to_list()
    return pl.DataFrame(
        {"row_id": votes["row_id"], "text": [f"{'up' if one else 'down'} {rng.integers(20)} and" for one in side]}
    )


def trained(settings, *, texts=True):
    features, labels, votes = tables()
    noise = np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32)  # the texts alone tell anything
    features = features.with_columns(feature=pl.Series(noise, dtype=features.schema["feature"]))
    given = Tables(features, labels, votes, None, worded(votes, labels) if texts else None)
    return train(given, problem=PROBLEM, settings=settings, backbone=BACKBONE), given


@pytest.mark.slow
def test_an_ensemble_comes_back_from_its_folder_and_says_the_same(settings, tmp_path):
    done, given = trained(settings)
    assert done.ensemble.used
    for name, content in done.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    loaded = EndModel.load(tmp_path)
    assert loaded.reads_text
    assert list(loaded.ensemble.members) == list(FAST)
    said = loaded.predict_proba(given.features["feature"].to_numpy(), given.texts["text"].to_list())
    assert (said == done.predictions.select("p_low", "p_high").to_numpy()).all()
    assert ((said[:, 1] > 0.5) == (given.labels["p_high"] > 0.5).to_numpy()).mean() > 0.99
    assert loaded.files().items() <= done.files.items()
    assert "one model of an ensemble" in (tmp_path / "README.md").read_text()
    with pytest.raises(DataError, match="pass them with the features"):
        loaded.predict_proba(given.features["feature"].to_numpy())
    (tmp_path / "members" / "ngrams" / "model.json").unlink()
    with pytest.raises(DataError, match="is not a whole model"):
        EndModel.load(tmp_path)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_ensemble_and_report(settings):
    once, again = (trained(settings)[0] for _ in range(2))
    assert once.files == again.files
    assert once.ensemble == again.ensemble


def test_a_head_alone_has_the_files_that_it_had_and_no_word_of_ensembles(settings):
    done, _ = trained(with_ensemble(settings, members=()), texts=False)
    assert done.ensemble == OFF
    assert set(done.files) == {"model.safetensors", "config.json", "README.md", "LABELS.md"}
    assert "ensemble" not in json.loads(done.files["config.json"])["settings"]
    assert "ensemble" not in done.files["README.md"].decode()
    assert done.model.files() == done.head.files()


@pytest.mark.slow
def test_an_ensemble_that_is_not_used_leaves_the_heads_files_as_they_are(settings):
    features, labels, votes = tables()  # clouds ten deviations apart: nothing is left to gain
    given = Tables(features, labels, votes, None, None)
    alone = train(given, problem=PROBLEM, settings=with_ensemble(settings, members=()), backbone=BACKBONE)
    asked = with_ensemble(settings, members=("linear",), combine="blend")
    done = train(given, problem=PROBLEM, settings=asked, backbone=BACKBONE)
    assert done.ensemble.used == (done.model.ensemble is not None)
    if not done.ensemble.used:
        assert done.files == alone.files


@pytest.mark.slow
def test_the_table_and_the_picture_tell_every_model_and_every_ablation(settings, tmp_path):
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=200)
    targets = np.eye(2)[classes]
    asked = asked_of((HEAD, "linear"), [saying(rng, classes, 1.0), saying(rng, classes, 2.0)], targets, settings)
    report = compare_with_head(asked, comparison_rows(lesson(targets), np.ones(200), settings), settings)
    told = comparison_table(report)
    assert told.select("what", "model").rows() == [
        *(("beside head", name) for name in ("head", "linear", "blend", "stack")),
        *(("left out", name) for name in ("head", "linear")),
    ]
    assert ((told["gain_low"] <= told["gain"]) & (told["gain"] <= told["gain_high"])).all()
    for name in ("once", "again"):
        draw_comparison(report, tmp_path / f"{name}.png")
    assert (tmp_path / "once.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert comparison_table(OFF).height == 0


def test_a_blend_of_one_is_the_model():
    said = saying(np.random.default_rng(0), np.ones(5), 1.0)
    np.testing.assert_allclose(Blend(np.array([1.0])).predict_proba(said[None]), said, atol=1e-9)


def test_a_folder_of_a_newer_format_is_refused(tmp_path):
    (tmp_path / "ensemble.json").write_text('{"format": 9}')
    with pytest.raises(DataError, match="field format: 9, this Tidemill reads 1"):
        Ensemble.load(tmp_path)


def test_a_head_is_an_end_model_by_itself():
    layer = np.array([[0.0], [2.0]], dtype=np.float32), np.zeros(2, dtype=np.float32)
    head = Head(
        np.zeros(1, dtype=np.float32),
        np.ones(1, dtype=np.float32),
        (layer,),
        ModelConfig(classes=("a", "b"), backbone=BACKBONE, batches={}),
    )
    model = EndModel(head)
    assert not model.reads_text
    assert model.classes == ("a", "b")
    features = np.array([[1.0]], dtype=np.float32)
    assert (model.predict_proba(features) == head.predict_proba(features)).all()

"""EndModel: fitted on features, or loaded and asked of texts and images."""

import functools
import inspect
import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tests.apps.factories import Toy, model, picture
from tidemill import EndModel, LabelModel
from tidemill.api import end_model
from tidemill.apps.models.model import CHUNK
from tidemill.contracts import DataError, InputError, NotFittedError, PackageError
from tidemill.embed.embedder import Embedder
from tidemill.embed.settings import EmbedSettings
from tidemill.project.compose import DEFAULTS
from tidemill.train.end_model.outliers import Outliers

QUICK = {"hidden_sizes": (), "learning_rate": 0.05, "max_epochs": 30}
CLASSES = ["ham", "spam"]


def blobs(rows=200, seed=0):
    """Two classes two standard deviations to either side of zero, in three dimensions."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    return rng.normal(size=(rows, 3)) + 4.0 * truth[:, None] - 2.0, truth


def weak(truth, sure=0.8):
    return np.where(np.eye(2, dtype=bool)[truth], sure, 1.0 - sure)


def test_it_learns_from_probabilistic_labels():
    features, truth = blobs()
    fitted = EndModel(classes=CLASSES, **QUICK).fit(features, weak(truth))
    unseen, answers = blobs(seed=1)
    assert fitted.score(unseen, np.array(CLASSES)[answers]) > 0.98
    assert fitted.n_features_in_ == 3
    assert fitted.predict_proba(unseen).sum(axis=1) == pytest.approx(1.0)


def test_it_learns_from_a_label_each_too():
    features, truth = blobs()
    names = np.array(CLASSES)[truth]
    fitted = EndModel(**QUICK).fit(features, names)
    assert fitted.classes_.tolist() == CLASSES
    in_other_order = EndModel(classes=CLASSES[::-1], **QUICK).fit(features, names)
    assert in_other_order.classes_.tolist() == CLASSES[::-1]
    assert (in_other_order.predict(features) == fitted.predict(features)).mean() > 0.98


def test_rows_of_weight_zero_are_left_out():
    features, truth = blobs()
    wrong = np.arange(200) < 100
    targets = weak(np.where(wrong, 1 - truth, truth))
    fitted = EndModel(**QUICK).fit(features, targets, sample_weight=np.where(wrong, 0.0, 1.0))
    assert (fitted.predict(features) == truth).mean() > 0.98


def test_the_same_seed_gives_the_same_model():
    features, truth = blobs()
    first, second = (EndModel(**QUICK, seed=3).fit(features, weak(truth)).predict_proba(features) for _ in range(2))
    assert (first == second).all()


def test_sharper_labels_make_a_surer_model():
    features, truth = blobs()
    sure = [
        EndModel(**QUICK, sharpening=power).fit(features, weak(truth)).predict_proba(features).max(axis=1).mean()
        for power in (1, 4)
    ]
    assert sure[1] > sure[0] + 0.05


def test_below_a_confidence_it_abstains():
    features, truth = blobs()
    fitted = EndModel(classes=CLASSES, **QUICK).fit(features, weak(truth))
    asked = np.array([[-2.0, -2.0, -2.0], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0]])
    sure = fitted.predict_proba(asked).max(axis=1)
    assert sure[1] < sure.min(initial=1.0, where=[True, False, True])
    bar = float((sure[1] + min(sure[0], sure[2])) / 2)
    assert fitted.predict(asked, abstain_below=bar).tolist() == ["ham", None, "spam"]
    with pytest.raises(InputError, match=r"abstain_below 1\.5 is no probability"):
        fitted.predict(asked, abstain_below=1.5)


def test_what_is_saved_predicts_as_what_was_fitted(tmp_path):
    features, truth = blobs()
    fitted = EndModel(classes=CLASSES, **QUICK).fit(features, weak(truth))
    fitted.save(tmp_path / "model")
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".safetensors", ".json"}
    loaded = EndModel.load(tmp_path / "model")
    assert (loaded.predict_proba(features) == fitted.predict_proba(features)).all()
    assert loaded.classes_.tolist() == CLASSES
    assert loaded.predict([[2.0, 2.0, 2.0]]).tolist() == ["spam"]
    with pytest.raises(InputError, match="was fitted on features and has no backbone"):
        loaded.predict(["a text"])


def test_a_folder_that_holds_no_model_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"config\.json is missing: `tidemill run` trains it again"):
        EndModel.load(tmp_path)


def test_features_may_come_as_a_frame():
    features, truth = blobs()
    fitted = EndModel(**QUICK).fit(pd.DataFrame(features), weak(truth))
    expected = fitted.predict_proba(features)
    assert (fitted.predict_proba(pl.DataFrame(features)) == expected).all()
    assert (fitted.predict_proba(features.tolist()) == expected).all()


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        ([[0.0], [1.0]], [[0.5, 0.6], [0.5, 0.5]], "row 0 of probabilities"),
        ([[0.0], [1.0]], [[0.5, 0.5]], r"labels of shape \(1, 2\) for 2 rows"),
        ([[0.0], [1.0]], [0, 0], "labels of 1 class"),
        ([[0.0], [1.0]], [0.5, 1.0], "Unknown label type"),
        ([[0.0], [1.0]], None, "requires y to be passed, but the target y is None"),
        ([[0.0], [np.nan]], [0, 1], "row 1 of features holds NaN"),
        ([0.0, 1.0], [0, 1], "features have 1 dimensions"),
    ],
)
def test_what_cannot_be_learned_from_is_named(features, labels, message):
    with pytest.raises(InputError, match=message):
        EndModel(**QUICK).fit(features, labels)


def test_classes_and_columns_must_agree():
    with pytest.raises(InputError, match="probabilistic labels have 2 columns for 3 classes"):
        EndModel(classes=["a", "b", "c"]).fit([[0.0], [1.0]], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(InputError, match=r"row 1 of the labels: .*'c'.* is none of the classes \['a', 'b'\]"):
        EndModel(classes=["a", "b"]).fit([[0.0], [1.0]], ["a", "c"])


def test_a_model_that_is_not_fitted_says_so():
    with pytest.raises(NotFittedError, match="this EndModel is not fitted yet"):
        EndModel().predict([[0.0]])


def test_its_defaults_are_those_of_the_config():
    config = yaml.safe_load((DEFAULTS / "train/base.yaml").read_text(encoding="utf-8"))
    groups = ("head", "optimizer", "early_stopping", "labels", "augmentation")
    values = {key: value for group in groups for key, value in config[group].items()}
    values |= {
        "loss": config["loss"]["name"],
        "q": config["loss"]["q"],
        "seed": config["seed"],
        "threads": config["threads"],
    }
    defaults = {name: one.default for name, one in inspect.signature(EndModel).parameters.items() if name != "classes"}
    defaults["hidden_sizes"] = list(defaults["hidden_sizes"])
    assert defaults == {name: values[name] for name in defaults}


@functools.cache
def fitted_with(**change):
    """Probabilities of a model that was fitted with one other parameter than these."""
    features, truth = blobs(300)
    features[truth == 1] = features[truth == 1] * 0.5  # the classes differ in spread,
    keep = np.arange(300) % 3 + truth > 0  # and in number
    base = {"hidden_sizes": (4,), "learning_rate": 0.05, "max_epochs": 40, "batch_size": 64, "patience": 3}
    return EndModel(**(base | change)).fit(features[keep] * 0.4, weak(truth)[keep]).predict_proba(features)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *(("hidden_sizes", (8,)), ("dropout", 0.9), ("feature_fraction", 0.4), ("learning_rate", 0.01)),
        *(("weight_decay", 0.9), ("batch_size", 16), ("max_epochs", 2), ("validation_fraction", 0.5)),
        *(("loss", "generalised_cross_entropy"), ("mixup_alpha", 1.0), ("noise_std", 2.0), ("seed", 9)),
        *(("sharpening", 1.0), ("class_balance", False), ("patience", 1)),
    ],
)
def test_every_parameter_reaches_the_head(parameter, value):
    assert not np.allclose(fitted_with(), fitted_with(**{parameter: value}))


def test_q_and_threads_reach_the_settings():
    settings = EndModel(loss="generalised_cross_entropy", q=0.2, threads=3)._settings()
    assert "0.2" in repr(settings)
    assert settings.threads == 3


def test_it_is_a_step_of_a_pipeline_and_can_be_cloned():
    features, truth = blobs()
    pipeline = make_pipeline(StandardScaler(), EndModel(**QUICK))
    assert clone(pipeline).fit(features, truth).score(features, truth) > 0.98
    assert clone(EndModel(dropout=0.1)).get_params()["dropout"] == 0.1


def test_votes_become_a_model_in_two_steps():
    features, truth = blobs()
    rng = np.random.default_rng(5)
    right = rng.random((200, 3)) < 0.9
    votes = np.where(rng.random((200, 3)) < 0.7, np.where(right, truth[:, None], 1 - truth[:, None]), -1)
    covered = (votes != -1).any(axis=1)
    labels = LabelModel("dawid_skene").fit(votes).predict_proba(votes)
    fitted = EndModel(**QUICK).fit(features[covered], labels[covered])
    assert fitted.score(features, truth) > 0.97


EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": "which rows are in a mini-batch and in validation is drawn by number",
    "check_supervised_y_2d": "a column of labels is taken without scikit-learn's DataConversionWarning",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Estimator EndModel does not inherit:UserWarning")
def test_the_checks_of_scikit_learn_pass():
    """All but those of ``EXPECTED_FAILED_CHECKS``, which fail indeed; one is skipped by scikit-learn's own settings."""
    results = check_estimator(
        EndModel(**QUICK), on_fail=None, on_skip=None, expected_failed_checks=EXPECTED_FAILED_CHECKS
    )
    by_status = {
        status: {one["check_name"] for one in results if one["status"] == status} for status in ("failed", "xfail")
    }
    assert by_status == {"failed": set(), "xfail": set(EXPECTED_FAILED_CHECKS)}
    assert sum(one["status"] == "passed" for one in results) > 50
    assert {one["check_name"] for one in results if one["status"] == "skipped"} <= {"check_array_api_input"}


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """A model of the project's own kind in a folder, with a backbone whose features are known."""

    def load(name, *, outliers=None):
        monkeypatch.setattr(end_model, "embedder_of", lambda about, **_: Toy(about.modality))
        end = model(name).end
        backbone = end.config.backbone.model_dump() | {"modality": end.config.modality}
        files = dict(end.files())
        config = json.loads(files["config.json"]) | {"backbone": backbone}
        files |= {"config.json": json.dumps(config).encode()} | ({} if outliers is None else outliers.files())
        for file, content in files.items():
            (tmp_path / file).write_bytes(content)
        return EndModel.load(tmp_path)

    return load


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Series, pl.Series], ids=lambda form: form.__name__)
def test_texts_in_any_sequence_are_embedded_and_classified(loaded, form):
    """The second class gains two in log odds with each mark, and starts at minus one."""
    found = loaded("mail").predict_proba(form(["hello", "win!!"]))
    assert found[:, 1] == pytest.approx([1 / (1 + math.exp(1.0)), 1 / (1 + math.exp(-3.0))], abs=1e-6)


def test_images_are_paths_or_bytes(loaded, tmp_path):
    (tmp_path / "light.png").write_bytes(picture(255))
    rows = [str(tmp_path / "light.png"), tmp_path / "light.png", picture(0)]
    assert loaded("cells").predict(rows).tolist() == ["light", "light", "dark"]
    with pytest.raises(InputError, match=r"row 1: .*missing\.png.* is neither the path nor the bytes of an image"):
        loaded("cells").predict([picture(0), tmp_path / "missing.png"])


def test_features_of_the_backbone_may_be_given_in_place_of_texts(loaded):
    mail = loaded("mail")
    assert (mail.predict_proba(np.array([[0.0], [2.0]])) == mail.predict_proba(["hello", "win!!"])).all()
    with pytest.raises(InputError, match="X has 2 features, but EndModel is expecting 1 features"):
        mail.predict([[0.0, 1.0]])


def test_it_abstains_and_rejects_rows_of_another_kind(loaded):
    known = np.arange(60, dtype=np.float32)[:, None] % 3  # none, one or two marks
    mail = loaded("mail", outliers=Outliers.fit(known, known, share=0.0, seed=0))
    texts = ["hello", "win!!", "!!!!!!!!!"]
    assert mail.predict(texts, abstain_below=0.9).tolist() == [None, "spam", "none_of_the_above"]
    assert (mail.outlier_scores(texts) > 1.0).tolist() == [False, False, True]
    assert loaded("mail").classes_.tolist() == ["ham", "spam"]


def test_without_a_detector_there_are_no_outlier_scores(loaded):
    assert loaded("mail").outlier_scores(["hello"]) is None


def test_no_rows_get_no_predictions(loaded):
    mail = loaded("mail")
    assert mail.predict_proba([]).shape == (0, 2)
    assert mail.predict([]).shape == (0,)


def test_rows_are_embedded_chunk_by_chunk(loaded, monkeypatch):
    monkeypatch.setitem(CHUNK, "text", 4)
    mail = loaded("mail")
    texts = [f"text{'!' * (row % 3)}" for row in range(10)]
    found = mail.predict_proba(texts)
    assert mail._embedder.asked == [4, 4, 2]
    assert (found == np.concatenate([mail.predict_proba([text]) for text in texts])).all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("hello", r"one str was given, a list of them is read"),
        ([1.0, 2.0], "features have 1 dimensions"),
        (["a", 3], "row 1: a int, and the model reads texts"),
    ],
)
def test_what_is_no_row_is_refused(loaded, rows, message):
    with pytest.raises(InputError, match=message):
        loaded("mail").predict(rows)


def test_a_model_of_a_project_is_saved_with_its_project(loaded, tmp_path):
    with pytest.raises(InputError, match="this model belongs to a project"):
        loaded("mail").save(tmp_path / "elsewhere")


@pytest.mark.slow
def test_texts_are_embedded_by_the_backbone_that_the_head_was_trained_on(packages, tmp_path):
    """Features of the packaged MiniLM, a head on them, saved as the train stage does; then texts are given to it."""
    root = packages.parents[1]
    settings = yaml.safe_load((DEFAULTS / "embed/minilm.yaml").read_text(encoding="utf-8"))
    embedder = Embedder(EmbedSettings.model_validate(settings), "text", root=root)
    texts = ["Win a free prize now", "Claim your cash reward", "See you at noon", "Dinner at home tonight?"] * 10
    rows = pl.DataFrame({"row_id": [str(k) for k in range(40)], "text": texts})
    features = embedder.features(rows, name="test")
    fitted = EndModel(classes=CLASSES[::-1], **QUICK).fit(features, ["spam", "spam", "ham", "ham"] * 10)
    for name, content in fitted.fitted_.files().items():
        if name == "config.json":
            content = json.dumps(  # noqa: PLW2901
                json.loads(content) | {"modality": "text", "backbone": embedder.about.model_dump()}
            ).encode()
        (tmp_path / name).write_bytes(content)
    loaded = EndModel.load(tmp_path, root=root)
    assert loaded.predict(["You have won a prize", "See you at dinner"]).tolist() == ["spam", "ham"]
    assert np.allclose(loaded.predict_proba(texts), fitted.predict_proba(features), atol=1e-6)
    with pytest.raises(PackageError, match="is not there"):
        EndModel.load(tmp_path, root=tmp_path).predict(["a text"])

"""LabelModel: each label model of the registry as an estimator with scikit-learn's conventions."""

import inspect
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as TheirNotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator

from tests.denoise.factories import features_of, simulated
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, DataError, InputError, NotFittedError
from tidemill.denoise import LabelModel, label_models
from tidemill.denoise.models.registry import MODELS, create
from tidemill.label import labeling_function
from tidemill.label.applier import LFApplier
from tidemill.project.compose import DEFAULTS

EVERY_MODEL = pytest.mark.parametrize("name", sorted(MODELS))
NEEDS_FEATURES = ("joint", "neighbours")
CONF = DEFAULTS / "denoise"
NAMES = [f"lf_{j}" for j in range(7)]
CLASSES = ["ham", "spam", "other"]


def parameters(name):
    return {"draws": 0} if name == "auto" else {}


@EVERY_MODEL
def test_it_predicts_what_the_label_model_of_that_name_predicts(name):
    votes, truth = simulated()
    features = features_of(truth).astype(np.float32) if name in NEEDS_FEATURES else None
    seed = {"seed": 20} if name == "auto" else {}
    theirs = create(name, 3, **parameters(name), **seed).fit(votes, features=features)
    model = LabelModel(name, classes=3, **parameters(name)).fit(votes, features=features)
    assert (model.predict_proba(votes, features=features) == theirs.predict_proba(votes, features=features)).all()
    assert np.array_equal(model.class_balance_, theirs.balance_)
    assert np.array_equal(model.class_prior_, theirs.prior_)
    learned = theirs.accuracies()
    assert model.accuracies_.shape == (7,)
    assert (
        np.isnan(model.accuracies_).all()
        if learned is None
        else np.array_equal(model.accuracies_, learned, equal_nan=True)
    )


def test_the_names_are_those_of_the_registry():
    assert label_models() == sorted(MODELS)


@EVERY_MODEL
def test_every_parameter_of_a_model_is_one_of_the_estimators(name):
    taken = set(inspect.signature(LabelModel.__init__).parameters)
    assert set(MODELS[name].parameters) - {"n_classes"} <= taken


@EVERY_MODEL
def test_the_parameters_of_its_config_are_taken_by_their_names(name):
    """And what is not set has the config's value; dawid_skene of the config runs EM another number of times."""
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))
    votes, truth = simulated()
    features = features_of(truth) if name in NEEDS_FEATURES else None
    stated = LabelModel(name, classes=3, seed=config["seed"], **config["parameters"]).fit(votes, features=features)
    unset = LabelModel(name, classes=3).fit(votes, features=features)
    differs = np.abs(stated.predict_proba(votes, features=features) - unset.predict_proba(votes, features=features))
    assert differs.max() < (1e-3 if name == "dawid_skene" else 1e-12)


def test_a_parameter_that_the_model_does_not_take_is_refused():
    votes, _ = simulated()
    with pytest.raises(ConfigError, match="label model majority has no parameter 'iterations'"):
        LabelModel("majority", iterations=5).fit(votes)
    with pytest.raises(ConfigError, match="unknown label model 'dawid-skene'; did you mean dawid_skene"):
        LabelModel("dawid-skene").fit(votes)


def test_a_parameter_reaches_the_model():
    votes, _ = simulated()
    balance = [0.8, 0.1, 0.1]
    with_belief = LabelModel("smoothed", classes=3, balance=balance).fit(votes)
    assert with_belief.class_balance_[0] > LabelModel("smoothed", classes=3).fit(votes).class_balance_[0] + 0.05


def test_the_best_function_has_the_best_accuracy():
    """The functions of ``simulated`` are right 55% to 90% of the time, in this order."""
    votes, _ = simulated(rows=4000)
    assert LabelModel("dawid_skene").fit(votes).accuracies_.argmax() == 6


@pytest.mark.parametrize("form", ["int16", "int64", "float64", "lists", "polars", "pandas", "votes table"])
def test_votes_in_any_form_give_the_same_labels(form):
    votes, _ = simulated()
    columns = {name: votes[:, j] for j, name in enumerate(NAMES)}
    forms = {
        "int16": votes,
        "int64": votes.astype(np.int64),
        "float64": votes.astype(np.float64),
        "lists": votes.tolist(),
        "polars": pl.DataFrame(columns),
        "pandas": pd.DataFrame(columns),
        "votes table": pl.DataFrame({"row_id": [str(i) for i in range(400)], "batch": "b", "split": "train"} | columns),
    }
    expected = LabelModel("majority").fit(votes).predict_proba(votes)
    model = LabelModel("majority").fit(forms[form])
    assert (model.predict_proba(forms[form]) == expected).all()
    named = form in {"polars", "pandas", "votes table"}
    assert (model.feature_names_in_.tolist() == NAMES) if named else not hasattr(model, "feature_names_in_")


def test_columns_of_a_frame_are_found_by_name():
    votes, _ = simulated()
    frame = pl.DataFrame({name: votes[:, j] for j, name in enumerate(NAMES)})
    model = LabelModel("dawid_skene").fit(frame)
    assert (model.predict_proba(frame.select(NAMES[::-1])) == model.predict_proba(frame)).all()
    with pytest.raises(InputError, match="no votes of function 'lf_0'"):
        model.predict_proba(frame.drop("lf_0"))
    with pytest.raises(InputError, match="votes of function 'new'"):
        model.predict_proba(frame.with_columns(new=pl.lit(0)))


def test_the_number_of_classes_is_that_of_votes_and_gold():
    assert LabelModel("majority").fit([[0, -1]]).classes_.tolist() == [0, 1]
    assert LabelModel("majority").fit([[0, 3]]).classes_.tolist() == [0, 1, 2, 3]
    assert LabelModel("majority").fit([[0, -4]]).classes_.tolist() == [0, 1, 2]  # "not class 2"
    assert LabelModel("majority").fit([[0, 1]], [2]).classes_.tolist() == [0, 1, 2]


def test_predictions_are_names_where_classes_have_names():
    votes = np.array([[0, 0], [1, 1], [2, ABSTAIN], [ABSTAIN, ABSTAIN]])
    model = LabelModel("majority", classes=CLASSES).fit(votes)
    assert model.predict(votes)[:3].tolist() == CLASSES
    assert model.fit_predict(votes)[:3].tolist() == CLASSES
    assert model.score(votes[:3], ["ham", "spam", "spam"]) == 2 / 3
    with pytest.raises(InputError, match="'spma' is no class; did you mean spam"):
        model.score(votes[:1], ["spma"])


def test_rows_without_gold_do_not_count_in_the_score():
    votes = np.array([[0, 0], [1, 1], [1, 1], [0, 0]])
    model = LabelModel("majority").fit(votes)
    assert model.score(votes, [0, 0, NO_GOLD, NO_GOLD]) == 0.5
    assert model.score(votes, np.array([0.0, 1.0, np.nan, np.nan])) == 1.0
    assert model.score(votes, [0, 1, None, None]) == 1.0
    with pytest.raises(InputError, match="no row has gold"):
        model.score(votes, [NO_GOLD] * 4)


def test_gold_is_evidence():
    """A function that is always wrong is believed until gold says so."""
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 500)
    votes = np.stack([1 - truth, np.where(chance.random(500) < 0.7, truth, 1 - truth)], axis=1)
    gold = np.where(np.arange(500) < 200, truth, NO_GOLD)
    blind, told = LabelModel("dawid_skene").fit(votes), LabelModel("dawid_skene").fit(votes, gold)
    assert told.accuracies_[0] < 0.2 < blind.accuracies_[0]


def test_the_default_class_may_be_named():
    votes = np.where(np.random.default_rng(0).random((300, 3)) < 0.2, 1, ABSTAIN)
    model = LabelModel("smoothed", classes=["ham", "spam"], default="ham", default_rate=0.95).fit(votes)
    assert model.class_prior_[0] == pytest.approx(0.95, abs=0.01)


def test_auto_names_the_model_that_answers():
    votes, _ = simulated()
    assert LabelModel(draws=0).fit(votes).model_name_ in set(MODELS) - {"auto"}
    assert LabelModel("triplets").fit(votes).model_name_ == "triplets"


@EVERY_MODEL
def test_what_is_saved_predicts_as_what_was_fitted(name, tmp_path):
    votes, truth = simulated()
    features = features_of(truth) if name in NEEDS_FEATURES else None
    model = LabelModel(name, classes=CLASSES, **parameters(name)).fit(votes, features=features)
    model.save(tmp_path / "deep" / "model.json")
    loaded = LabelModel.load(tmp_path / "deep" / "model.json")
    assert (loaded.predict_proba(votes, features=features) == model.predict_proba(votes, features=features)).all()
    assert loaded.classes_.tolist() == CLASSES
    assert loaded.model == name
    assert np.array_equal(loaded.accuracies_, model.accuracies_, equal_nan=True)


def test_a_file_that_is_no_label_model_is_refused(tmp_path):
    (tmp_path / "torn.json").write_text('{"model": "majority"')
    (tmp_path / "other.json").write_text(json.dumps({"model": "majority"}))
    for name, told in (("torn", "is not JSON"), ("other", ", field functions is missing"), ("missing", "is missing")):
        with pytest.raises(
            DataError, match=rf"{name}\.json{' ' if told.startswith('is') else ''}{told}.*LabelModel\.save"
        ):
            LabelModel.load(tmp_path / f"{name}.json")


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        ([[0, 1], [0.5, 1]], "row 1 of votes, function 0: vote 0.5 is neither ABSTAIN"),
        ([[0, 1], [float("nan"), 1]], "row 1 of votes, function 0: vote NaN"),
        (pl.DataFrame({"f": [0, None]}), "row 1 of votes, function f: no value"),
        (pd.DataFrame({"f": ["x", "y"]}), "column 'f' of votes is String"),
        ([0, 1], "votes have 1 dimensions"),
        (np.zeros((0, 2), dtype=int), "minimum of 1 is required"),
        ([[0, 2000]], "vote 2000 is neither"),
    ],
)
def test_what_is_no_vote_is_named(votes, message):
    with pytest.raises(InputError, match=message):
        LabelModel("majority").fit(votes)


def test_a_class_beyond_those_that_are_stated_is_no_vote():
    with pytest.raises(InputError, match=r"vote 2 is neither ABSTAIN \(-1\), a class in 0..1"):
        LabelModel("majority", classes=2).fit([[0, 2]])


@pytest.mark.parametrize("name", NEEDS_FEATURES)
def test_a_model_that_needs_features_says_so(name):
    votes, truth = simulated()
    with pytest.raises(InputError, match=f"label model {name} learns from features"):
        LabelModel(name).fit(votes)
    with pytest.raises(InputError, match="features of 399 rows for 400 rows of votes"):
        LabelModel(name).fit(votes, features=features_of(truth)[1:])


def test_only_these_models_need_features():
    votes, _ = simulated()
    for name in set(MODELS) - set(NEEDS_FEATURES):
        LabelModel(name, **parameters(name)).fit(votes)


def test_an_estimator_that_is_not_fitted_says_so_as_scikit_learn_does():
    for expected in (NotFittedError, TheirNotFittedError, ValueError):
        with pytest.raises(expected, match="this LabelModel is not fitted yet"):
            LabelModel().predict([[0]])


def test_without_scikit_learn_the_same_error_is_tidemills():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from tidemill import LabelModel, NotFittedError\n"
        "try: LabelModel().predict([[0]])\n"
        "except NotFittedError as error: print(type(error) is NotFittedError, LabelModel(seed=3).get_params()['seed'])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True 3"


def test_a_clone_has_the_parameters_and_nothing_learned():
    model = LabelModel("smoothed", balance=[0.3, 0.7], budget=500).fit([[0, 1], [1, 1]])
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "accuracies_")
    assert repr(copy) == "LabelModel(model='smoothed', budget=500, balance=[0.3, 0.7])"


@labeling_function()
def asks(row):
    return "spam" if "?" in row.text else ABSTAIN


@labeling_function()
def greets(row):
    return "ham" if "hello" in row.text else ABSTAIN


def test_functions_and_label_model_are_steps_of_a_pipeline():
    rows = pd.DataFrame({"text": ["free?", "hello", "more?", "hello you"]})
    classes = ["ham", "spam"]
    pipeline = Pipeline(
        [("votes", LFApplier([asks, greets], classes=classes)), ("labels", LabelModel(classes=classes))]
    )
    pipeline.set_params(labels__model="majority")
    assert pipeline.fit(rows).predict(rows).tolist() == ["spam", "ham", "spam", "ham"]
    assert pipeline.score(rows, ["spam", "ham", "ham", "ham"]) == 0.75
    assert clone(pipeline).fit(rows).predict_proba(rows).shape == (4, 2)


def test_parameters_can_be_searched():
    votes, truth = simulated()
    search = GridSearchCV(LabelModel("majority", classes=3), {"model": ["majority", "dawid_skene"]}, cv=2)
    assert set(search.fit(votes, truth).best_params_) == {"model"}


FITS_WITHOUT_FEATURES = (
    *("check_fit_score_takes_y", "check_estimators_overwrite_params", "check_dont_overwrite_parameters"),
    *("check_estimators_fit_returns_self", "check_readonly_memmap_input", "check_n_features_in_after_fitting"),
    *("check_positive_only_tag_during_fit", "check_estimators_dtypes", "check_dtype_object"),
    *("check_pipeline_consistency", "check_estimators_nan_inf", "check_estimators_pickle"),
    *("check_f_contiguous_array_estimator", "check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    *("check_fit2d_1sample", "check_fit2d_1feature", "check_dict_unchanged", "check_fit_idempotent"),
    *("check_fit_check_is_fitted", "check_n_features_in", "check_fit2d_predict1d"),
)


def expected_failed_checks(name):
    if name not in NEEDS_FEATURES:
        return {}
    return dict.fromkeys(FITS_WITHOUT_FEATURES, "learns from features, which the check does not give")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Estimator LabelModel does not inherit:UserWarning")
@EVERY_MODEL
def test_the_checks_of_scikit_learn_pass(name):
    """All but those of ``expected_failed_checks``, which fail indeed; one is skipped by scikit-learn's own settings."""
    expected = expected_failed_checks(name)
    model = LabelModel(name, **parameters(name))
    results = check_estimator(model, on_fail=None, on_skip=None, expected_failed_checks=expected)
    by_status = {
        status: {one["check_name"] for one in results if one["status"] == status} for status in ("failed", "xfail")
    }
    assert by_status["failed"] == set()
    assert by_status["xfail"] == set(expected)
    assert sum(one["status"] == "passed" for one in results) > (10 if expected else 35)
    assert {one["check_name"] for one in results if one["status"] == "skipped"} <= {"check_array_api_input"}


@pytest.mark.parametrize("classes", [3, np.int64(3), ["a", "b", "c"], ("a", "b", "c")], ids=str)
def test_classes_are_a_number_or_names(classes):
    assert len(LabelModel("majority", classes=classes).fit([[0, 1]]).classes_) == 3


@pytest.mark.parametrize(("classes", "message"), [(1, "1 classes"), (1001, "1001 classes"), (["a", "a"], "named 'a'")])
def test_too_few_or_equal_classes_are_refused(classes, message):
    with pytest.raises(InputError, match=message):
        LabelModel("majority", classes=classes).fit([[0, 0]])

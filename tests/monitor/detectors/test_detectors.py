"""Detectors as objects: each answers as the monitor stage's test does, and the promises that all of them keep."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from sklearn.base import clone

from tests.monitor.factories import NAMES, arrive, settings
from tidemill.contracts import ConfigError, InputError, NotFittedError
from tidemill.monitor import (
    DriftDetector,
    EmbeddingDrift,
    FunctionDrift,
    HarmDetector,
    PredictionDrift,
    SequentialDrift,
    drift_detector,
    drift_detectors,
)
from tidemill.monitor.compare import compare
from tidemill.monitor.detectors.base import _BY_NAME, DriftResult
from tidemill.project.compose import DEFAULTS

CONF = yaml.safe_load((DEFAULTS / "monitor/default.yaml").read_text(encoding="utf-8"))
BATCH_DETECTORS = ("embeddings", "functions", "predictions")
EVERY_DETECTOR = pytest.mark.parametrize("name", BATCH_DETECTORS)


def part(name, rows):
    return {"embeddings": rows.features, "functions": rows.votes, "predictions": rows.probabilities}[name]


def batches(**shift):
    rng = np.random.default_rng(1)
    return arrive(400, rng), arrive(300, rng, **shift)


def test_there_is_one_registry_of_what_judges_batches_and_what_watches_the_stream():
    assert drift_detectors() == [*BATCH_DETECTORS, "sequential"]


@EVERY_DETECTOR
def test_its_defaults_are_those_of_the_config(name):
    defaults = {key: one.default for key, one in inspect.signature(_BY_NAME[name]).parameters.items()}
    defaults.pop("classes", None)
    expected = {key: CONF[key] for key in ("alpha", "seed", "min_rows") if key in defaults} | CONF[name]
    assert defaults == expected


def test_the_defaults_of_harm_are_those_of_the_config():
    defaults = {key: one.default for key, one in inspect.signature(HarmDetector).parameters.items()}
    of_streams = {"tolerated_drop", "max_labels"}
    assert defaults == {"alpha": CONF["alpha"]} | {k: v for k, v in CONF["harm"].items() if k not in of_streams}


@EVERY_DETECTOR
@pytest.mark.parametrize("shift", [{}, {"moved": 1.5}, {"coverage": 0.1}, {"champion": 0.5}], ids=str)
def test_it_says_what_the_stage_says(name, shift):
    reference, batch = batches(**shift)
    chosen = settings(detectors=(name,))
    own = dict(chosen)[name].model_dump()
    if name != "functions":
        own["seed"] = chosen.seed
    finding = compare(reference, batch, NAMES, chosen)
    result = drift_detector(name, **own).fit(part(name, reference)).check(part(name, batch))
    assert result.drift is bool(finding.moved)
    assert (result.p_value <= 0.05) >= result.drift
    assert bool(result.reasons) is result.drift


@pytest.mark.parametrize(
    ("name", "shift"),
    [("embeddings", {"moved": 1.5}), ("functions", {"coverage": 0.1}), ("predictions", {"champion": 0.1})],
)
def test_what_moved_is_seen_by_the_detector_that_looks_there(name, shift):
    rng = np.random.default_rng(2)
    reference, same, moved = arrive(400, rng), arrive(300, rng), arrive(300, rng, **shift)
    if name == "predictions":  # a champion that calls nearly all of it spam
        moved = type(moved)(moved.features, np.tile([0.1, 0.9], (300, 1)), moved.votes)
    detector = drift_detector(name).fit(part(name, reference))
    assert detector.check(part(name, same)).drift is False
    assert detector.check(part(name, moved)).drift is True


def test_a_change_below_its_floor_is_no_drift_however_significant():
    rng = np.random.default_rng(3)
    reference, batch = rng.normal(size=(500, 2)), rng.normal(0.4, 1.0, size=(500, 2))
    assert EmbeddingDrift().fit(reference).check(batch).drift is True
    strict = EmbeddingDrift(min_auc=0.9).fit(reference).check(batch)
    assert strict.p_value < 0.01
    assert strict.effect < 0.9
    assert strict.drift is False


@EVERY_DETECTOR
def test_a_batch_of_few_rows_is_not_judged(name):
    reference, batch = batches()
    result = drift_detector(name, min_rows=301).fit(part(name, reference)).check(part(name, batch))
    assert (result.drift, result.p_value, result.effect) == (None, None, None)
    assert result.reasons == ("not judged: 300 rows against 400 of the reference, 301 are asked",)


@EVERY_DETECTOR
def test_a_reference_is_needed(name):
    with pytest.raises(NotFittedError, match="is not fitted yet: call fit first"):
        drift_detector(name).check(np.zeros((40, 2)))


@EVERY_DETECTOR
def test_it_can_be_cloned(name):
    reference, _ = batches()
    detector = drift_detector(name, alpha=0.01).fit(part(name, reference))
    copy = clone(detector)
    assert copy.get_params() == detector.get_params()
    assert not hasattr(copy, "reference_")


def test_an_unknown_detector_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="unknown drift detector 'embedding'; did you mean embeddings"):
        drift_detector("embedding")


def test_a_detector_is_registered_by_being_written(monkeypatch):
    monkeypatch.setattr("tidemill.monitor.detectors.base._BY_NAME", registry := dict(_BY_NAME))

    class EveryBatch(DriftDetector):
        """Keeps what it has seen from batch to batch, as sequential detectors do."""

        name = "every_batch"
        rows_: int

        def __init__(self, *, alpha: float = 0.05, min_rows: int = 1) -> None:
            self.alpha, self.min_rows = alpha, min_rows

        def fit(self, reference, y=None):
            self.rows_ = 0
            return super().fit(reference, y)

        def _rows(self, data):
            return EmbeddingDrift()._rows(data)

        def _compare(self, reference, batch):  # noqa: ARG002 - the base class's signature
            self.rows_ += len(batch)
            return DriftResult(self.rows_ >= 50, 1.0, float(self.rows_), (), {})

    assert "every_batch" in registry
    detector = drift_detector("every_batch").fit(np.zeros((2, 1)))
    assert [detector.check(np.zeros((30, 1))).drift for _ in range(2)] == [False, True]


def test_votes_in_frames_are_found_by_name():
    reference, batch = batches(coverage=0.1)
    names = [f"f{j}" for j in range(8)]
    before = pl.DataFrame(reference.votes, schema=names, orient="row")
    after = pd.DataFrame(batch.votes[:, ::-1], columns=names[::-1])
    expected = FunctionDrift().fit(reference.votes).check(batch.votes)
    result = FunctionDrift().fit(before).check(after)
    assert result.effect == expected.effect
    assert "f0" in result.details["functions"]
    with pytest.raises(InputError, match="no votes of function 'f3'"):
        FunctionDrift().fit(before).check(after.drop(columns="f3"))
    with pytest.raises(InputError, match="votes of 7 functions, the reference has 8"):
        FunctionDrift().fit(before).check(batch.votes[:, 1:])


def test_what_is_no_row_of_the_kind_is_refused():
    reference, batch = batches()
    with pytest.raises(InputError, match="row 0 of probabilities"):
        PredictionDrift().fit(reference.probabilities * 2)
    with pytest.raises(InputError, match="probabilities of 3 classes, the reference has 2"):
        PredictionDrift().fit(reference.probabilities).check(np.full((50, 3), 1 / 3))
    with pytest.raises(InputError, match="features of 5 dimensions, the reference has 6"):
        EmbeddingDrift().fit(reference.features).check(batch.features[:, 1:])


def test_predictions_are_told_by_the_names_of_the_classes():
    reference, _ = batches()
    result = (
        PredictionDrift(classes=["ham", "spam"]).fit(reference.probabilities).check(np.tile([0.05, 0.95], (100, 1)))
    )
    assert "spam" in result.reasons[0]


@pytest.mark.parametrize(("champion", "harm"), [(0.95, False), (0.6, True)])
def test_harm_is_what_the_stage_says(champion, harm):
    reference, batch = batches(champion=champion)
    finding = compare(reference, batch, NAMES, settings())
    result = HarmDetector().fit(reference.probabilities, reference.votes).check(batch.probabilities, batch.votes)
    assert result.drift is harm
    assert finding.harm is harm
    assert result.effect == finding.agreement.drop


def test_harm_cannot_be_judged_where_functions_abstain():
    reference, batch = batches()
    detector = HarmDetector().fit(reference.probabilities, reference.votes)
    result = detector.check(batch.probabilities, np.full_like(batch.votes, -1))
    assert (result.drift, result.effect) == (None, None)
    assert "harm cannot be judged" in result.reasons[0]
    with pytest.raises(InputError, match="votes of 299 rows and probabilities of 300"):
        detector.check(batch.probabilities, batch.votes[1:])


def parts(rows):
    return {"features": rows.features, "probabilities": rows.probabilities, "votes": rows.votes}


def test_a_stream_is_quiet_until_it_changes_and_then_says_what_and_since_when():
    rng = np.random.default_rng(21)
    detector = SequentialDrift().fit(parts(arrive(500, rng)))
    quiet = [detector.check(parts(arrive(40, rng))) for _ in range(10)]
    changed = [detector.check(parts(arrive(40, rng, coverage=0.1))) for _ in range(4)]
    assert not any(result.drift for result in quiet)
    assert changed[-1].drift is True
    assert changed[-1].p_value < 0.05
    assert "since check 11" in changed[-1].reasons[0]
    assert detector.check(parts(arrive(40, rng))).drift is True  # it stays
    assert detector.fit(parts(arrive(500, rng))).check(parts(arrive(40, rng))).drift is False


def test_a_stream_of_features_alone_is_watched_too():
    rng = np.random.default_rng(22)
    detector = drift_detector("sequential", alpha=0.01).fit(rng.normal(size=(400, 3)))
    assert detector.check(rng.normal(size=(100, 3))).drift is False
    assert detector.check(rng.normal(1.0, size=(100, 3))).drift is True
    with pytest.raises(InputError, match="features of 2 columns, the reference has 3"):
        detector.check(rng.normal(size=(100, 2)))
    with pytest.raises(InputError, match="'labels' is none of features, probabilities, votes"):
        detector.check({"labels": [1]})


def test_parts_of_other_rows_are_refused():
    rng = np.random.default_rng(23)
    with pytest.raises(InputError, match="parts are of the same rows"):
        SequentialDrift().fit({"features": rng.normal(size=(40, 3)), "votes": np.zeros((30, 2), dtype=int)})

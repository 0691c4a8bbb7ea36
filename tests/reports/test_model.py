"""Models of version 0.1.0 are loaded: ``version_0_1_0`` holds what its train stage wrote of the packaged problems."""

import json
from pathlib import Path

import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.reports.model import BackboneRecord, EnsembleFile, ModelConfig
from tidemill.train.end_model.card import model_card
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.stacking import Stack, combination_of
from tidemill.train.head.head import CONFIG, Head

OLD = Path(__file__).parent / "version_0_1_0"


@pytest.fixture(params=["solar", "spam"])
def old(request):
    return OLD / f"{request.param}_config.json"


def test_what_a_model_of_version_0_1_0_was_trained_on_is_read_whole(old):
    content, config = json.loads(old.read_text()), ModelConfig.read(old)
    assert content["format"] == 1
    assert config.classes == tuple(content["classes"])
    assert config.batches == content["batches"]
    assert config.backbone == BackboneRecord(**content["backbone"])
    assert config.training.rows == content["training"]["rows"]
    assert config.warnings == tuple(content["cautions"])
    assert config.domain.summary == content["domain"]["words"]
    assert (config.ensemble is None) == ("ensemble" not in content)
    assert config.settings == content["settings"]
    assert f"Model card: {config.problem}" in model_card(config)


def test_a_folder_of_version_0_1_0_is_loaded_and_predicts(old, tmp_path):
    dimensions = ModelConfig.read(old).dimensions
    layer = np.zeros((2, dimensions), dtype=np.float32), np.array([0.0, np.log(3.0)], dtype=np.float32)
    head = Head(np.zeros(dimensions, dtype=np.float32), np.ones(dimensions, dtype=np.float32), (layer,))
    for name, content in head.files().items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / CONFIG).write_bytes(old.read_bytes())
    model = EndModel.load(tmp_path)
    probabilities = model.predict_proba(np.zeros((1, dimensions), dtype=np.float32))
    np.testing.assert_allclose(probabilities, [[0.25, 0.75]], atol=1e-7)  # softmax of 0 and log 3
    assert model.config.text() == ModelConfig.parse(model.config.text(), where="config.json").text()


def test_an_ensemble_of_version_0_1_0_is_read():
    file = EnsembleFile.read(OLD / "spam_ensemble.json")
    assert file.members == ("ngrams",)
    assert isinstance(combination_of(file.combination), Stack)


def test_what_of_the_training_has_another_form_now_is_left_out_and_the_model_still_loads(old):
    content = json.loads(old.read_text())
    content |= {"training": {"steps": 9}, "choice": "plain", "of_another_time": [1]}
    config = ModelConfig.parse(json.dumps(content), where="config.json")
    assert (config.training, config.choice) == (None, None)
    assert config.classes == tuple(content["classes"])


@pytest.mark.parametrize("key", ["classes", "backbone", "batches"])
def test_without_what_predicting_needs_no_model_is_loaded(old, key):
    content = json.loads(old.read_text())
    del content[key]
    with pytest.raises(DataError, match=rf"config\.json, field {key} is missing: .*dvc pull"):
        ModelConfig.parse(json.dumps(content), where="config.json")


def test_a_model_of_a_newer_tidemill_is_refused(old):
    content = json.loads(old.read_text()) | {"format": 3}
    with pytest.raises(DataError, match="field format: 3, this Tidemill reads 2: it is of a newer Tidemill"):
        ModelConfig.parse(json.dumps(content), where="config.json")

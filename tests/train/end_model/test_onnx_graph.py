import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import yaml

from tidemill.contracts import ConfigError, DataError
from tidemill.reports.model import BackboneRecord, ModelConfig
from tidemill.train.classical.base import ModelInputs
from tidemill.train.classical.logistic import Logistic
from tidemill.train.classical.registry import MEMBERS
from tidemill.train.end_model.model import EndModel, Ensemble
from tidemill.train.end_model.onnx_ensemble import vocabularies
from tidemill.train.end_model.onnx_graph import OPSET, model_graph, to_bytes, whole_graph
from tidemill.train.end_model.stacking import Blend, Stack, geometric_mean_stack
from tidemill.train.head.head import Head
from tidemill.train.settings import TrainSettings

ROOT = Path(__file__).parents[3]
CONFIG = ModelConfig(
    problem="clouds",
    modality="text",
    classes=("low", "middle", "high"),
    backbone=BackboneRecord(format=1, modality="text", settings={"backbone": "cloud"}, sha256="0" * 64),
    batches={"one": 7},
)


def head(hidden: tuple[int, ...] = (8, 5), dimensions: int = 6, seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    sizes = [dimensions, *hidden, len(CONFIG.classes)]
    layers = tuple(
        (rng.normal(size=(after, before)).astype(np.float32), rng.normal(size=after).astype(np.float32))
        for before, after in itertools.pairwise(sizes)
    )
    mean, scale = rng.normal(size=dimensions), rng.uniform(0.1, 3.0, size=dimensions)
    return Head(mean.astype(np.float32), scale.astype(np.float32), layers, CONFIG)


def ask(model: onnx.ModelProto, **inputs: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(to_bytes(model), providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], inputs)[0]


@pytest.mark.parametrize("hidden", [(), (8,), (8, 5)])
@pytest.mark.parametrize("rows", [1, 500])
def test_the_graph_of_a_head_says_what_the_head_says(hidden, rows):
    features = np.random.default_rng(1).normal(size=(rows, 6)).astype(np.float32)
    model = model_graph(EndModel(head(hidden)))
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(ask(model, features=features), head(hidden).predict_proba(features), atol=1e-5)


def test_the_same_head_gives_the_same_bytes_and_another_does_not():
    assert to_bytes(model_graph(EndModel(head()))) == to_bytes(model_graph(EndModel(head())))
    assert to_bytes(model_graph(EndModel(head()))) != to_bytes(model_graph(EndModel(head(seed=1))))


def test_a_graph_tells_its_classes_inputs_and_lineage():
    model = model_graph(EndModel(head()))
    told = {one.key: one.value for one in model.metadata_props}
    assert json.loads(told["tidemill.classes"]) == list(CONFIG.classes)
    assert json.loads(told["tidemill.inputs"]) == ["features"]
    assert json.loads(told["tidemill.backbone"]) == CONFIG.backbone.model_dump()
    assert told["tidemill.opset"] == str(OPSET) == str(model.opset_import[0].version)
    assert told["tidemill.problem"] == "clouds"


def test_head_and_backbone_become_one_graph():
    doubled = onnx.helper.make_node("Add", ["numbers", "numbers"], ["features"])
    value = [onnx.helper.make_tensor_value_info(name, 1, ["rows", 6]) for name in ("numbers", "features")]
    graph = onnx.helper.make_graph([doubled], "twice", value[:1], value[1:])
    opset = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid("", OPSET)]  # as torch names it
    backbone = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)
    whole = whole_graph(backbone, EndModel(head()), {"size": 6})
    assert [(item.domain, item.version) for item in whole.opset_import] == [("", OPSET)]
    numbers = np.random.default_rng(1).normal(size=(9, 6)).astype(np.float32)
    said = ask(whole_graph(backbone, EndModel(head()), {"size": 6}), numbers=numbers)
    np.testing.assert_allclose(said, head().predict_proba(2 * numbers), atol=1e-5)
    with pytest.raises(DataError, match="features of 6 dimensions, the head reads 7"):
        whole_graph(backbone, EndModel(head(dimensions=7)), {})


@pytest.mark.slow
def test_the_graph_of_a_head_is_made_without_torch():
    code = "import sys; import tests.train.end_model.test_onnx_graph as t; t.model_graph(t.EndModel(t.head())); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


WAYS = {
    "blend": Blend(np.array([0.5, 0.1, 0.2, 0.2])),
    "mean": geometric_mean_stack(4, 3),
    "stack": Stack(
        Logistic(np.random.default_rng(5).normal(size=(12, 3)).astype(np.float32), np.float32([0.1, 0, -1]))
    ),
}


@pytest.fixture(scope="module")
def beside():
    """A head, and the members that can be written, fitted on words and points that have to do with the class."""
    rng = np.random.default_rng(2)
    classes = rng.integers(3, size=120)
    words = np.array([["sea", "salt"], ["mill", "flour"], ["corn", "field"]])
    texts = [" ".join(rng.choice(words[k] if rng.random() < 0.8 else words.ravel(), 6)) for k in classes]
    material = ModelInputs((rng.normal(size=(120, 6)) + classes[:, None]).astype(np.float32), texts)
    own = TrainSettings.model_validate(
        yaml.safe_load((ROOT / "src/tidemill/conf/train/base.yaml").read_text())
    ).ensemble
    names = ("linear", "ngrams", "naive_bayes")
    return material, {
        name: MEMBERS[name].fit(material, np.eye(3)[classes], np.ones(120), getattr(own, name), 0) for name in names
    }


@pytest.mark.parametrize("way", WAYS)
def test_the_graph_of_an_ensemble_says_what_the_ensemble_says(beside, way):
    material, members = beside
    model = EndModel(head(), Ensemble(members, WAYS[way]))
    texts = [*material.texts[:20], "", "unheard of", "salt salt salt salt mill"]
    features = np.concatenate([material.features[:20], np.zeros((3, 6), dtype=np.float32)])
    graph = model_graph(model)
    onnx.checker.check_model(graph, full_check=True)
    counts = {
        f"terms.{name}": members[name].vocabulary.counts(texts).toarray().astype(np.float32)
        for name in ("ngrams", "naive_bayes")
    }
    said = ask(graph, features=features, **counts)
    assert {one.name for one in graph.graph.input} == {"features", "terms.ngrams", "terms.naive_bayes"}
    np.testing.assert_allclose(said, model.predict_proba(features, texts), atol=1e-5)


def test_an_ensemble_tells_which_terms_to_count(beside):
    model = EndModel(head(), Ensemble(beside[1], WAYS["mean"]))
    told = {name: json.loads(notes) for name, notes in vocabularies(model).items()}
    assert set(told) == {"ngrams", "naive_bayes"}
    assert told["naive_bayes"]["words"] == 2
    places = beside[1]["ngrams"].vocabulary.columns
    assert [places[term] for term in told["ngrams"]["terms"]] == list(range(len(places)))


def test_a_member_that_cannot_be_written_is_named():
    trees: Any = {"trees": object()}
    with pytest.raises(ConfigError, match=r"train.ensemble.members: trees cannot be written as ONNX"):
        model_graph(EndModel(head(), Ensemble(trees, geometric_mean_stack(2, 3))))

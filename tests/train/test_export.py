import itertools
import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from tidemill.contracts import DataError
from tidemill.train.export import OPSET, encoded, head_graph, whole_graph
from tidemill.train.head import Head

CONFIG = {
    "problem": "clouds",
    "modality": "text",
    "classes": ["low", "middle", "high"],
    "backbone": {"settings": {"backbone": "cloud"}, "sha256": "0" * 64},
    "batches": {"one": 7},
}


def head(hidden: tuple[int, ...] = (8, 5), dimensions: int = 6, seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    sizes = [dimensions, *hidden, len(CONFIG["classes"])]
    layers = tuple(
        (rng.normal(size=(after, before)).astype(np.float32), rng.normal(size=after).astype(np.float32))
        for before, after in itertools.pairwise(sizes)
    )
    mean, scale = rng.normal(size=dimensions), rng.uniform(0.1, 3.0, size=dimensions)
    return Head(mean.astype(np.float32), scale.astype(np.float32), layers, CONFIG)


def ask(model: onnx.ModelProto, **inputs: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(encoded(model), providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], inputs)[0]


@pytest.mark.parametrize("hidden", [(), (8,), (8, 5)])
@pytest.mark.parametrize("rows", [1, 500])
def test_the_graph_of_a_head_says_what_the_head_says(hidden, rows):
    features = np.random.default_rng(1).normal(size=(rows, 6)).astype(np.float32)
    model = head_graph(head(hidden))
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(ask(model, features=features), head(hidden).predict_proba(features), atol=1e-5)


def test_the_same_head_gives_the_same_bytes_and_another_does_not():
    assert encoded(head_graph(head())) == encoded(head_graph(head()))
    assert encoded(head_graph(head())) != encoded(head_graph(head(seed=1)))


def test_a_graph_tells_its_classes_inputs_and_lineage():
    model = head_graph(head())
    told = {one.key: one.value for one in model.metadata_props}
    assert json.loads(told["tidemill.classes"]) == CONFIG["classes"]
    assert json.loads(told["tidemill.inputs"]) == ["features"]
    assert json.loads(told["tidemill.backbone"]) == CONFIG["backbone"]
    assert told["tidemill.opset"] == str(OPSET) == str(model.opset_import[0].version)
    assert told["tidemill.problem"] == "clouds"


def test_head_and_backbone_become_one_graph():
    doubled = onnx.helper.make_node("Add", ["numbers", "numbers"], ["features"])
    value = [onnx.helper.make_tensor_value_info(name, 1, ["rows", 6]) for name in ("numbers", "features")]
    graph = onnx.helper.make_graph([doubled], "twice", value[:1], value[1:])
    opset = [onnx.helper.make_opsetid("", OPSET)]
    backbone = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)
    numbers = np.random.default_rng(1).normal(size=(9, 6)).astype(np.float32)
    said = ask(whole_graph(backbone, head(), {"size": 6}), numbers=numbers)
    np.testing.assert_allclose(said, head().predict_proba(2 * numbers), atol=1e-5)
    with pytest.raises(DataError, match="features of 6 dimensions, the head reads 7"):
        whole_graph(backbone, head(dimensions=7), {})


def test_the_graph_of_a_head_is_made_without_torch():
    code = "import sys; import tests.train.test_export as t; t.head_graph(t.head()); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

import io
import itertools
import json
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest
import yaml
from PIL import Image

from tests.apps.factories import build
from tests.apps.factories import model as known_model
from tidemill.apps.models import export as exporting
from tidemill.apps.models.export import TOLERANCE, ask_graph, export
from tidemill.apps.models.int8_graph import int8_graph
from tidemill.apps.models.model import Model
from tidemill.apps.models.onnx_backbone import inference_session
from tidemill.contracts import ConfigError, DataError
from tidemill.embed.embedder import Embedder
from tidemill.embed.onnx_export import features_graph, preparation
from tidemill.embed.settings import EmbedSettings
from tidemill.project.project import Project
from tidemill.reports.model import BackboneRecord, ModelConfig
from tidemill.runs.git import git
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.onnx_graph import OPSET, to_bytes, whole_graph
from tidemill.train.head.head import Head

TEXTS = ["short", "a text of a few more words than that", "word " * 100, "", "WIN!!! http://a.example £1000 now"]


def drawn(seed: int) -> bytes:
    rng, buffer = np.random.default_rng(seed), io.BytesIO()
    steps = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(steps).resize((90, 70)).save(buffer, "PNG")
    return buffer.getvalue()


CONTENTS: dict[str, Any] = {"text": TEXTS, "image": [drawn(seed) for seed in range(5)]}
CASES: dict[str, Any] = {"text": ("minilm", {}), "image": ("efficientnet_lite0", {"size": 64})}


def embedder(modality: str, root, packages) -> Embedder:
    name, changes = CASES[modality]
    content = yaml.safe_load((root / "src/tidemill/conf" / "embed" / f"{name}.yaml").read_text(encoding="utf-8"))
    content[modality] |= changes
    return Embedder(EmbedSettings.model_validate(content), modality, root=packages.parents[1])


def head(features: np.ndarray, about: BackboneRecord, seed: int = 0) -> Head:
    """A head of random weights, as sure of some rows as a trained one is."""
    rng = np.random.default_rng(seed)
    sizes = (features.shape[1], 256, 3)
    layers = tuple(
        (rng.normal(0, (2 / one) ** 0.5, size=(two, one)).astype(np.float32), np.zeros(two, dtype=np.float32))
        for one, two in itertools.pairwise(sizes)
    )
    config = ModelConfig(problem="p", modality=about.modality, classes=("a", "b", "c"), backbone=about, batches={})
    scale = features.std(axis=0) + np.float32(0.01)
    return Head(features.mean(axis=0), scale, layers, config)


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["text", "image"])
def test_a_whole_model_says_in_onnx_what_it_says_in_torch(modality, root, packages):
    made = embedder(modality, root, packages)
    backbone, contents = made.backbone, CONTENTS[modality]
    features = backbone.embed(contents, name="test")
    model = head(features, made.about)
    graph = whole_graph(features_graph(backbone, opset=OPSET), EndModel(model), preparation(backbone))
    content = to_bytes(graph)
    said = ask_graph(inference_session(content, threads=1), backbone, contents, EndModel(model))
    expected = model.predict_proba(features)
    assert expected.max() > 0.8  # as sure as that, so that the comparison means something
    assert np.abs(said - expected).max() < TOLERANCE
    alone = np.concatenate(
        [ask_graph(inference_session(content, threads=1), backbone, [one], EndModel(model)) for one in contents]
    )
    assert np.abs(alone - expected).max() < TOLERANCE
    assert {one.version for one in graph.opset_import} == {OPSET}
    assert str(root).encode() not in content  # torch writes the lines that it traced into the graph
    assert not any(node.metadata_props or node.doc_string for node in graph.graph.node)
    told = {one.key: one.value for one in graph.metadata_props}
    inputs = [one.name for one in graph.graph.input]
    assert json.loads(told["tidemill.inputs"]) == inputs
    assert inputs == {"text": ["input_ids", "attention_mask"], "image": ["pixels"]}[modality]
    onnx.checker.check_model(graph)


def test_the_head_alone_is_exported_without_its_backbone(inside, monkeypatch):
    build(inside)
    git("init", "-q", folder=inside)
    monkeypatch.setattr(exporting, "find_model", lambda _, name, *_words, **__: known_model(name))
    done = export(Project.open(inside), "mail", None, inside / "out", head_only=True)
    assert [path.name for path in done.files] == ["head.onnx"]
    asked = inference_session((inside / "out" / "head.onnx").read_bytes(), threads=1)
    features = np.array([[0.0], [2.0]], dtype=np.float32)
    said = asked.run(["probabilities"], {"features": features})[0]
    np.testing.assert_allclose(said, known_model("mail").head.predict_proba(features), atol=1e-6)


def test_a_backbone_that_torch_cannot_write_is_told_with_the_way_out(root, packages, monkeypatch):
    import torch

    def fails(*_, **__):
        raise torch.onnx.OnnxExporterError("no operator for this\nand a long story")

    monkeypatch.setattr(torch.onnx, "export", fails)
    with pytest.raises(DataError, match=r"as ONNX \(no operator for this\): --head-only"):
        features_graph(embedder("image", root, packages).backbone, opset=OPSET)


@pytest.mark.slow
def test_eight_bit_weights_are_a_quarter_of_the_size_and_their_cost_is_counted(inside, root, packages, monkeypatch):
    build(inside)
    git("init", "-q", folder=inside)
    made = embedder("text", root, packages)
    end = head(made.backbone.embed(TEXTS, name="test"), made.about)
    known = Model("mail@v1.0.0", inside, EndModel(end), 1, Project.open(inside))
    known.__dict__["embedder"] = made
    monkeypatch.setattr(exporting, "find_model", lambda *_, **__: known)
    monkeypatch.setattr(
        exporting, "raw_rows", lambda *_: pl.DataFrame({"row_id": [str(k) for k in range(len(TEXTS))], "text": TEXTS})
    )
    done = export(Project.open(inside), "mail", None, inside / "out", head_only=False, int8=True)
    exact, smaller = ((inside / "out" / name).read_bytes() for name in ("model.onnx", "model.int8.onnx"))
    assert len(smaller) < 0.3 * len(exact)
    assert done.int8.rows == len(TEXTS)
    assert 0.0 < done.int8.difference < 0.5
    asked = ask_graph(inference_session(smaller, threads=1), made.backbone, TEXTS, EndModel(end))
    expected = ask_graph(inference_session(exact, threads=1), made.backbone, TEXTS, EndModel(end))
    assert np.abs(asked - expected).max() == pytest.approx(done.int8.difference, abs=1e-5)


def test_eight_bit_weights_are_refused_for_images_and_heads(inside, monkeypatch):
    with pytest.raises(ConfigError, match="--int8 is for text models"):
        int8_graph(b"", "image")
    build(inside)
    git("init", "-q", folder=inside)
    monkeypatch.setattr(exporting, "find_model", lambda _, name, *_words, **__: known_model(name))
    with pytest.raises(ConfigError, match="choose one of them"):
        export(Project.open(inside), "mail", None, inside / "out", head_only=True, int8=True)

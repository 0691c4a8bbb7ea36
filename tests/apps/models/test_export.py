import io
import itertools
import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest
import yaml
from PIL import Image

from tests.apps.factories import build
from tests.apps.factories import model as known_model
from tests.conftest import ROOT
from tidemill.apps.models import export as exporting
from tidemill.apps.models.export import TOLERANCE, export, refuse_other_files
from tidemill.apps.models.int8_graph import int8_graph
from tidemill.apps.models.model import Model
from tidemill.apps.models.onnx_backbone import inference_session
from tidemill.apps.models.standalone_predict import Predictor
from tidemill.contracts import ConfigError, DataError
from tidemill.embed.embedder import Embedder
from tidemill.embed.onnx_export import features_graph
from tidemill.embed.settings import EmbedSettings
from tidemill.project.project import Project
from tidemill.reports.model import BackboneRecord, ModelConfig
from tidemill.runs.git import git
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.onnx_graph import OPSET
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


def known(inside, made: Embedder, rows: pl.DataFrame, monkeypatch) -> Model:
    """A model of random weights on a real backbone, which `export` finds, and rows that it finds too."""
    build(inside)
    git("init", "-q", folder=inside)
    features = made.backbone.embed(rows[made.modality].to_list(), name="test")
    model = Model("mail@v1.0.0", inside, EndModel(head(features, made.about)), 1, Project.open(inside))
    model.__dict__["embedder"] = made
    monkeypatch.setattr(exporting, "find_model", lambda *_, **__: model)
    monkeypatch.setattr(exporting, "raw_rows", lambda *_: rows)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["text", "image"])
def test_an_exported_folder_gives_the_same_answers_where_tidemill_is_not(
    modality, inside, packages, monkeypatch, bare_python
):
    contents = CONTENTS[modality]
    problem = "mail" if modality == "text" else "cells"
    rows = pl.DataFrame({"row_id": [str(row) for row in range(len(contents))], modality: contents})
    made = embedder(modality, ROOT, packages)
    model = known(inside, made, rows, monkeypatch)
    done = export(Project.open(inside), problem, None, inside / "out", head_only=False, int8=modality == "text")
    assert done.difference < TOLERANCE
    said = bare_python(inside / "out" / "predict.py", "--check", needs=[modality])
    assert re.search(r"probabilities of 9 rows differ by \S+ at most, 0.0001 is allowed", said)
    expected = model.say(rows, name="test").probabilities
    assert expected.max() > 0.8  # as sure as that, so that the comparison means something
    written = json.loads((inside / "out" / "check.json").read_text())
    np.testing.assert_allclose([row["probabilities"] for row in written["rows"][-5:]], expected, atol=1e-6)
    predictor = Predictor(inside / "out")
    alone = np.concatenate([predictor.predict_proba([one]) for one in contents])
    assert np.abs(alone - expected).max() < TOLERANCE
    content = (inside / "out" / "model.onnx").read_bytes()
    graph = onnx.load_from_string(content)
    assert {one.version for one in graph.opset_import} == {OPSET}
    assert str(ROOT).encode() not in content  # torch writes the lines that it traced into the graph
    assert not any(node.metadata_props or node.doc_string for node in graph.graph.node)
    inputs = [one.name for one in graph.graph.input]
    assert json.loads(predictor.about["inputs"]) == inputs
    assert inputs == {"text": ["input_ids", "attention_mask"], "image": ["pixels"]}[modality]
    onnx.checker.check_model(graph)
    if modality == "text":  # 8-bit weights are a quarter of the size, and what they cost is counted
        assert len((inside / "out" / "model.int8.onnx").read_bytes()) < 0.3 * len(content)
        assert done.int8.rows == len(contents)
        asked = Predictor(inside / "out", "model.int8.onnx").predict_proba(contents)
        assert 0.0 < np.abs(asked - expected).max() == pytest.approx(done.int8.difference, abs=1e-4)


def test_a_difference_stops_the_export_and_writes_nothing(inside, monkeypatch):
    build(inside)
    git("init", "-q", folder=inside)
    monkeypatch.setattr(exporting, "find_model", lambda _, name, *_words, **__: known_model(name))
    monkeypatch.setattr(exporting, "_whole", lambda *_: {})
    uniform = SimpleNamespace(predict_proba=lambda contents: np.full((len(contents), 2), 0.5))
    monkeypatch.setattr(exporting, "Predictor", lambda *_, **__: uniform)
    with pytest.raises(
        DataError, match=r"row made up 1: ONNX Runtime's probabilities are 0.49 off, 0.0001 is promised"
    ):
        export(Project.open(inside), "mail", None, inside / "out", head_only=False)
    assert not (inside / "out").exists()


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


def test_eight_bit_weights_are_refused_for_images_and_heads(inside, monkeypatch):
    with pytest.raises(ConfigError, match="--int8 is for text models"):
        int8_graph(b"", "image")
    build(inside)
    git("init", "-q", folder=inside)
    monkeypatch.setattr(exporting, "find_model", lambda _, name, *_words, **__: known_model(name))
    with pytest.raises(ConfigError, match="choose one of them"):
        export(Project.open(inside), "mail", None, inside / "out", head_only=True, int8=True)


def test_files_that_are_of_no_earlier_export_are_not_replaced(tmp_path):
    refuse_other_files(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("mine")
    refuse_other_files(tmp_path)
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ConfigError, match=r"README\.md is there, and of no earlier export: .* --force"):
        refuse_other_files(tmp_path)
    (tmp_path / "head.onnx").write_bytes(b"")
    refuse_other_files(tmp_path)

"""The same features by torch and by ONNX Runtime: the graph is written once, compared, kept; torch where it cannot be."""

import numpy as np
import pytest

from tests.apps.models.test_export import CONTENTS, embedder
from tidemill.apps.models import engines
from tidemill.apps.models.engines import TOLERANCE, comparison_rows, engine_key, resolve_engine, use_engine
from tidemill.apps.models.onnx_backbone import OnnxBackbone, largest_difference
from tidemill.contracts import DataError
from tidemill.project.layout import Paths
from tidemill.runs.git import git


@pytest.fixture
def inside(tmp_path, monkeypatch):
    git("init", "-q", folder=tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_graph_is_written_once_and_gives_the_features_that_torch_gives(inside, root, packages, monkeypatch):
    made = embedder("image", root, packages)
    expected = made.backbone.embed(CONTENTS["image"], name="test")
    use_engine("onnx", made, Paths.within("cells"), must=True)
    assert isinstance(made.backbone, OnnxBackbone)
    said = made.backbone.embed(CONTENTS["image"], name="test")
    assert said.dtype == np.float32
    assert largest_difference(said, expected) < TOLERANCE
    [file] = (inside / ".tidemill/onnx").iterdir()
    assert file.name.startswith(f"{engine_key(made)}.")
    content, made_again = file.read_bytes(), []

    def graph(_: object) -> bytes:
        made_again.append(1)
        return content

    monkeypatch.setattr(engines, "_graph", graph)
    for damaged in (False, True):
        file.write_bytes(content[:-100] + bytes(byte ^ 0x3F for byte in content[-100:]) if damaged else content)
        again = embedder("image", root, packages)
        use_engine("onnx", again, Paths.within("cells"), must=True)
        np.testing.assert_array_equal(again.backbone.embed(CONTENTS["image"], name="test"), said)
        assert (len(made_again), file.read_bytes()) == (int(damaged), content)


@pytest.mark.slow
def test_torch_is_kept_where_no_graph_can_be_written_unless_onnx_was_asked_for(
    inside, root, packages, monkeypatch, capsys
):
    def fails(_: object) -> bytes:
        raise DataError("no operator for this")

    monkeypatch.setattr(engines, "_graph", fails)
    made = embedder("image", root, packages)
    before = made.backbone
    use_engine("onnx", made, Paths.within("cells"), must=False)
    assert made.backbone is before
    assert "torch is used, not ONNX Runtime: no operator for this" in capsys.readouterr().err
    with pytest.raises(DataError, match="no operator for this"):
        use_engine("onnx", made, Paths.within("cells"), must=True)
    assert not (inside / ".tidemill/onnx").exists()


def test_features_of_another_direction_are_not_taken_for_the_same():
    theirs = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert largest_difference(theirs, theirs) == 0.0
    assert largest_difference(np.array([[1.0, 0.0], [0.0, 2.2]]), theirs) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("engine", "modality", "rows", "expected"),
    [
        ("auto", "image", 999, "torch"),
        ("auto", "image", 1000, "onnx"),
        ("auto", "text", 10**6, "torch"),
        ("auto", "text", None, "onnx"),
        ("torch", "image", None, "torch"),
        ("onnx", "text", 1, "onnx"),
    ],
)
def test_auto_asks_onnx_where_it_is_faster(engine, modality, rows, expected):
    assert resolve_engine(engine, modality, rows) == expected


@pytest.mark.parametrize("modality", ["text", "image"])
def test_without_raw_rows_some_are_made_up_to_compare_on(inside, modality):
    assert comparison_rows(Paths.within("nobody"), modality, 32).height == 4

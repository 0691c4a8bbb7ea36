"""A model that a run has made, exported, served, asked over HTTP, and stopped."""

import csv
import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.end_to_end.conftest import BIN, run
from tidemill.runs.git import git

pytestmark = pytest.mark.slow
TEXTS = ["a lovely soup", "the waiter was rude and slow", "we had bread", "perfect plate, horrible place " * 30]


@pytest.fixture(scope="module")
def said(refreshed: Path) -> list[dict[str, str]]:
    """What `tidemill predict` says of the texts, with abstention below .6."""
    with (refreshed.parent / "asked.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "body"], *enumerate(TEXTS)])
    words = ["predict", "tiny", "../asked.csv", "--out", "../said.csv", "--abstain-below", "0.6"]
    told = run("tidemill", *words, "--version", "v1.0.0", folder=refreshed)
    assert "by tiny@v1.0.0: 4 rows" in told
    with (refreshed.parent / "said.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def address(refreshed: Path) -> Iterator[str]:
    """Where the champion is served; afterwards the service has stopped as asked."""
    environment = os.environ | {"PYTHONPATH": str(refreshed / "src"), "OMP_NUM_THREADS": "1"}
    words = [str(BIN / "tidemill"), "serve", "tiny", "--port", "0", "--abstain-below", "0.6", "--max-rows", "10"]
    with subprocess.Popen(words, cwd=refreshed, env=environment, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        told = ""
        while (found := re.search(r"at (http://127\.0\.0\.1:\d+):", told)) is None:
            line = service.stderr.readline()
            assert line, told
            told += line
        yield found[1]
        service.send_signal(signal.SIGTERM)
        last = service.stderr.read()
        assert service.wait(30) == 0, last
    assert "POST /predict 200 4 rows" in last
    assert list((refreshed / ".tidemill" / "onnx").glob("*.onnx"))
    assert last.rstrip().endswith("stopped")


def ask(url: str, content: object = None) -> tuple[int, dict]:
    data = None if content is None else json.dumps(content).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"})) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_service_says_what_predict_says(address, said):
    status, content = ask(f"{address}/predict", {"rows": [{"text": text} for text in TEXTS]})
    assert status == 200
    assert [row["prediction"] or "" for row in content["rows"]] == [row["prediction"] for row in said]
    for name in ("bad", "good"):
        told = [row["probabilities"][name] for row in content["rows"]]
        assert told == pytest.approx([float(row[f"p_{name}"]) for row in said], abs=1e-4)  # ONNX Runtime, and torch


def test_the_service_tells_the_lineage_of_its_model(address, refreshed):
    assert ask(f"{address}/health") == (200, {"status": "ok", "version": "tiny@v1.0.0"})
    _, told = ask(f"{address}/version")
    assert told["commit"] == git("rev-parse", "tiny@v1.0.0^{commit}", folder=refreshed)
    assert told["label_model"]["model"] == "auto"
    assert told["batches"].keys() == {"reviews"}
    assert (
        told["backbone"]["sha256"]
        == json.loads((refreshed / "models/tiny/candidate/config.json").read_text())["backbone"]["sha256"]
    )


def test_the_service_names_a_row_that_it_cannot_take(address):
    status, content = ask(f"{address}/predict", {"rows": [{"text": "fine"}, {"text": ""}]})
    assert (status, "error" in content["rows"][0], "text" in content["rows"][1]["error"]) == (200, False, True)
    status, content = ask(f"{address}/predict", {"rows": [{"text": ""}]})
    assert (status, content["error"]["row"]) == (422, 1)


def test_the_exported_model_is_the_one_that_was_served(refreshed, said):
    told = run("tidemill", "export", "tiny", "--out", "../exported", folder=refreshed)
    differ = re.search(r"probabilities of (\d+) rows differ by (\S+) at most", told)
    assert differ is not None
    assert int(differ[1]) == 64
    assert float(differ[2]) < 1e-4
    folder = refreshed.parent / "exported"
    graph = onnx.load(folder / "model.onnx")
    told_classes = {one.key: one.value for one in graph.metadata_props}["tidemill.classes"]
    assert json.loads(told_classes) == ["bad", "good"]
    assert np.allclose([float(row["p_bad"]) + float(row["p_good"]) for row in said], 1.0)
    assert "## Scores" in (folder / "README.md").read_text(encoding="utf-8")
    cards = git("ls-files", "reports/tiny/*_card.md", folder=refreshed).splitlines()
    assert cards == ["reports/tiny/label_card.md", "reports/tiny/model_card.md"]
    assert git("status", "--porcelain", folder=refreshed) == ""


def test_a_version_that_is_not_there_is_told_with_those_that_are(refreshed):
    told = run("tidemill", "serve", "tiny", "--version", "v9.0.0", "--port", "0", folder=refreshed, fails=True)
    assert "tiny has no version v9.0.0; there are tiny@v1.0.0, candidate" in told

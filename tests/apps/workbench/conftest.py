"""A small project of its own: texts whose class is known by construction, labeled and denoised by the real stages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from tests.cli.factories import tidemill
from tidemill.reports.project import Arrival, Manifest
from tidemill.stages import denoise, label

ROWS = 240
YAML = """functions:
  - {name: says_prize, kind: keywords, words: [prize], vote: spam}
  - {name: says_cash, kind: keywords, words: [cash, money], at_least: 2, vote: spam}
  - {name: says_lunch, kind: keywords, words: [lunch], vote: ham}
  - {name: says_you, kind: keywords, words: [you], vote: ham}
  - {name: few_links, kind: threshold, column: links, below: 1, vote: ham}
"""
PYTHON = """from tidemill.label import ABSTAIN, labeling_function


@labeling_function()
def shouts(row):
    return 1 if row.text.isupper() else ABSTAIN
"""
SPAM = ["win a prize now", "cash and money for free", "WIN A PRIZE", "refinance today", "money for you"]
HAM = ["see you at lunch", "lunch tomorrow?", "you are late", "the kernel panics", "are you home"]


def texts(rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    gold = (np.arange(ROWS) % 3 == 0).astype(np.int16)
    drawn = rng.integers(0, 5, ROWS)
    return [f"{(SPAM if k else HAM)[i]} {n}" for n, (k, i) in enumerate(zip(gold, drawn, strict=True))], gold


def params() -> dict[str, Any]:
    root = Path(__file__).parents[3]
    ingest = yaml.safe_load((root / "src/tidemill/conf/ingest/table.yaml").read_text(encoding="utf-8"))
    sections = {
        name: yaml.safe_load((root / f"src/tidemill/conf/{name}/{file}.yaml").read_text(encoding="utf-8"))
        for name, file in (("label", "default"), ("denoise", "dawid_skene"))
    }
    section = {
        "problem": {"name": "mail", "modality": "text", "classes": ["ham", "spam"]},
        "ingest": ingest | {"incoming": "in", "text": "text", "meta": {"links": "int"}},
        **sections,
    }
    return {"problems": ["mail"], "mail": section}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in git whose votes, labels and label model are there."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "params.yaml").write_text(yaml.safe_dump(params()), encoding="utf-8")
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    said, gold = texts(np.random.default_rng(4))
    split = np.array(["train", "dev", "dev", "test"])[np.arange(ROWS) % 4]
    ids = [f"r{number:03d}" for number in range(ROWS)]
    keys = [name.replace("r", "k") for name in ids]
    seen = {"key": keys, "content": ids, "fate": "kept", "gold": gold, "split": split}
    raw = {"row_id": ids, "key": keys, "batch": "b", "split": split, "text": said, "links": 2 * gold.astype(np.int64)}
    vectors = np.eye(2, dtype=np.float32)[gold] + np.random.default_rng(5).normal(0, 0.1, (ROWS, 2)).astype(np.float32)
    dev = pl.DataFrame({"row_id": ids, "gold": gold}).filter(pl.Series(split == "dev"))
    tables = {
        "raw": pl.DataFrame(raw),
        "dev": dev,
        "seen": pl.DataFrame(seen),
        "features": pl.DataFrame({"row_id": ids, "feature": pl.Series(vectors)}),
    }
    for name, table in tables.items():
        (folder / "data/mail" / name).mkdir(parents=True)
        table.write_parquet(folder / f"data/mail/{name}/b.parquet")
    (folder / "data/mail/gold").mkdir()
    (folder / "data/mail/gold/b.parquet").write_text("never read by label")
    Manifest(batches=(Arrival(batch="b", source="b.csv", sha256="0"),)).write(folder / "data/mail/batches.json")
    functions = folder / "src/problems/mail"
    functions.mkdir(parents=True)
    (functions / "f.yaml").write_text(YAML, encoding="utf-8")
    (functions / "f.py").write_text(PYTHON, encoding="utf-8")
    for words in (["init", "-q"], ["add", "src"], ["commit", "-qm", "functions"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    _run_stages(folder)
    for words in (["add", "-A"], ["commit", "-qm", "a run"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True)
    return folder


def _run_stages(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(denoise, "guard", lambda *_, **__: None)
        patch.setattr(denoise, "write_pages", lambda _: None)
        for stage in (label, denoise):
            patch.setattr(sys, "argv", ["stage", "mail"])
            stage.main()


@pytest.fixture
def lf(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Words of a command line → what `tidemill lf` printed; with --json its content."""
    monkeypatch.chdir(project)

    def run(*words: str) -> Any:
        tidemill("lf", *words)
        printed = capsys.readouterr().out
        return json.loads(printed) if "--json" in words else printed

    return run

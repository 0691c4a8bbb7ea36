"""A small real project: git, DVC, and a pipeline of two stages for two problems."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tidemill.runs.git import git

PIPELINE = """
stages:
  double:
    matrix: {problem: [solar, spam]}
    cmd: python double.py ${item.problem}
    deps: [double.py, "data/${item.problem}/batches.json"]
    params: ["${item.problem}"]
    outs: ["data/${item.problem}/raw"]
  judge:
    matrix: {problem: [solar, spam]}
    cmd: python judge.py ${item.problem}
    deps: [judge.py, "data/${item.problem}/raw"]
    metrics: ["reports/${item.problem}/verdict.json": {cache: false}]
"""
DOUBLE = """
import json, pathlib, sys
here = pathlib.Path("data", sys.argv[1])
batches = json.loads((here / "batches.json").read_text())
if "fail" in batches:
    sys.exit("error: the stage was told to fail")
(here / "raw").mkdir()
for name, value in batches.items():
    (here / "raw" / name).write_text(str(2 * value))
"""
JUDGE = """
import json, pathlib, sys
total = sum(int(path.read_text()) for path in pathlib.Path("data", sys.argv[1], "raw").iterdir())
path = pathlib.Path("reports", sys.argv[1], "verdict.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"total": total}))
"""


def dvc(*words: str, folder: Path) -> str:
    """Words of a dvc command → what it printed."""
    binary = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{binary}{os.pathsep}{os.environ['PATH']}"}
    answer = subprocess.run(["dvc", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr + answer.stdout
    return answer.stdout


@pytest.fixture(scope="session")
def committed_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `toy` copies: ``git init`` and ``dvc init`` take longer than most tests."""
    folder = tmp_path_factory.mktemp("toy")
    git("init", "-q", "-b", "main", folder=folder)
    git("config", "user.name", "Tester", folder=folder)
    git("config", "user.email", "tester@localhost", folder=folder)
    dvc("init", "-q", folder=folder)
    (folder / ".gitignore").write_text(".tidemill/\n")
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "double.py").write_text(DOUBLE)
    (folder / "judge.py").write_text(JUDGE)
    (folder / "params.yaml").write_text(
        "overrides: []\nproblems: [solar, spam]\nsolar: {seed: 1}\nspam: {seed: 1, tolerance: 1.0e-06}\n"
    )
    for problem in ("solar", "spam"):
        data = folder / "data" / problem
        data.mkdir(parents=True)
        (data / "batches.json").write_text(json.dumps({"one": 1}))
        (data / ".gitignore").write_text("/raw\n")
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "start", folder=folder)
    return folder


def copy_checkout(source: Path, target: Path) -> Path:
    """Copy a repository; its index knows the copied files, so that git need not read them again."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    git("update-index", "-q", "--refresh", folder=target)
    return target


@pytest.fixture
def toy(committed_toy: Path, inside: Path) -> Path:
    """The committed project; nothing has been computed yet."""
    return copy_checkout(committed_toy, inside)

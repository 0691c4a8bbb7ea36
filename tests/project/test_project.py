"""The project as an object: found, opened, and two of them in one process whose working directory is neither."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml

from tests.conftest import ROOT
from tidemill.apps.workbench.list_functions import function_table
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ConfigError
from tidemill.project.arrivals import arrive
from tidemill.project.compose import compose_all
from tidemill.project.config import load_params
from tidemill.project.layout import main_checkout_of
from tidemill.project.project import Project
from tidemill.reports.project import Manifest
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry
from tidemill.stages import ingest, label

FUNCTIONS = """
from problems.spam._words import WORDS
from tidemill.label import labeling_function


@labeling_function()
def word(row):
    return 1 if any(word in row.text for word in WORDS) else 0
"""


def make(folder: Path, *, epochs: int, word: str, rows: int) -> Project:
    """A committed project of the problem spam, whose functions, settings and data tell it from others."""
    shutil.copytree(ROOT / "conf", folder / "conf")
    (folder / "dvc.yaml").write_text("stages: {}\n")
    problem = folder / "conf/problem/spam.yaml"
    content = yaml.safe_load(problem.read_text())
    content["train"] = {**content.get("train", {}), "optimizer": {"max_epochs": epochs}}
    content["ingest"] |= {
        "meta": {},
        "slices": [],
        "batch_order": [],
        "near_duplicates": "keep",
        "text": "text",
        "gold": "kind",
    }
    content["label"] = {"suite": {"min_coverage": 0}, "n_workers": 1}
    header = problem.read_text().partition("problem:")[0]
    problem.write_text(header + yaml.safe_dump({key: content[key] for key in content if key != "defaults"}))
    functions = folder / "src/problems/spam"
    functions.mkdir(parents=True)
    (functions / "functions.py").write_text(FUNCTIONS)
    (functions / "_words.py").write_text(f"WORDS = [{word!r}]\n")
    incoming = folder / "data/incoming/spam"
    incoming.mkdir(parents=True)
    kinds = ["spam" if number % 2 else "ham" for number in range(rows)]
    texts = [f"message {number} {word if number % 2 else 'hello'} {'abc'[number % 3]}" for number in range(rows)]
    pl.DataFrame({"id": range(rows), "text": texts, "kind": kinds}).write_csv(incoming / f"{word}.csv")
    Manifest(batches=()).write(folder / "data/spam/batches.json")
    git("init", "-q", "-b", "main", folder=folder)
    git("add", "dvc.yaml", folder=folder)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", word, folder=folder)
    return Project.open(folder)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Project, Project]]:
    """Two projects with a problem of the same name, seen from a folder that is in neither."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    made = (
        make(tmp_path / "one", epochs=3, word="prize", rows=40),
        make(tmp_path / "two", epochs=4, word="loan", rows=60),
    )
    yield made
    assert Path.cwd() == elsewhere
    assert list(elsewhere.iterdir()) == []  # nothing of either has been written where the process works


@pytest.mark.slow
def test_two_projects_in_one_process_do_not_meet(two: tuple[Project, Project]):
    for project in two:
        compose_all(project)
    epochs = [load_params(project.params)["spam"]["train"]["optimizer"]["max_epochs"] for project in two]
    assert epochs == [3, 4]
    assert [arrive(project, "spam").batches for project in two] == [["prize"], ["loan"]]
    for stage in (ingest, label):
        for project in two:
            stage.run(project, "spam")
    votes = [pl.read_parquet(project.paths("spam").votes) for project in two]
    assert [table.height for table in votes] == [40, 60]
    assert [table["word"].sum() for table in votes] == [20, 30]  # each finds its own word in every second row
    looks = [ProblemView(project, "spam") for project in two]
    listed = [function_table(look, cost=False) for look in looks]
    assert [[one.function for one in table.functions] for table in listed] == [["word"], ["word"]]
    for look, word in zip(looks, ("prize", "loan"), strict=True):
        assert look.function("word").where.startswith(str(look.project.root))
        (batch,) = json.loads(look.paths.manifest.read_text())["batches"]
        assert batch["source"] == f"data/incoming/spam/{word}.csv"
    git(
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@localhost",
        "tag",
        "-a",
        "-m",
        "spam: promote",
        "spam@v1.0.0",
        folder=two[0].root,
    )
    assert [list(read_registry(project, "spam").versions) for project in two] == [["spam@v1.0.0"], []]


def test_the_worktree_of_a_run_shares_what_the_checkout_has_and_a_persons_own_is_a_checkout(
    two: tuple[Project, Project], tmp_path: Path
):
    main, run, own = two[0], two[0].root / ".tidemill/runs/7-a0b1", tmp_path / "own"
    for tree in (run, own):
        git("worktree", "add", "-q", "--detach", str(tree), folder=main.root)
    project = Project.open(run)
    assert (project.root, project.shared, project.main) == (run, main.root, main)
    assert project.state == main.state
    assert project.paths("spam").votes == run / "data/spam/votes.parquet"
    closed = project.paths("spam").closed  # workers import the package from the run's own checkout
    assert not any((run / "src").is_relative_to(path) for path in closed)
    assert {run / "data", main.root / "data", main.root / ".git"} <= set(closed)
    assert Project.open(own) == Project(own, own)
    assert [main_checkout_of(tree) for tree in (run, own, main.root, tmp_path)] == [main.root, main.root, None, None]


def test_a_project_is_found_from_a_folder_in_it_and_not_from_outside(two: tuple[Project, Project], tmp_path: Path):
    assert Project.find(two[0].root / "conf" / "problem") == two[0]
    with pytest.raises(ConfigError, match="is in no Tidemill project"):
        Project.find(tmp_path / "elsewhere")


def test_a_relative_folder_means_that_of_the_moment_it_is_opened(two: tuple[Project, Project], tmp_path: Path):
    project = Project.open(Path("../one"))
    os.chdir(tmp_path)
    try:
        assert project == two[0]
    finally:
        os.chdir(tmp_path / "elsewhere")


def test_a_command_leaves_the_working_directory_alone(two: tuple[Project, Project]):
    from tidemill.cli.project import open_project

    below = two[0].root / "conf"
    os.chdir(below)
    try:
        assert open_project("spam") == two[0]
        assert Path.cwd() == below
    finally:
        os.chdir(two[0].root.parent / "elsewhere")


@pytest.mark.slow
def test_flows_can_be_imported_without_composing_anything(tmp_path: Path):
    code = (
        "import sys, flows.refresh, flows.monitor\n"
        "print(flows.refresh.refresh.parameters.properties['problem']['enum'])\n"
        "print(sorted({'hydra', 'omegaconf'} & set(sys.modules)))"
    )
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "PREFECT_HOME": str(tmp_path / "home"),
    }
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.stdout.splitlines() == ["['all', 'solar', 'spam']", "[]"], answer.stderr

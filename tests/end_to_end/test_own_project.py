"""A project of one's own, made by an installed wheel, far from any checkout: the ways to run it agree there as here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.end_to_end.conftest import prefect_settings, write_quick, write_reviews
from tests.wheel import build_wheel, install_beside, run
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import read_lock
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow
MAJORITY = ["-S", "denoise@tiny.denoise=majority"]


class Installed:
    """A project and the commands of the environment that the wheel is installed in."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self.binaries = folder, binaries

    def __call__(self, command: str, *words: str, folder: Path | None = None) -> str:
        path = f"{self.binaries}{os.pathsep}{os.environ['PATH']}"
        quiet = {"OMP_NUM_THREADS": "1", "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
        where = folder or self.folder
        return run(str(self.binaries / command), *words, folder=where, PATH=path, **quiet, **prefect_settings())

    def params(self) -> dict[str, object]:
        """Content of params.yaml."""
        found: dict[str, object] = yaml.safe_load((self.folder / "params.yaml").read_text(encoding="utf-8"))
        return found

    def commit(self, message: str) -> None:
        """Commit all that git would take."""
        git("add", "-A", folder=self.folder)
        git("commit", "-q", "-m", message, folder=self.folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Installed:
    """A project in a path with spaces, with the problem `tiny`; nothing has been computed."""
    top = tmp_path_factory.mktemp("own")
    (top / "source").mkdir()
    made = Installed(top / "all mine" / "My reviews", install_beside(build_wheel(top / "source"), top))
    made("tidemill", "init", str(made.folder), folder=top)
    weights = made.folder / "data" / "packages" / "minilm"
    weights.parent.mkdir()
    weights.symlink_to(packages / "minilm")
    write_reviews(top / "reviews.csv", rows=240, seed=1)
    made("tidemill", "new", "tiny", "--from", str(top / "reviews.csv"), "--text", "body", "--label", "stars")
    write_quick(made.folder / "conf/problem/tiny.yaml")
    made("tidemill", "compose")
    made.commit("tiny: a new problem")
    return made


def test_a_run_dvc_repro_overrides_and_an_upgrade(project: Installed):
    assert str(ROOT) not in project("python", "-c", "import tidemill; print(tidemill.__file__)")
    assert "2 passed" in project("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    project("python", "-m", "ruff", "check", "--no-cache", ".")
    project("python", "-m", "ruff", "format", "--no-cache", "--check", ".")
    assert "promoted tiny@v1.0.0" in project("tidemill", "run", "problem=tiny")
    assert read_registry(Project.open(project.folder), "tiny").champion == "tiny@v1.0.0"
    assert git("status", "--porcelain", folder=project.folder) == ""
    ran = read_lock(project.folder)

    said = project("dvc", "repro")
    assert "Running stage" not in said.replace("Running stage 'preflight@tiny'", "")
    assert read_lock(project.folder) == ran

    project("dvc", "exp", "run", *MAJORITY, "denoise@tiny")
    by_dvc, params = read_lock(project.folder), project.params()
    git("checkout", "-q", "--", ".", folder=project.folder)
    project("tidemill", "compose", "problem=tiny", "denoise=majority")
    project("dvc", "repro", "denoise@tiny")
    assert read_lock(project.folder)["denoise@tiny"] == by_dvc["denoise@tiny"] != ran["denoise@tiny"]
    assert project.params()["tiny"] == params["tiny"]
    git("checkout", "-q", "--", ".", folder=project.folder)

    assert "nothing to do" in project("tidemill", "upgrade", "--dry-run")
    defaults = next(project.binaries.parent.glob("lib/python*/site-packages")) / "tidemill/conf/train/base.yaml"
    defaults.write_text(defaults.read_text(encoding="utf-8").replace("patience: 10", "patience: 11"), encoding="utf-8")
    said = project("tidemill", "upgrade", "--dry-run")
    assert "train@tiny will run again: tiny.train." in said
    assert "patience is 11, was 10" in said
    assert git("status", "--porcelain", folder=project.folder) == ""
    assert "params.yaml is stale" in run(
        str(project.binaries / "dvc"),
        "repro",
        folder=project.folder,
        fails=True,
        PATH=f"{project.binaries}{os.pathsep}{os.environ['PATH']}",
    )
    project("tidemill", "upgrade")
    assert git("status", "--porcelain", folder=project.folder).split() == ["M", "params.yaml"]

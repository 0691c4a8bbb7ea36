"""This repository is a project of its own package: what `tidemill init` writes is what stands here, where both have it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tidemill import __version__
from tidemill.apps.onboarding.lock_file import OWN, read_lock_file
from tidemill.apps.onboarding.project_template import digest, template_files
from tidemill.runs.git import git

FILES = {file.path: file for file in template_files("tidemill", __version__)}
GENERATED = sorted(path for path, file in FILES.items() if file.is_generated)


@pytest.mark.parametrize("path", GENERATED)
def test_what_is_generated_stands_here_as_a_project_gets_it(root: Path, path: str):
    """Edit the template in src/tidemill/templates/project and run `tidemill upgrade`."""
    recorded = read_lock_file(root).files[path]
    if recorded != OWN:
        assert digest(path, (root / path).read_text(encoding="utf-8")) == FILES[path].digest


def test_what_this_repository_has_as_its_own_is_little(root: Path):
    own = {path for path, recorded in read_lock_file(root).files.items() if recorded == OWN}
    assert own == {".github/workflows/test.yaml", "Makefile", "tests/test_problems.py"}


def test_files_that_are_written_once_begin_as_they_are_here(root: Path):
    for path in (".dvc/config", "src/problems/__init__.py"):
        assert FILES[path].text == (root / path).read_text(encoding="utf-8")
    here = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in FILES[".gitignore"].text.splitlines() if line not in here] == []


def test_a_project_runs_on_the_pythons_that_the_package_does(root: Path):
    package = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tomllib.loads(FILES["pyproject.toml"].text)["project"]["requires-python"] == package["requires-python"]
    (line,) = [one for one in (root / "Makefile").read_text().splitlines() if one.startswith("PYTHON ?=")]
    assert line in FILES["Makefile"].text.splitlines()


def test_this_conf_finds_the_packages_defaults_as_a_projects_does(root: Path):
    here = yaml.safe_load((root / "conf/config.yaml").read_text(encoding="utf-8"))
    begins = yaml.safe_load(FILES["conf/config.yaml"].text)
    assert here["hydra"] == begins["hydra"] == {"searchpath": ["pkg://tidemill.conf"]}
    assert here.keys() == begins.keys()


def test_git_changes_no_line_ends_of_files_that_dvc_names_by_their_digest(tmp_path: Path):
    git("init", "-q", folder=tmp_path)
    git("config", "core.autocrlf", "true", folder=tmp_path)
    (tmp_path / ".gitattributes").write_text(FILES[".gitattributes"].text)
    for name, content in (("drift.json", b"{\n}\n"), ("functions.yaml", b"functions:\r\n")):
        (tmp_path / name).write_bytes(content)
        git("add", name, folder=tmp_path)
        (tmp_path / name).unlink()
        git("checkout", "-q", name, folder=tmp_path)
        assert (tmp_path / name).read_bytes() == content

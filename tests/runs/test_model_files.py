"""A version's files are those of the commit that its tag names now, fetched once."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import yaml
from dvc_data.index import DataIndexDirError

from tests.runs.test_model_registry import commit, tag
from tidemill.errors import DataError
from tidemill.project.project import Project
from tidemill.runs import model_files
from tidemill.runs.dvc_cache import folder_digest
from tidemill.runs.git import git
from tidemill.runs.model_files import champion_folder

VERSION = "spam@v1.0.0"


@pytest.fixture
def repository(inside: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a version, whose model is a file that holds the name of its commit."""
    git("init", "-q", "-b", "main", folder=inside)
    tag(inside, VERSION, commit(inside, "one"))

    def fetch(project: Project, problem: str, version: str, target: Path) -> None:
        target.mkdir(parents=True)
        (target / "model").write_text(git("rev-parse", f"{version}^{{commit}}", folder=project.shared))

    monkeypatch.setattr(model_files, "_fetch", fetch)
    return inside


def test_they_are_fetched_once(repository: Path, monkeypatch: pytest.MonkeyPatch):
    folder = champion_folder(Project.open(repository), "spam", VERSION)
    monkeypatch.setattr(model_files, "_fetch", lambda *_: pytest.fail("they are there"))
    assert champion_folder(Project.open(repository), "spam", VERSION) == folder
    git("tag", "-d", VERSION, folder=repository)
    assert champion_folder(Project.open(repository), "spam", VERSION) == folder  # nothing better is known


def test_a_tag_that_names_another_commit_by_now_gets_the_files_of_that(repository: Path):
    project = Project.open(repository)
    before = (champion_folder(project, "spam", VERSION) / "model").read_text()
    git("tag", "-d", VERSION, folder=repository)
    other = commit(repository, "two")
    tag(repository, VERSION, other)
    assert (champion_folder(project, "spam", VERSION) / "model").read_text() == other != before
    assert [path.name for path in (project.state / "models").glob("[!.]*")] == [VERSION]
    assert list((project.state / "models").glob(".old-*")) == []


def test_files_that_are_in_no_cache_are_told_with_the_remedy(repository: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()

    def get(*_: object, **__: object) -> None:
        raise DataIndexDirError("failed to load directory ('models', 'spam', 'candidate')")

    monkeypatch.setattr("dvc.api.DVCFileSystem.get", get)
    monkeypatch.setattr("dvc.api.DVCFileSystem.__init__", lambda *_, **__: None)
    monkeypatch.setattr(model_files, "share_cache", lambda _: None)
    with pytest.raises(
        DataError, match=r"the model of spam@v1\.0\.0 cannot be read: .* `dvc fetch --rev spam@v1\.0\.0` from a remote"
    ):
        champion_folder(Project.open(repository), "spam", VERSION)


def test_a_full_disk_is_told_as_one(repository: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()

    def get(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "model")

    monkeypatch.setattr("dvc.api.DVCFileSystem.get", get)
    monkeypatch.setattr("dvc.api.DVCFileSystem.__init__", lambda *_, **__: None)
    monkeypatch.setattr(model_files, "share_cache", lambda _: None)
    with pytest.raises(OSError, match="No space left"):
        champion_folder(Project.open(repository), "spam", VERSION)


@pytest.fixture
def published(inside: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A repository with a version whose model is a folder of one file; the list holds what DVC's cache gives for it."""
    git("init", "-q", "-b", "main", folder=inside)
    (inside / "whole/deep").mkdir(parents=True)
    (inside / "whole/deep/head").write_bytes(b"whole")
    commit(inside, "one")
    out = {"path": "models/spam/candidate", "md5": folder_digest(inside / "whole")}
    (inside / "dvc.lock").write_text(yaml.safe_dump({"stages": {"train@spam": {"outs": [out]}}}))
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "-a", "-m", "two", folder=inside)
    tag(inside, VERSION, git("rev-parse", "HEAD", folder=inside))
    given = [b"whole"]

    def get(_: object, source: str, target: str, **__: object) -> None:
        (Path(target) / "deep").mkdir(parents=True)
        (Path(target) / "deep/head").write_bytes(given[0])

    monkeypatch.setattr("dvc.api.DVCFileSystem.get", get)
    monkeypatch.setattr("dvc.api.DVCFileSystem.__init__", lambda *_, **__: None)
    monkeypatch.setattr(model_files, "share_cache", lambda _: None)
    return given


def test_a_damaged_copy_is_fetched_anew(inside: Path, published: list[bytes]):
    project = Project.open(inside)
    folder = champion_folder(project, "spam", VERSION)
    (folder / "deep/head").write_bytes(b"wrong")
    assert (champion_folder(project, "spam", VERSION) / "deep/head").read_bytes() == b"whole"
    (folder / "beside").write_bytes(b"")
    assert not (champion_folder(project, "spam", VERSION) / "beside").exists()


def test_files_that_are_damaged_in_the_cache_are_refused_and_not_kept(inside: Path, published: list[bytes]):
    project = Project.open(inside)
    published[0] = b"wrong"
    for _ in range(2):
        with pytest.raises(DataError, match=r"the model of spam@v1\.0\.0 is damaged in DVC's cache.*doctor --fix"):
            champion_folder(project, "spam", VERSION)
    assert list((project.state / "models").iterdir()) == []
    published[0] = b"whole"
    assert (champion_folder(project, "spam", VERSION) / "deep/head").read_bytes() == b"whole"

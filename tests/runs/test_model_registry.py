import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tidemill.contracts import ConfigError
from tidemill.errors import PublishError
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import object_path
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry, tag_object
from tidemill.runs.promotion_record import signed
from tidemill.runs.rollback import rollback


def commit(folder: Path, name: str) -> str:
    """A commit that holds a model of spam and one of solar: a file with its name, which is in DVC's cache."""
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    model = object_path(folder / ".dvc" / "cache", digest)
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(name)
    stages = {
        f"train@{problem}": {"cmd": "train", "outs": [{"path": f"models/{problem}/candidate", "md5": digest}]}
        for problem in ("spam", "solar")
    }
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    git("add", "dvc.lock", folder=folder)
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "-m", name, folder=folder)
    return git("rev-parse", "HEAD", folder=folder)


def tag(folder: Path, name: str, where: str) -> None:
    git("update-ref", f"refs/tags/{name}", tag_object(name, where, signed(name, "gate"), folder), folder=folder)


@pytest.fixture
def repository(inside: Path) -> Path:
    """A repository with two promoted versions of spam and one of solar."""
    git("init", "-q", "-b", "main", folder=inside)
    one, two = commit(inside, "one"), commit(inside, "two")
    for name, where in [("spam@v1.0.0", one), ("spam#prod#1", one), ("spam@v1.1.0", two), ("spam#prod#2", two)]:
        tag(inside, name, where)
    for name in ("solar@v1.0.0", "solar#prod#1"):
        tag(inside, name, two)
    return inside


def test_a_new_problem_has_no_champion_and_starts_at_version_one(inside: Path):
    git("init", "-q", folder=inside)
    registry = read_registry(Project.open(inside), "spam")
    assert registry.champion is None
    assert registry.next_tags() == ("spam@v1.0.0", "spam#prod#1")


def test_the_champion_is_the_version_assigned_last(repository: Path):
    registry = read_registry(Project.open(repository), "spam")
    assert registry.champion == "spam@v1.1.0"
    assert registry.next_tags() == ("spam@v1.2.0", "spam#prod#3")


def test_versions_are_ordered_as_numbers(repository: Path):
    for number in (2, 10, 9):
        tag(repository, f"spam@v1.{number}.0", git("rev-parse", "HEAD", folder=repository))
    assert list(read_registry(Project.open(repository), "spam").versions)[-1] == "spam@v1.10.0"


def test_rollback_is_a_new_assignment_of_the_version_before(repository: Path):
    before = set(git("for-each-ref", "refs/tags", folder=repository).splitlines())
    assert rollback(Project.open(repository), "spam", None) == "spam@v1.0.0"
    assert read_registry(Project.open(repository), "spam").champion == "spam@v1.0.0"
    assert before < set(git("for-each-ref", "refs/tags", folder=repository).splitlines())
    with pytest.raises(ConfigError, match=r"no version before spam@v1\.0\.0"):
        rollback(Project.open(repository), "spam", None)
    assert rollback(Project.open(repository), "spam", "v1.1.0") == "spam@v1.1.0"


def test_a_rollback_to_damaged_or_lost_files_changes_nothing_and_one_to_files_that_a_remote_may_have_is_made(
    repository: Path,
):
    one = git("rev-list", "--max-parents=0", "HEAD", folder=repository)
    digest = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    model = object_path(repository / ".dvc" / "cache", digest)
    model.write_text("on")
    with pytest.raises(PublishError, match=r"candidate of spam@v1\.0\.0 is damaged; nothing was changed"):
        rollback(Project.open(repository), "spam", None)
    assert read_registry(Project.open(repository), "spam").champion == "spam@v1.1.0"
    model.unlink()
    with pytest.raises(PublishError, match=r"candidate of spam@v1\.0\.0 is gone, and no DVC remote is set"):
        rollback(Project.open(repository), "spam", None)
    assert read_registry(Project.open(repository), "spam").champion == "spam@v1.1.0"
    (repository / ".dvc" / "config").write_text(
        "[core]\n    remote = store\n['remote \"store\"']\n    url = ../store\n"
    )
    assert rollback(Project.open(repository), "spam", None) == "spam@v1.0.0"
    assert read_registry(Project.open(repository), "spam").versions["spam@v1.0.0"] == one


def test_a_version_that_is_not_there_is_named_with_those_that_are(repository: Path):
    with pytest.raises(ConfigError, match=r"no version spam@v9\.0\.0; there are spam@v1\.0\.0, spam@v1\.1\.0"):
        rollback(Project.open(repository), "spam", "v9.0.0")


@pytest.mark.slow
def test_gto_reads_the_same_champion(repository: Path):
    shown = subprocess.run(
        [str(Path(sys.executable).with_name("gto")), "show", "spam"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "v1.1.0" in shown
    assert "prod" in shown

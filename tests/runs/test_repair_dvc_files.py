"""DVC's own files, torn by a kill."""

import subprocess
import sys
from pathlib import Path

import pytest
import voluptuous
import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA

from tidemill.runs.git import git
from tidemill.runs.repair_dvc_files import is_whole_lock, repair_dvc_files, torn_files

pytestmark = pytest.mark.slow

LOCK = """schema: '2.0'
stages:
  one:
    cmd: echo one > one
    params:
      params.yaml:
        seed: 1
        tolerance: 1e-06
    outs:
    - path: one
      hash: md5
      md5: 5bbf5a52328e7439ae6e719dfe712200
      size: 4
  two:
    cmd: cp one two
    deps:
    - path: one
      hash: md5
      md5: 5bbf5a52328e7439ae6e719dfe712200
      size: 4
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git("init", "-q", folder=tmp_path)
    subprocess.run([Path(sys.executable).with_name("dvc"), "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  one: {cmd: echo one > one, outs: [one]}\n  two: {cmd: cp one two, deps: [one]}\n"
    )
    (tmp_path / "dvc.lock").write_text(LOCK)
    git("add", "-A", folder=tmp_path)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "one", folder=tmp_path)
    return tmp_path


def repro(root: Path) -> subprocess.CompletedProcess[str]:
    dvc = Path(sys.executable).with_name("dvc")
    return subprocess.run([dvc, "repro"], cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("torn", ["", '{"write": {"a": {"pid"', "[]"])
def test_a_torn_rwlock_stops_dvc_until_it_is_mended(root: Path, torn: str):
    (root / ".dvc/tmp").mkdir(exist_ok=True)
    (root / ".dvc/tmp/rwlock").write_text(torn)
    assert repro(root).returncode != 0
    said: list[str] = []
    repair_dvc_files(root, said.append)
    assert "rwlock" in said[0]
    assert repro(root).returncode == 0


@pytest.mark.parametrize("torn", ["", "schema: '2.0'\nstages:\n  one: {cmd: 'ech", LOCK[: LOCK.index("\n  one:")]])
def test_a_torn_lock_file_is_put_back_as_it_was_committed(root: Path, torn: str):
    (root / "dvc.lock").write_text(torn)
    said: list[str] = []
    repair_dvc_files(root, said.append)
    assert (root / "dvc.lock").read_text() == LOCK
    assert "dvc.lock" in said[0]


def parsed(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def is_taken(text: str) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(parsed(text))
    except voluptuous.Invalid:
        return False
    return True


def test_every_cut_that_dvc_refuses_is_seen():
    """DVC's own schema is the judge; what it takes may still be told to be torn, such as half of a hash."""
    for end in range(len(LOCK)):
        cut = LOCK[:end]
        assert is_taken(cut) or not is_whole_lock(parsed(cut)), cut
    assert is_whole_lock(yaml.safe_load(LOCK))


def test_a_lock_file_that_was_cut_between_two_stages_gets_the_lost_one_back(root: Path):
    (root / "dvc.lock").write_text(LOCK[: LOCK.index("  two:")].replace("seed: 1", "seed: 2"))
    said: list[str] = []
    repair_dvc_files(root, said.append)
    stages = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    assert stages["two"] == yaml.safe_load(LOCK)["stages"]["two"]
    assert stages["one"]["params"]["params.yaml"]["seed"] == 2  # what ran since then stays
    assert "two" in said[0]


def test_the_entry_of_a_stage_that_the_project_no_longer_has_stays_away(root: Path):
    (root / "dvc.lock").write_text(LOCK[: LOCK.index("  two:")])
    (root / "dvc.yaml").write_text("stages:\n  one: {cmd: echo one > one, outs: [one]}\n")
    repair_dvc_files(root, lambda _: pytest.fail("there was nothing to mend"))


def test_a_torn_lock_file_that_was_never_committed_is_removed(root: Path):
    git("rm", "-q", "--cached", "dvc.lock", folder=root)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "two", folder=root)
    (root / "dvc.lock").write_text("")
    repair_dvc_files(root, print)
    assert not (root / "dvc.lock").exists()


def test_two_sides_of_a_merge_are_left_to_a_person(root: Path):
    both = LOCK.replace("  two:", "<<<<<<< ours\n  two:").replace(
        "      size: 4\n  ", "      size: 4\n=======\n>>>>>>> theirs\n  ", 1
    )
    (root / "dvc.lock").write_text(both)
    said: list[str] = []
    repair_dvc_files(root, said.append)
    assert (root / "dvc.lock").read_text() == both
    assert said[0].startswith("dvc.lock, line ")
    assert "git checkout --ours dvc.lock" in said[0]
    assert torn_files(root) == []


def test_whole_files_are_left_alone(root: Path):
    assert repro(root).returncode == 0
    before = (root / "dvc.lock").read_bytes(), (root / ".dvc/tmp/rwlock").read_bytes()
    repair_dvc_files(root, lambda _: pytest.fail("there was nothing to mend"))
    assert ((root / "dvc.lock").read_bytes(), (root / ".dvc/tmp/rwlock").read_bytes()) == before

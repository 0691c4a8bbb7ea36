"""DVC's own files, torn by a kill."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidemill.runs.git import git
from tidemill.runs.repair_dvc_files import repair_dvc_files

LOCK = "schema: '2.0'\nstages: {}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git("init", "-q", folder=tmp_path)
    subprocess.run([Path(sys.executable).with_name("dvc"), "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text("stages:\n  one:\n    cmd: echo one > one\n    outs: [one]\n")
    (tmp_path / "dvc.lock").write_text(LOCK)
    git("add", "-A", folder=tmp_path)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "one", folder=tmp_path)
    return tmp_path


def repro(root: Path) -> subprocess.CompletedProcess[str]:
    dvc = Path(sys.executable).with_name("dvc")
    return subprocess.run([dvc, "repro"], cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("torn", ["", '{"write": {"a": {"pid"', "[]"])
@pytest.mark.slow
def test_a_torn_rwlock_stops_dvc_until_it_is_mended(root: Path, torn: str):
    (root / ".dvc/tmp").mkdir(exist_ok=True)
    (root / ".dvc/tmp/rwlock").write_text(torn)
    assert repro(root).returncode != 0
    said: list[str] = []
    repair_dvc_files(root, said.append)
    assert "rwlock" in said[0]
    assert repro(root).returncode == 0


@pytest.mark.parametrize("torn", ["", "schema: '2.0'\nstages:\n  one: {cmd: 'ech"])
def test_a_torn_lock_file_is_put_back_as_it_was_committed(root: Path, torn: str):
    (root / "dvc.lock").write_text(torn)
    said: list[str] = []
    repair_dvc_files(root, said.append)
    assert (root / "dvc.lock").read_text() == LOCK
    assert "dvc.lock" in said[0]


def test_a_torn_lock_file_that_was_never_committed_is_removed(root: Path):
    git("rm", "-q", "--cached", "dvc.lock", folder=root)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "two", folder=root)
    (root / "dvc.lock").write_text("")
    repair_dvc_files(root, print)
    assert not (root / "dvc.lock").exists()


@pytest.mark.slow
def test_whole_files_are_left_alone(root: Path):
    assert repro(root).returncode == 0
    before = (root / "dvc.lock").read_bytes(), (root / ".dvc/tmp/rwlock").read_bytes()
    repair_dvc_files(root, lambda _: pytest.fail("there was nothing to mend"))
    assert ((root / "dvc.lock").read_bytes(), (root / ".dvc/tmp/rwlock").read_bytes()) == before

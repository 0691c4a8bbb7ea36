"""A folder becomes a project, whole or not at all, and nothing that was there is overwritten."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tidemill import __version__
from tidemill.apps.onboarding.init_project import init_project
from tidemill.apps.onboarding.lock_file import read_lock_file
from tidemill.apps.onboarding.project_template import template_files
from tidemill.contracts import ConfigError
from tidemill.project.compose import compose
from tidemill.project.config import load_params
from tidemill.runs.git import git, succeeds

pytestmark = pytest.mark.slow

FILES = {file.path for file in template_files("any", __version__)}


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name and address to commit with, and no settings of this machine."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for number, (key, value) in enumerate((("user.name", "Tester"), ("user.email", "tester@localhost"))):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")


def test_a_new_folder_is_a_repository_with_dvc_settings_and_a_first_commit(tmp_path: Path) -> None:
    made = init_project(tmp_path / "with spaces" / "My reviews")
    assert git("status", "--porcelain", "--ignored", folder=made.folder).splitlines() == [
        "!! .dvc/tmp/",
        "!! .tidemill/",
    ]
    assert git("rev-parse", "HEAD", folder=made.folder) == made.commit
    committed = set(git("ls-files", folder=made.folder).splitlines())
    assert committed == FILES | {"params.yaml", "code.yaml", "tidemill.lock", ".dvc/.gitignore"}
    assert load_params(made.folder / "params.yaml") == compose(conf=made.folder / "conf")
    assert f'"tidemill[all]=={__version__}"' in (made.folder / "pyproject.toml").read_text(encoding="utf-8")
    assert 'name = "my-reviews"' in (made.folder / "pyproject.toml").read_text(encoding="utf-8")
    assert "config_name = config" in (made.folder / ".dvc/config").read_text(encoding="utf-8")


def test_a_folder_with_files_is_refused_and_those_in_the_way_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"is not empty \(it has notes\.txt\): .* --force"):
        init_project(tmp_path)
    (tmp_path / "Makefile").write_text("mine:")
    with pytest.raises(ConfigError, match=r"\(in the way: Makefile\)"):
        init_project(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "notes.txt"]


def test_by_force_a_repository_with_files_becomes_a_project_and_keeps_them(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    mine = {"Makefile": "mine:\n", ".gitignore": "*.log\n.venv/\n", "notes.txt": "mine", ".dvcignore": "*.bak\n"}
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    made = init_project(tmp_path, force=True)
    assert set(made.kept) == {"Makefile", ".gitignore", ".dvcignore"}
    now = {name: (tmp_path / name).read_text() for name in mine}
    assert now["Makefile"] == mine["Makefile"]
    assert now[".dvcignore"] == mine[".dvcignore"]
    assert now[".gitignore"].startswith(mine[".gitignore"])
    assert now[".gitignore"].splitlines().count(".venv/") == 1
    assert succeeds("check-ignore", "-q", "data/spam/raw/", folder=tmp_path)
    assert "notes.txt" not in git("ls-files", folder=tmp_path).splitlines()
    (makefile,) = [file for file in template_files("any", __version__) if file.path == "Makefile"]
    assert read_lock_file(tmp_path).files["Makefile"] == makefile.digest


def test_by_force_a_repository_that_has_dvc_keeps_its_settings_and_finds_hydras(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    remote = mine\n['remote \"mine\"']\n    url = /somewhere\n")
    made = init_project(tmp_path, force=True)
    settings = configparser.ConfigParser()
    settings.read(tmp_path / ".dvc/config")
    assert settings["core"]["remote"] == "mine"
    assert dict(settings["hydra"]) == {"enabled": "True", "config_dir": "conf", "config_name": "config"}
    assert ".dvc/config" in git("ls-files", folder=tmp_path).splitlines()
    assert made.kept == (".dvc/config",)


def test_a_repository_that_is_empty_needs_no_force(tmp_path: Path) -> None:
    git("init", "-q", "-b", "trunk", folder=tmp_path)
    assert init_project(tmp_path).commit
    assert git("branch", "--show-current", folder=tmp_path) == "trunk"


def test_a_repository_whose_objects_dvc_does_not_read_is_refused_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "--quiet", "--object-format=sha256", str(tmp_path / "other"), folder=tmp_path)
    for force in (False, True):
        with pytest.raises(
            ConfigError, match=r"objects have SHA256 names .*, and DVC reads those with SHA-1 alone: make"
        ):
            init_project(tmp_path / "other", force=force)
    assert [path.name for path in (tmp_path / "other").iterdir()] == [".git"]
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    init_project(tmp_path / "new")
    assert git("rev-parse", "--show-object-format", folder=tmp_path / "new") == "sha1"


def test_a_folder_inside_another_repository_is_refused_unless_that_ignores_it(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    with pytest.raises(ConfigError, match=f"lies in the git repository {tmp_path.resolve()}.* outside of it"):
        init_project(tmp_path / "below" / "it")
    assert not (tmp_path / "below").exists()
    (tmp_path / ".gitignore").write_text("below/\n")
    assert init_project(tmp_path / "below" / "it").commit


def test_without_a_name_for_git_the_project_is_made_and_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    monkeypatch.delenv("EMAIL", raising=False)
    made = init_project(tmp_path / "p")
    assert made.commit is None
    assert "git config --global user.name" in "\n".join(made.lines)
    assert (tmp_path / "p/dvc.yaml").exists()
    assert not succeeds("rev-parse", "HEAD", folder=made.folder)


def test_what_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file: name a folder"):
        init_project(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"cannot write .*: Not a directory"):
        init_project(tmp_path / "file" / "below")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "params.yaml")

    monkeypatch.setattr("tidemill.apps.onboarding.init_project.compose_all", full)
    with pytest.raises(ConfigError, match=r"cannot write params\.yaml: No space left on device"):
        init_project(tmp_path / "p")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_folder_that_is_read_only_is_named(tmp_path: Path) -> None:
    """Root may write everywhere, unless it gives that up."""
    (tmp_path / "shut").mkdir(mode=0o555)
    less = "-dac_override,-dac_read_search"
    as_other = ["setpriv", f"--bounding-set={less}", f"--inh-caps={less}"] if os.geteuid() == 0 else []
    if as_other and shutil.which("setpriv") is None:
        pytest.skip("root without setpriv")
    for folder in ("shut", "shut/p"):
        words = [*as_other, sys.executable, "-m", "tidemill", "init", str(tmp_path / folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "Permission denied" in done.stderr or "may not write in" in done.stderr
        assert str(tmp_path / "shut") in done.stderr
    assert list((tmp_path / "shut").iterdir()) == []

"""DVC's settings in worktrees: paths in them are relative to the file that they are in, wherever that is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dvc.config import Config

from tests.runs.conftest import dvc
from tidemill.runs.dvc_config import cache_folder, default_remote, share_cache
from tidemill.runs.git import git
from tidemill.runs.worktree import workspace

pytestmark = pytest.mark.slow


def settings(folder: Path) -> Config:
    return Config(dvc_dir=str(folder / ".dvc"))


def test_a_relative_remote_means_the_same_place_in_the_worktree_of_a_run(toy: Path):
    (toy / ".dvc/config").write_text("[core]\n    remote = store\n['remote \"store\"']\n    url = ../../store\n")
    with workspace(toy) as work:
        assert settings(work.folder)["remote"]["store"]["url"] == str(toy.parent / "store")
        assert default_remote(work.folder) == default_remote(toy) == "store"
        assert "analytics" not in (work.folder / ".dvc/config.local").read_text()  # what is tracked is there already


def test_folders_of_any_script_are_written(toy: Path):
    (toy / ".dvc/config.local").write_text(
        "[cache]\n    dir = ../../größe 猫\n[core]\n    analytics = false\n['remote \"store\"']\n    url = ../../josé\n"
    )
    with workspace(toy) as work:
        assert cache_folder(work.folder) == toy.parent / "größe 猫"
        assert settings(work.folder)["remote"]["store"]["url"] == str(toy.parent / "josé")
        assert settings(work.folder)["core"]["analytics"] is False


@pytest.mark.parametrize("level", ["config", "config.local"])
def test_a_cache_elsewhere_is_the_cache_of_runs_too(toy: Path, level: str):
    (toy / ".dvc" / level).write_text("[cache]\n    dir = ../../big disk\n    type = copy\n")
    assert cache_folder(toy) == toy.parent / "big disk"
    with workspace(toy) as work:
        assert cache_folder(work.folder) == toy.parent / "big disk"
        assert settings(work.folder)["cache"].get("type") == (
            ["copy"] if level == "config.local" else ["hardlink", "copy"]
        )


def test_a_linked_worktree_uses_the_cache_of_the_main_checkout(toy: Path):
    own = toy.parent / f"{toy.name}-linked"
    git("worktree", "add", "-q", "-b", "feature", str(own), folder=toy)
    assert cache_folder(own) == toy / ".dvc/cache"
    share_cache(own)
    share_cache(own)
    dvc("repro", "double@spam", folder=own)  # by DVC itself
    assert list((toy / ".dvc/cache").rglob("*.dir"))
    assert not (own / ".dvc/cache").exists()
    assert json.loads((own / "data/spam/batches.json").read_text()) == {"one": 1}
    share_cache(toy)
    assert not (toy / ".dvc/config.local").exists()

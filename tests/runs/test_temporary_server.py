"""Servers that a command has started and could not end: only the process that was started is ended."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tidemill.common.locks import CLAIM, claimed
from tidemill.errors import RunError
from tidemill.project.layout import RUNS
from tidemill.project.project import Project
from tidemill.runs import temporary_server
from tidemill.runs.doctor.leftovers import leftovers, sweep_leftovers
from tidemill.runs.git import git
from tidemill.runs.temporary_server import end_orphans, prefect_api, servers_folder

COMMAND = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, tmp_path)


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a server which did not end with its command."""
    with subprocess.Popen(COMMAND) as process:
        yield process
        process.kill()


def note(project: Project, process: subprocess.Popen[bytes], **changes: object) -> Path:
    started = psutil.Process(process.pid).create_time()
    path = servers_folder(project) / "1-a.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": process.pid, "started": started, "command": COMMAND} | changes))
    path.with_suffix(CLAIM).touch()
    return path


def test_an_orphan_is_ended_and_its_note_removed(project: Project, server: subprocess.Popen[bytes]):
    path = note(project, server)
    assert len(leftovers(project)) == 1
    assert sweep_leftovers(project) == [f"Prefect's server {server.pid}: ended"]
    assert server.poll() is not None
    assert not path.exists()
    assert leftovers(project) == []


def test_the_worktrees_that_are_listed_are_those_that_are_removed(project: Project):
    git("init", "-q", folder=project.root)
    runs = project.shared / RUNS
    for name in ("1-dead", "2-unclaimed", "3-alive"):
        (runs / name).mkdir(parents=True)
    (runs / "1-dead").with_suffix(CLAIM).touch()
    with claimed((runs / "3-alive").with_suffix(CLAIM)):
        dead = [runs / "1-dead", runs / "2-unclaimed"]
        assert leftovers(project) == [f"a killed run left the worktree {folder}" for folder in dead]
        assert sweep_leftovers(project) == [f"{folder}: removed" for folder in dead]
        assert leftovers(project) == []
        assert (runs / "3-alive").is_dir()


@pytest.mark.parametrize(
    "changes", [{"started": 1.0}, {"command": ["prefect", "server"]}, {"pid": "seven"}, {"more": 1}]
)
def test_another_process_of_that_number_is_left_alone(
    project: Project, server: subprocess.Popen[bytes], changes: dict[str, object]
):
    path = note(project, server, **changes)
    assert end_orphans(project) == []
    assert server.poll() is None
    assert not path.exists()


def test_the_server_of_a_command_that_is_alive_is_left_alone(project: Project, server: subprocess.Popen[bytes]):
    path = note(project, server)
    path.with_suffix(CLAIM).unlink()
    with claimed(path.with_suffix(CLAIM)):
        assert end_orphans(project) == []
        assert leftovers(project) == []
    assert server.poll() is None
    assert path.exists()


def test_a_torn_note_is_removed(project: Project):
    folder = servers_folder(project)
    folder.mkdir(parents=True)
    (folder / "1-a.json").write_text('{"pid": 7')
    (folder / f"1-a{CLAIM}").touch()
    assert end_orphans(project) == []
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "https://nowhere.invalid/api/accounts/x", "nowhere"])
def test_a_server_that_the_environment_names_and_that_does_not_answer_is_told(project: Project, monkeypatch, url: str):
    monkeypatch.setattr("os.environ", os.environ | {"PREFECT_API_URL": url})
    with pytest.raises(
        RunError, match=rf"PREFECT_API_URL is {re.escape(url)}, and no Prefect .* unset PREFECT_API_URL"
    ):
        prefect_api(project)()


def test_a_server_that_takes_its_time_or_has_a_certificate_of_its_own_is_left_to_prefect(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    with socket.create_server(("127.0.0.1", 0)) as listening:  # accepts, and says nothing
        monkeypatch.setattr(temporary_server, "_ANSWER_SECONDS", 0.1)
        for scheme in ("http", "https"):
            url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/api"
            monkeypatch.setattr("os.environ", os.environ | {"PREFECT_API_URL": url})
            prefect_api(project)()

"""`tidemill run` with a server of its own, killed, interrupted and terminated in a stage, on a machine that has a proxy."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import lend_database
from tests.end_to_end.conftest import write_reviews
from tests.runs.test_subprocesses import is_gone, wait_until
from tidemill.apps.onboarding.init_project import init_project
from tidemill.apps.onboarding.new_problem import NewProblem, create_problem
from tidemill.project.layout import RUNS
from tidemill.project.project import Project
from tidemill.runs.git import git

PIPELINE = """
stages:
  ingest:
    matrix: {problem: "${problems}"}
    cmd: python wait.py
    deps: [wait.py, "data/${item.problem}/batches.json"]
"""
WAIT = "import os, time\nprint('waits as', os.getpid(), flush=True)\ntime.sleep(600)\n"


@pytest.fixture
def project(tmp_path: Path, packages: Path, prefect_home: Path) -> Path:
    """A project whose only stage waits until it is killed."""
    folder = tmp_path / "project"
    init_project(folder)
    lend_database(prefect_home, folder)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/packages").symlink_to(packages)
    write_reviews(tmp_path / "reviews.csv", rows=60, seed=1)
    create_problem(
        NewProblem("tiny", source=tmp_path / "reviews.csv", text="body", label="stars"), Project.open(folder)
    )
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "wait.py").write_text(WAIT)
    git("add", "-A", folder=folder)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "tiny", folder=folder)
    return folder


@contextmanager
def waiting_run(project: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run and the process of its stage, which waits."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT", "PYTEST"))}
    nowhere = "http://127.0.0.1:9"  # a proxy that answers nothing
    environment |= {
        "HTTP_PROXY": nowhere,
        "http_proxy": nowhere,
        "ALL_PROXY": "socks5h://127.0.0.1:9",
        "no_proxy": "example.org",
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-m", "tidemill", "run", "problem=tiny"],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "waits as" in line:
                yield process, int(line.split()[-1])
                break
        else:
            pytest.fail("".join(said))


def states(project: Path) -> list[str]:
    """State of every flow run, in order."""
    with sqlite3.connect(project / ".tidemill/prefect/prefect.db") as database:
        rows = database.execute("SELECT state_type FROM flow_run ORDER BY created").fetchall()
    return [state for (state,) in rows]


def servers(project: Path) -> list[int]:
    return [json.loads(note.read_text())["pid"] for note in (project / ".tidemill/prefect/servers").glob("*.json")]


def worktrees(project: Path) -> list[Path]:
    return [path for path in (project / RUNS).iterdir() if path.is_dir()]


@pytest.mark.slow
def test_what_a_killed_run_leaves_ends_with_it_or_at_the_next_start_and_a_signal_leaves_nothing(project: Path):
    with waiting_run(project) as (process, stage):
        (server,) = servers(project)
        process.send_signal(signal.SIGKILL)
    assert wait_until(lambda: is_gone(server))
    assert wait_until(lambda: is_gone(stage))
    assert states(project) == ["RUNNING", "RUNNING"]
    (left,) = worktrees(project)

    for number, before in ((signal.SIGINT, 2), (signal.SIGTERM, 4)):
        with waiting_run(project) as (process, stage):
            assert worktrees(project) != [left]
            assert states(project)[:before] == ["CRASHED"] * before
            (server,) = servers(project)
            process.send_signal(number)
            assert process.stdout is not None
            said = process.stdout.read()
        assert process.returncode == 130
        assert "Traceback" not in said
        assert is_gone(stage)
        assert is_gone(server)
        assert worktrees(project) == []
        assert states(project)[: before + 1] == ["CRASHED"] * (before + 1)  # the inner run too, or at the next start


@pytest.mark.slow
def test_a_run_whose_server_was_killed_says_so_and_ends(project: Path):
    with waiting_run(project) as (process, stage):
        (server,) = servers(project)
        os.kill(server, signal.SIGKILL)
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode != 0
    assert "Prefect's temporary server has ended (signal SIGKILL, as where memory runs out)" in said
    assert wait_until(lambda: is_gone(stage))
    with waiting_run(project) as (process, stage):
        assert states(project)[:2] == ["CRASHED", "CRASHED"]
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        process.stdout.read()
    assert worktrees(project) == []

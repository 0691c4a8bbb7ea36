"""Runs that are started in the Prefect UI, whose worker or UI ends by a signal: none stays RUNNING, and no worktree is left."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import free_port
from tests.end_to_end.test_ui import ask
from tests.flows.test_killed_run import project, states, worktrees
from tests.runs.test_subprocesses import is_gone, wait_until

__all__ = ["project"]
LONG = 300.0


@contextmanager
def ui(project: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`tidemill ui` of the project, and the address of its API."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT", "PYTEST"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ["ui", "--port", str(port), "--pages-port", str(free_port()), "--studio-port", str(free_port())]
    command = [sys.executable, "-P", "-m", "tidemill", *words]
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("Ctrl-C" in line for line in process.stdout), "the UI did not come up"
            yield process, f"http://127.0.0.1:{port}/api"
        finally:
            process.send_signal(signal.SIGTERM)


def children(process: subprocess.Popen[str], *words: str) -> list[psutil.Process]:
    """Those whose command line ends with the words, arguments of theirs aside, and that are Python's own."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            line = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        if "-E" not in line and "dvc" not in " ".join(line) and set(words) <= set(line):
            found.append(child)
    return found


def started(process: subprocess.Popen[str], api: str) -> tuple[int, int]:
    """Processes of the worker, and of the stage in which a run of the work pool waits."""
    found = ask(f"{api}/deployments/name/refresh/refresh")
    parameters = {"problem": "tiny", "overrides": []}
    ask(f"{api}/deployments/{found['id']}/create_flow_run", {"parameters": parameters})
    assert wait_until(lambda: children(process, "wait.py"), seconds=LONG)
    (worker,) = children(process, "worker", "start")
    return worker.pid, children(process, "wait.py")[0].pid


def ended_states(project: Path) -> set[str]:
    return {state for state in states(project) if state != "SCHEDULED"}  # runs that deployments' schedules foresee


@pytest.mark.slow
def test_no_run_stays_running_and_no_worktree_is_left(project: Path):
    """First the UI itself is killed, then the worker, twice; each start of the UI takes long, so what the kill left is seen to in the next."""
    with ui(project) as (process, api):
        _, stage = started(process, api)
        process.kill()
    assert wait_until(functools.partial(is_gone, stage), seconds=LONG)

    for number in (signal.SIGTERM, signal.SIGKILL):
        with ui(project) as (process, api):
            assert ended_states(project) == {"CRASHED"}
            assert worktrees(project) == []
            worker, stage = started(process, api)
            assert len(worktrees(project)) == 1
            assert "RUNNING" in ended_states(project)
            os.kill(worker, number)
            assert process.wait(timeout=LONG) == 0
        assert wait_until(functools.partial(is_gone, stage))
        assert ended_states(project) == {"CRASHED"}, number
        assert worktrees(project) == [], number

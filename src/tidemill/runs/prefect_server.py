"""`tidemill ui`: a Prefect server on SQLite, the deployments of prefect.yaml, a worker, the reports and the studio, on loopback."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tidemill.errors import RunError
from tidemill.project.project import Project
from tidemill.runs.local_addresses import HOST, api_url, prefect_environment, server_file
from tidemill.runs.subprocesses import start_with_parent

_START_SECONDS = 120
_POOL: Final = "tidemill"
_OPTIONS: Final = ("env", "labels", "name", "stream_output", "working_dir")
_TEMPLATE: Final = {
    "job_configuration": {"command": "python -P -m prefect.engine", **{name: f"{{{{ {name} }}}}" for name in _OPTIONS}},
    "variables": {"type": "object", "properties": {name: {} for name in _OPTIONS}},
}
"""Of the work pool's flow runs: Prefect's own command puts the project's folder before the standard library."""
_IN_TURN: Final = """
import json, sys
from prefect.cli import app
for words in json.loads(sys.argv[1]):
    sys.argv = ["prefect", *words]
    try:
        app()
    except SystemExit as ending:
        if ending.code:
            sys.exit(f"`prefect {' '.join(words)}` failed")
"""
"""Commands of Prefect in one process: to import it takes longer than either."""


def serve(project: Project, *, port: int, pages_port: int, studio_port: int) -> None:
    """Run server, worker, pages and studio until the process is interrupted; all have ended afterwards.

    Parameters
    ----------
    project
        The project.
    port
        Port of the Prefect server on the loopback interface.
    pages_port
        Port of the reports.
    studio_port
        Port of the studio, which is left out where what it needs is not installed.
    """
    os.environ["TIDEMILL_STUDIO_PORT"] = str(studio_port)  # runs link to it
    with up(project, port=port, pages_port=pages_port) as worker, _studio(project, studio_port) as address:
        print(f"Prefect  http://{HOST}:{port}  (deployments: Run > Quick run, or Custom run)")
        print(f"reports  http://{HOST}:{pages_port}/index.html")
        print(f"studio   {address or 'not installed: pip install tidemill[studio]'}")
        print("Ctrl-C ends all.", flush=True)
        for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT is ignored where a shell started us in the background
            signal.signal(number, _interrupt)
        with contextlib.suppress(KeyboardInterrupt):
            worker.wait()


@contextlib.contextmanager
def _studio(project: Project, port: int) -> Iterator[str | None]:
    """None where it cannot be served."""
    if not all(map(importlib.util.find_spec, ("fastapi", "uvicorn", "ruamel"))):
        yield None
        return
    words = ["tidemill", "studio", "--port", str(port), "--no-browser"]
    with _process(words, project.shared, dict(os.environ), project.state / "logs" / "studio.log"):
        yield f"http://{HOST}:{port}"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def up(project: Project, *, port: int, pages_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start server, deployments, pages and a worker around the block, and stop them after it.

    Parameters
    ----------
    project
        The project.
    port
        Port of the Prefect server on the loopback interface.
    pages_port
        Port of the reports.

    Yields
    ------
    subprocess.Popen
        The worker.
    """
    environment, root = _environment(project, port, pages_port), project.shared
    logs = project.state / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        words = ["prefect", "server", "start", "--host", HOST, "--port", str(port)]
        server = stack.enter_context(_process(words, root, environment, logs / "server.log"))
        await_health(port, server, logs / "server.log")
        _sweep(project, environment)
        stack.callback(_sweep, project, environment)  # once the worker has ended, and its runs with it
        stack.enter_context(_pages(root, pages_port))
        template = logs / "work-pool.json"
        template.write_text(json.dumps(_TEMPLATE), encoding="utf-8")
        pool = ["work-pool", "create", _POOL, "--type", "process", "--overwrite", "--base-job-template", str(template)]
        _set_up([pool, ["--no-prompt", "deploy", "--all"]], root, environment)
        server_file(project).write_text(str(port), encoding="utf-8")
        stack.callback(server_file(project).unlink, missing_ok=True)
        words = ["prefect", "worker", "start", "--pool", _POOL, "--type", "process", "--name", "local"]
        yield stack.enter_context(_process(words, root, environment, logs / "worker.log"))


def _sweep(project: Project, environment: dict[str, str]) -> None:
    """End what runs have left whose processes were killed with the worker, or before; what is left of it is in the log."""
    with (project.state / "logs" / "sweep.log").open("ab") as out:
        subprocess.run(
            [sys.executable, "-P", "-m", "tidemill.runs.flow_records", str(project.shared)],
            cwd=project.shared,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        )


def _environment(project: Project, port: int, pages_port: int) -> dict[str, str]:
    return (
        os.environ
        | prefect_environment(project)
        | {
            "PREFECT_API_URL": api_url(port),
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "TIDEMILL_PAGES_PORT": str(pages_port),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONSAFEPATH": "1",  # a file random.py in the project's folder takes no other module's place
        }
    )


@contextlib.contextmanager
def _process(words: list[str], root: Path, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Ended with the block, or with this process."""
    with log.open("ab") as out:
        command = [sys.executable, "-P", "-m", *words]
        process = start_with_parent(command, folder=root, environment=environment, out=out)
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        if process.stdin is not None:
            process.stdin.close()  # what has not ended by now is killed
        process.wait()


def await_health(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a starting Prefect server answers.

    Parameters
    ----------
    port
        Port of the server on the loopback interface.
    server
        Process of the server.
    log
        Its output.

    Raises
    ------
    RunError
        It ended, or did not answer in time; the log has the reason.
    """
    print("starting Prefect (10 to 20 seconds)", file=sys.stderr, flush=True)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no part in loopback
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RunError(f"Prefect's server ended with {server.returncode}; is port {port} taken? See {log}")
        with contextlib.suppress(OSError), direct.open(f"{api_url(port)}/health", timeout=2) as answer:
            if answer.status == http.HTTPStatus.OK:
                return
        time.sleep(0.3)
    raise RunError(f"Prefect's server did not answer within {_START_SECONDS} s; see {log}")


def _set_up(commands: list[list[str]], root: Path, environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-P", "-c", _IN_TURN, json.dumps(commands)],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if answer.returncode:
        raise RunError(f"{answer.stderr}{answer.stdout}".strip())


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: a person reads this terminal."""


@contextlib.contextmanager
def _pages(root: Path, port: int) -> Iterator[None]:
    """Folder ``reports/`` on loopback, while the block lasts."""
    (root / "reports").mkdir(exist_ok=True)
    handler = functools.partial(_Quiet, directory=str(root / "reports"))
    with http.server.ThreadingHTTPServer((HOST, port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()

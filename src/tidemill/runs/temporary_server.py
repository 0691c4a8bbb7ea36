"""A Prefect server for one command where `tidemill ui` is not up; it ends with the command, or at the next start of one."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tidemill.common.locks import CLAIM, abandoned, claimed
from tidemill.errors import RunError
from tidemill.project.project import Project
from tidemill.runs import temporary_api
from tidemill.runs.local_addresses import api_url, prefect_environment
from tidemill.runs.prefect_server import await_health

_API = "PREFECT_API_URL"
_SAME_START_SECONDS = 2.0
_END_SECONDS = 10.0
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Started:
    """A server that was started: enough to distinguish it from another process that has its id by now."""

    pid: int
    started: float
    command: list[str]


def prefect_api(project: Project) -> Callable[[], None]:
    """Set up Prefect for the flows of a project, with a server where none is up; it ends with this process.

    To be called before Prefect is imported. What Prefect still sends when the process ends then reaches the server.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    callable
        Waits until the server answers; Prefect may be imported meanwhile. It raises ``RunError`` where one that the environment
        names does not.
    """
    named = os.environ.get(_API)
    os.environ.update(prefect_environment(project))
    end_orphans(project)
    if named is not None:
        return lambda: _refuse_silent(named)
    if _API in os.environ:
        return lambda: None
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    name = servers_folder(project) / f"{os.getpid()}-{secrets.token_hex(6)}"
    stack.enter_context(claimed(name.with_suffix(CLAIM)))
    port, wait = stack.enter_context(_server(project, name.with_suffix(".json")))
    os.environ[_API] = api_url(port)
    return wait


def _refuse_silent(url: str) -> None:
    """Where nobody listens. What else may be wrong, such as a key, a certificate or a busy server, Prefect knows more of."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=_ANSWER_SECONDS):  # noqa: S310 - the user's own
            return
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ConnectionRefusedError | socket.gaierror | ValueError):
            raise RunError(
                f"{_API} is {url}, and no Prefect server answers there ({reason}): start it, or unset {_API}, and a server is "
                "started for this command"
            ) from error


def servers_folder(project: Project) -> Path:
    """Locate the folder of notes about servers that commands have started.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Path
        It may be missing.
    """
    return project.state / "prefect" / "servers"


@contextlib.contextmanager
def _server(project: Project, note: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    log = project.state / "logs" / "temporary-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    is_over = threading.Event()

    def wait() -> None:
        await_health(port, process, log)
        threading.Thread(target=_end_with, args=(process, is_over, log), daemon=True).start()

    with log.open("ab") as out, _process(out) as process:
        try:
            _write_note(note, process)
            assert process.stdout is not None  # noqa: S101 - it was asked for
            predicted = process.stdout.readline().strip()
            if not predicted.isdigit():
                raise RunError(f"Prefect's server did not start; see {log}")
            port = int(predicted)
            yield port, wait
        finally:
            is_over.set()
            note.unlink(missing_ok=True)


def _end_with(process: subprocess.Popen[bytes], is_over: threading.Event, log: Path) -> None:
    """End this command where its server ends before it: Prefect's client would try to reach it for minutes."""
    code = process.wait()
    if is_over.is_set():
        return
    how = f"signal {signal.Signals(-code).name}, as where memory runs out" if code < 0 else f"exit status {code}"
    print(
        f"error: Prefect's temporary server has ended ({how}), and this command ends with it: run the same again; see {log}",
        file=sys.stderr,
        flush=True,
    )
    os.kill(os.getpid(), signal.SIGTERM)
    if not is_over.wait(_END_SECONDS):
        os._exit(1)  # what is left is cleared at the next start, as after a kill


@contextlib.contextmanager
def _process(out: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Ended with the block, after it has written what it received of runs."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(temporary_api.__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=out,
        start_new_session=True,  # Ctrl-C is for the command; the server ends after it
    )
    try:
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write_note(note: Path, process: subprocess.Popen[bytes]) -> None:
    import psutil

    started = Started(process.pid, psutil.Process(process.pid).create_time(), [str(word) for word in process.args])  # type: ignore[union-attr]
    note.write_text(json.dumps(asdict(started)), encoding="utf-8")


def end_orphans(project: Project) -> list[int]:
    """End servers whose command was killed, where they have not ended by themselves, and name their processes.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of int
        Process ids of those that were ended.
    """
    ended = []
    for claim in abandoned(servers_folder(project)):
        note = claim.with_suffix(".json")
        pid = _end(note)
        if pid is not None:
            ended.append(pid)
        note.unlink(missing_ok=True)
    return ended


def _end(note: Path) -> int | None:
    """The process is ended only where number, start and command are those of the note."""
    import psutil

    try:
        started = Started(**json.loads(note.read_text(encoding="utf-8")))
        process = psutil.Process(started.pid)
        is_it = (
            abs(process.create_time() - started.started) < _SAME_START_SECONDS and process.cmdline() == started.command
        )
        if not is_it:
            return None
        process.kill()
        process.wait(_END_SECONDS)
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
    return started.pid

"""Runs that the studio starts, each a process of its own: a closed page or a studio that is stopped does not end it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import psutil
from pydantic import Field, ValidationError

from tidemill.common.locks import is_held, locked
from tidemill.contracts import ConfigError, Settings, TidemillError
from tidemill.project.project import Project
from tidemill.reports.run_progress import RunProgress
from tidemill.reports.studio import RunStatus
from tidemill.runs.run_progress import read_progress, run_lock

What = Literal["refresh", "labels", "model"]
_LAST: Final = {"labels": "denoise", "model": "evaluate"}
"""Last stage of a run in place."""
_SETTING: Final = re.compile(
    r"(experiment|(embed|label|denoise|search|train|evaluate|monitor)(\.[\w.]+)?)=[^$]+"
)  # without interpolations, which could name the environment
_SAME_START_SECONDS: Final = 2.0
_SHOWN_LINES: Final = 12
_ERROR: Final = "error: "


class WantedRun(Settings):
    """What to run."""

    what: What
    settings: tuple[str, ...] = Field(default=(), max_length=50)


class _Started(Settings):
    """Enough to distinguish the process from another that has its id by now."""

    problem: str
    what: What
    pid: int
    created: float
    when: str
    cancelled: bool = False


def start_run(project: Project, problem: str, wanted: WantedRun) -> None:
    """Start a run: ``tidemill run``, or the stages that an edit needs in the checkout.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    wanted
        What to run, and settings of this run only.

    Raises
    ------
    ConfigError
        Another run is under way, or a word is no setting.
    """
    words = _words(project, problem, wanted)
    with locked(_folder(project) / "lock"):
        _refuse_second(project)
        with _file(project, "out").open("wb") as out, _file(project, "log").open("wb") as log:
            process = subprocess.Popen(
                words, cwd=project.root, stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True
            )
        created = psutil.Process(process.pid).create_time()
        when = datetime.now(UTC).isoformat(timespec="seconds")
        _write(project, _Started(problem=problem, what=wanted.what, pid=process.pid, created=created, when=when))
        _CHILDREN.append(process)


_CHILDREN: Final[list[subprocess.Popen[bytes]]] = []
"""Started by this process, which has to ask for their status before the system forgets them."""


def _words(project: Project, problem: str, wanted: WantedRun) -> list[str]:
    for word in wanted.settings:
        if not _SETTING.fullmatch(word):
            raise ConfigError(
                f"{word!r} is no setting of a run: write KEY=VALUE, such as denoise=majority or train.seed=2; where rows come "
                "from stands in conf/"
            )
    if wanted.what == "refresh":
        return [sys.executable, "-P", "-m", "tidemill", "run", f"problem={problem}", *wanted.settings, "--json"]
    if wanted.settings:
        raise ConfigError("settings of one run are for a whole run: stages in place take those of conf/")
    return [sys.executable, "-P", "-m", "tidemill.runs.in_place", str(project.root), problem, _LAST[wanted.what]]


def _refuse_second(project: Project) -> None:
    started = _read(project)
    if started is not None and _process(started) is not None:
        raise ConfigError(f"a run of {started.problem} is under way: wait for it, or cancel it")
    busy = run_elsewhere(project)
    if busy is not None:
        raise ConfigError(f"a run of {busy} is under way that was not started here, such as in a terminal: wait for it")


def cancel_run(project: Project) -> None:
    """Ask the run to end, as Ctrl-C does; a second time: end it at once.

    Parameters
    ----------
    project
        The project.

    Raises
    ------
    ConfigError
        No run that was started here is under way.
    """
    with locked(_folder(project) / "lock"):
        started = _read(project)
        process = None if started is None else _process(started)
        if started is None or process is None:
            raise ConfigError("no run that was started here is under way")
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if started.cancelled:
                os.killpg(started.pid, signal.SIGKILL)  # its commands end with it
            else:
                process.send_signal(signal.SIGINT)
        _write(project, started.model_copy(update={"cancelled": True}))


def run_elsewhere(project: Project) -> str | None:
    """Name the problem of a run that was not started here, as in a terminal or by a schedule.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    str or None
        None where there is none.
    """
    started = _read(project)
    mine = started.problem if started is not None and _process(started) is not None else None
    held = (name for name in project.problems if name != mine and is_held(run_lock(project, name)))
    return next(held, None)


def last_run(project: Project, problem: str) -> RunStatus | None:
    """Tell how far the last run of a problem is, or what became of it.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    RunStatus or None
        None where no run is known.
    """
    started, progress = _read(project), _progress(project, problem)
    if run_elsewhere(project) == problem:
        return _status(None, progress, "running")
    if started is None or started.problem != problem:
        return None if progress is None else _status(None, progress, _state_of(progress))
    known = progress if progress is not None and progress.started >= started.when else None
    if _process(started) is not None:
        return _status(started, known, "cancelling" if started.cancelled else "running", lines=_log(project))
    result = _file(project, "out").read_text(encoding="utf-8").strip()
    if result:
        return _status(started, known, "done", outcome=_outcome(result, problem), lines=_log(project))
    if started.cancelled:
        return _status(started, known, "cancelled", lines=_log(project))
    return _status(started, known, "failed", error=_error(project), lines=_log(project))


def _state_of(progress: RunProgress) -> Literal["done", "failed", "cancelled"]:
    states = {one.state for one in progress.stages}
    return "failed" if "failed" in states else "cancelled" if states & {"running", "waiting"} else "done"


def _status(
    started: _Started | None,
    progress: RunProgress | None,
    state: Literal["running", "cancelling", "done", "failed", "cancelled"],
    *,
    outcome: Sequence[str] = (),
    error: str | None = None,
    lines: Sequence[str] = (),
) -> RunStatus:
    return RunStatus(
        state=state,
        what=None if started is None else started.what,
        started=started.when if started is not None else progress.started if progress is not None else None,
        flow_run=None if progress is None else progress.flow_run,
        stages=() if progress is None else progress.stages,
        outcome=tuple(outcome),
        error=error,
        lines=tuple(lines[-_SHOWN_LINES:]),
    )


def _outcome(result: str, problem: str) -> list[str]:
    try:
        return [str(line) for line in json.loads(result)[problem]]
    except (ValueError, KeyError, TypeError):
        return []


def _progress(project: Project, problem: str) -> RunProgress | None:
    try:
        return read_progress(project, problem)
    except TidemillError:  # of another version
        return None


def _error(project: Project) -> str:
    lines = _log(project)
    place = next((n for n, line in enumerate(lines) if line.startswith(_ERROR)), None)
    if place is None:
        return "\n".join(["it ended without a result; the last lines:", *lines[-_SHOWN_LINES:]])
    return "\n".join(lines[place:]).removeprefix(_ERROR)


def _log(project: Project) -> list[str]:
    text = _file(project, "log").read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def _process(started: _Started) -> psutil.Process | None:
    """None where it has ended."""
    for child in _CHILDREN:
        child.poll()
    try:
        process = psutil.Process(started.pid)
        is_it = abs(process.create_time() - started.created) < _SAME_START_SECONDS
        return process if is_it and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def _read(project: Project) -> _Started | None:
    try:
        return _Started.model_validate_json(_file(project, "json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _write(project: Project, started: _Started) -> None:
    _file(project, "json").write_text(started.model_dump_json(), encoding="utf-8")


def _file(project: Project, suffix: str) -> Path:
    folder = _folder(project)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"run.{suffix}"


def _folder(project: Project) -> Path:
    return project.state / "studio"

"""`tidemill watch`: looks at batches as their files arrive, in the foreground and without a server of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from tidemill.errors import TidemillError
from tidemill.flows.decisions import find_due
from tidemill.flows.unchanged import Files, incoming_files
from tidemill.project.project import Project

SETTLE_SECONDS: Final = 1.0


def watch(
    project: Project,
    problems: Sequence[str],
    look: Callable[[str], str],
    *,
    interval: float,
    once: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Look at each problem whose files have changed since the last look, and where a decision is open, again and again.

    A file that is being written is waited for. A look that fails is reported, and made again when files change.

    Parameters
    ----------
    project
        The project.
    problems
        Their names.
    look
        Looks at a problem and carries out what it decides.
    interval
        Seconds between two polls.
    once
        Whether to poll once and return.
    sleep
        Waits so many seconds.
    """
    seen: dict[str, Files] = {}
    while True:
        for problem in problems:
            _poll(project, problem, look, seen, sleep)
        if once:
            return
        sleep(interval)


def _poll(
    project: Project,
    problem: str,
    look: Callable[[str], str],
    seen: dict[str, Files],
    sleep: Callable[[float], None],
) -> None:
    files = incoming_files(project, problem)
    due = find_due(project, problem)
    is_open = due is not None and due.held is None
    if files == seen.get(problem) and not is_open:
        return
    sleep(SETTLE_SECONDS)
    if incoming_files(project, problem) != files:  # being written: the next poll looks
        return
    seen[problem] = files
    try:
        print(f"{problem}: {look(problem)}", flush=True)
    except TidemillError as error:
        print(f"error: {problem}: {error}", file=sys.stderr, flush=True)

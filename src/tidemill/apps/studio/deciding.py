"""What a person decides about versions, done by the commands that a terminal has, with their notifications."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from pydantic import Field

from tidemill.contracts import ConfigError, Settings
from tidemill.project.project import Project

_SECONDS: Final = 120
_REASON: Final = Field(min_length=1, max_length=2000)


class WantedRollback(Settings):
    """The version that is to be the champion again: `tidemill rollback`."""

    version: str = Field(max_length=100, pattern=r"^v\d+\.\d+\.\d+$")
    reason: str = _REASON


class Decision(Settings):
    """What is decided about the candidate that waits: `tidemill approve`."""

    approve: bool
    reason: str = _REASON


class WantedPromotion(Settings):
    """Why the newest candidate is promoted whatever the gate says: `tidemill promote`."""

    reason: str = _REASON


def decide(project: Project, problem: str, wanted: WantedRollback | Decision | WantedPromotion) -> dict[str, Any]:
    """Roll back, approve, reject or promote.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    wanted
        What is decided, and why.

    Returns
    -------
    dict
        The command's answer.

    Raises
    ------
    ConfigError
        The command refuses.
    """
    command = [sys.executable, "-P", "-m", "tidemill", *_words(problem, wanted), f"--reason={wanted.reason}", "--json"]
    done = subprocess.run(
        command, cwd=project.root, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise ConfigError(done.stderr.decode("utf-8", "replace").strip().removeprefix("error: "))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _words(problem: str, wanted: WantedRollback | Decision | WantedPromotion) -> list[str]:
    if isinstance(wanted, WantedRollback):
        return ["rollback", problem, wanted.version]
    if isinstance(wanted, Decision):
        return ["approve", problem, *([] if wanted.approve else ["--reject"])]
    return ["promote", problem]

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
    """The version that is to be the champion again."""

    version: str = Field(max_length=100, pattern=r"^v\d+\.\d+\.\d+$")
    reason: str = _REASON


class Decision(Settings):
    """What is decided about the candidate that waits."""

    approve: bool
    reason: str = _REASON


class WantedPromotion(Settings):
    """Why the newest candidate is promoted whatever the gate says."""

    reason: str = _REASON


def roll_back(project: Project, problem: str, wanted: WantedRollback) -> dict[str, Any]:
    """Make an older version the champion again: `tidemill rollback`.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    wanted
        The version, and why.

    Returns
    -------
    dict
        The command's answer.

    Raises
    ------
    ConfigError
        The command refuses.
    """
    return _command(project, "rollback", problem, wanted.version, f"--reason={wanted.reason}")


def decide(project: Project, problem: str, decision: Decision) -> dict[str, Any]:
    """Promote or reject the candidate that waits: `tidemill approve`.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    decision
        Which, and why.

    Returns
    -------
    dict
        The command's answer.

    Raises
    ------
    ConfigError
        The command refuses.
    """
    more = [] if decision.approve else ["--reject"]
    return _command(project, "approve", problem, *more, f"--reason={decision.reason}")


def promote(project: Project, problem: str, wanted: WantedPromotion) -> dict[str, Any]:
    """Promote the newest candidate whatever the gate says: `tidemill promote`.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    wanted
        Why.

    Returns
    -------
    dict
        The command's answer.

    Raises
    ------
    ConfigError
        The command refuses.
    """
    return _command(project, "promote", problem, f"--reason={wanted.reason}")


def _command(project: Project, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "tidemill", *words, "--json"]
    done = subprocess.run(
        command, cwd=project.root, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise ConfigError(done.stderr.decode("utf-8", "replace").strip().removeprefix("error: "))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

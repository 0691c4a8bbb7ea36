"""The project that a command works in, and its problems."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tidemill.common.spelling import did_you_mean


def open_project(problem: str | None = None) -> Path:
    """Find the project of the current folder, enter it, and mend what a killed run left of DVC's files.

    Parameters
    ----------
    problem
        A problem that must be one of the project's.

    Returns
    -------
    Path
        Top folder of the project's main checkout.

    Raises
    ------
    ConfigError
        There is no project here or above, or it has no such problem.
    """
    from tidemill.contracts import ConfigError

    top = find_project()
    if top is None:
        raise ConfigError("this is no Tidemill project (no dvc.yaml here or above): change into one")
    names = problem_names(top)
    if problem is not None and problem not in names:
        raise ConfigError(f"there is no problem {problem!r}{did_you_mean(problem, names)}")
    from tidemill.project.layout import shared_root
    from tidemill.runs.repair import mend

    os.chdir(top)
    mend(top, lambda line: print(line, file=sys.stderr))
    return shared_root()


def find_project() -> Path | None:
    """Find the top folder of the project that the current folder is in; None outside of one."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "dvc.yaml").exists()), None)


def problem_names(top: Path) -> list[str]:
    """List the problems of a project: those of params.yaml, and those in conf/ that are not composed yet."""
    import yaml

    params = top / "params.yaml"
    try:
        content = yaml.load(params.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if params.exists() else {}
    except yaml.YAMLError:  # the command that reads it names what is wrong
        content = {}
    listed = content.get("problems", []) if isinstance(content, dict) else []
    return sorted({*map(str, listed), *(path.stem for path in (top / "conf" / "problem").glob("*.yaml"))})


def complete_problem(incomplete: str) -> list[str]:
    """List the problems that a word typed so far may become, for the shell."""
    top = find_project()
    return [] if top is None else [name for name in problem_names(top) if name.startswith(incomplete)]


def complete_setting(incomplete: str) -> list[str]:
    """List the settings ``problem=NAME`` that a word typed so far may become, for the shell."""
    words = [f"problem={name}" for name in complete_problem("")]
    return [word for word in words if word.startswith(incomplete)]

"""The project that a command works in, and its problems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.common.spelling import did_you_mean
from tidemill.project.layout import find_root, problem_names

if TYPE_CHECKING:
    from tidemill.project.project import Project


def open_project(problem: str | None = None, *, mends: bool = True) -> Project:
    """Open the project of the current folder, and mend what a killed run left of DVC's files.

    Parameters
    ----------
    problem
        A problem that must be one of the project's.
    mends
        Whether to mend DVC's files; commands that only look at versions leave them alone.

    Raises
    ------
    ConfigError
        There is no project here or above, or it has no such problem.
    """
    from tidemill.errors import ConfigError
    from tidemill.project.project import Project

    top = find_project()
    if top is None:
        raise ConfigError(
            "this is no Tidemill project (no dvc.yaml here or above): change into one, or make one with `tidemill init FOLDER`"
        )
    names = problem_names(top)
    if problem is not None and problem not in names:
        raise ConfigError(f"there is no problem {problem!r}{did_you_mean(problem, names)}")
    if mends:
        from tidemill.runs.repair_dvc_files import repair_dvc_files

        repair_dvc_files(top, lambda line: print(line, file=sys.stderr))
    return Project.open(top)


def open_for_rows(problem: str) -> Project:
    """Open the project of the current folder for a command that takes rows or labels in as the settings of a problem say.

    Parameters
    ----------
    problem
        One of the project's.

    Raises
    ------
    ConfigError
        As ``open_project``; or ``conf/`` says otherwise than ``params.yaml`` how rows and labels are read.
    """
    from tidemill.project.compose import refuse_stale_reading

    project = open_project(problem)
    refuse_stale_reading(project, problem)
    return project


def find_project() -> Path | None:
    """Find the top folder of the project that the current folder is in; None outside of one."""
    return find_root(Path.cwd())


def complete_problem(incomplete: str) -> list[str]:
    """List the problems that a word typed so far may become, for the shell."""
    top = find_project()
    return [] if top is None else [name for name in problem_names(top) if name.startswith(incomplete)]


def complete_setting(incomplete: str) -> list[str]:
    """List the settings ``problem=NAME`` that a word typed so far may become, for the shell."""
    words = [f"problem={name}" for name in complete_problem("")]
    return [word for word in words if word.startswith(incomplete)]

"""The problems that a command of `tidemill lf` is about."""

from __future__ import annotations

from tidemill.cli.project import open_project


def chosen(problem: str | None) -> list[str]:
    """Open the project, and list the problem that was named, or all that have labeling functions."""
    from tidemill.apps.workbench.problem_view import problems

    open_project(problem)
    return [problem] if problem else problems()


def apart(parts: list[list[str]]) -> list[str]:
    """Join the lines of several problems, with an empty line between."""
    return [line for place, lines in enumerate(parts) for line in ([""] * bool(place) + lines)]

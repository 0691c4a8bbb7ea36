"""The problems that a command of `tidemill lf` is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.cli.project import open_project

if TYPE_CHECKING:
    from tidemill.apps.workbench.problem_view import ProblemView


def chosen(problem: str | None) -> list[ProblemView]:
    """Open the project, and look at the problem that was named, or at each of them."""
    from tidemill.apps.workbench.problem_view import ProblemView

    project = open_project(problem)
    return [ProblemView(project, name) for name in ([problem] if problem else project.problems)]


def problem_and_rest(parts: list[list[str]]) -> list[str]:
    """Join the lines of several problems, with an empty line between."""
    return [line for place, lines in enumerate(parts) for line in ([""] * bool(place) + lines)]

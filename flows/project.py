"""The project that these flows belong to, and its problems for the forms of the UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from tidemill.project.layout import problem_names
from tidemill.project.project import Project

_ROOT: Final = Path(__file__).parents[1]
_CHOICES: Final = ["all", *problem_names(_ROOT)]
"""Prefect makes the form when a flow is imported; two small files are read for it, and nothing is composed."""

Choice = Annotated[str, Field(description="which problem to refresh", json_schema_extra={"enum": _CHOICES})]


def this_project() -> Project:
    """Open the project whose folder ``flows/`` this is, wherever the process works."""
    return Project.open(_ROOT).main

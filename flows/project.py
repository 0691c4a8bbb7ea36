"""The project that these flows belong to, and its problems for the forms of the UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from tidemill.project.layout import problem_names
from tidemill.project.project import Project


def this_project() -> Project:
    """Open the project whose folder ``flows/`` this is, wherever the process works."""
    return Project.open(Path(__file__).parents[1]).main


def _offer_problems(schema: dict[str, Any]) -> None:
    schema["enum"] = ["all", *problem_names(this_project().root)]


Choice = Annotated[str, Field(description="which problem to refresh", json_schema_extra=_offer_problems)]
"""A problem, or all of those there are when Prefect makes the form; nothing is composed for it."""

"""What the form of a flow offers in the Prefect UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.fields import FieldInfo

from tidemill.project.layout import problem_names

Overrides = Annotated[
    list[str], Field(description="settings to change, such as train.max_epochs=3 or denoise=majority")
]
Trigger = Annotated[bool, Field(description="refresh at once where the drift does harm")]


def choice_of_problem(root: Path) -> FieldInfo:
    """Describe a field that names one of a project's problems, or all.

    Parameters
    ----------
    root
        Top folder of the project. Its problems are listed when Prefect makes the form; nothing is composed for it.

    Returns
    -------
    FieldInfo
        For ``Annotated[str, ...]`` in the signature of a flow.
    """

    def offer(schema: dict[str, Any]) -> None:
        schema["enum"] = ["all", *problem_names(root)]

    described: FieldInfo = Field(description="which problem", json_schema_extra=offer)
    return described

"""What the form of a flow offers in the Prefect UI.

Prefect gives a parameter the description of its own reading of the docstring, or none, but keeps what is extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.fields import FieldInfo

from tidemill.project.layout import problem_names

Overrides = Annotated[
    list[str],
    Field(
        json_schema_extra={
            "description": "settings to change, such as train.optimizer.max_epochs=3 or denoise=majority"
        }
    ),
]
Trigger = Annotated[bool, Field(json_schema_extra={"description": "carry out what is decided"})]
Because = Annotated[
    str,
    Field(json_schema_extra={"description": "key of the monitor's decision that is to be carried out; empty: none is"}),
]


def choice_of_problem(root: Path) -> FieldInfo:
    """Describe a field that names one of a project's problems, or all.

    Parameters
    ----------
    root
        Top folder of the project. Two small files are read for the names of its problems, nothing is composed.

    Returns
    -------
    FieldInfo
        For ``Annotated[str, ...]`` in the signature of a flow.
    """
    described: FieldInfo = Field(
        json_schema_extra={"description": "which problem", "enum": ["all", *problem_names(root)]}
    )
    return described

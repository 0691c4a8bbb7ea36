"""What ``conf/label/`` may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tidemill.contracts import Settings


class LabelSettings(Settings):
    """Settings of the label stage."""

    on_error: Literal["fail", "quarantine"]
    max_failures: Annotated[int, Field(ge=0)]
    hidden: tuple[str, ...]

"""Settings of `tidemill serve`."""

from __future__ import annotations

from pydantic import Field

from tidemill.apps.models.engines import Engine
from tidemill.contracts import Settings


class ServiceSettings(Settings):
    """Where the service listens, which engine predicts, and the limits of one request."""

    host: str
    allowed_hosts: tuple[str, ...]
    header_seconds: float = Field(gt=0)
    connections: int = Field(ge=1)
    port: int = Field(ge=0, le=65535)
    abstain_below: float = Field(ge=0, le=1)
    max_rows: int = Field(ge=1)
    max_bytes: int = Field(ge=1)
    seconds: float = Field(gt=0)
    engine: Engine

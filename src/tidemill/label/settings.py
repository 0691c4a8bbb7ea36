"""Settings of `conf/label/`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from tidemill.contracts import Settings


class SuiteSettings(Settings):
    """What votes have to be before anything downstream sees them."""

    min_coverage: Annotated[float, Field(ge=0, le=1)]
    max_conflict: Annotated[float, Field(ge=0, le=1)]
    min_functions_per_class: Annotated[int, Field(ge=0)]
    determinism_rows: Annotated[int, Field(ge=0)]
    max_ms_per_row: Annotated[float, Field(gt=0)]


def _address(url: str) -> str:
    """A server's address alone: keys come from the environment, and a query would stand in the middle of the path."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("url: a key in it would stand in files and logs; name the variable that holds it in key_from")
    if parts.query or parts.fragment:
        raise ValueError("url: it ends with the path, without ? and #")
    if not parts.hostname or parts.port == 0:  # a port that is none raises
        raise ValueError("url: it names no server")
    return url


_Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class EndpointSettings(Settings):
    """A language model server that rows may be sent to, in OpenAI's protocol; prices are of a million tokens, 0 where it is free.

    ``key_from`` names the environment variable that holds the key. Masked columns are sent as "[masked]".
    """

    url: Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_address)]
    key_from: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    prompt_price: _Price | None = None
    completion_price: _Price | None = None
    requests_at_once: Annotated[int, Field(ge=1, le=256)] = 4
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    retries: Annotated[int, Field(ge=0)] = 5
    masked: tuple[str, ...] = ()


class LabelSettings(Settings):
    """Settings of the label stage."""

    on_error: Literal["fail", "quarantine"]
    max_failures: Annotated[int, Field(ge=0)]
    hidden_columns: tuple[str, ...]
    n_workers: Annotated[int, Field(ge=0)]
    timeout_seconds: Annotated[float, Field(gt=0)]
    memory_limit_mb: Annotated[int, Field(ge=1)]
    confined: bool
    readable_folders: tuple[str, ...]
    vote_cache_mb: Annotated[int, Field(ge=0)]
    endpoints: dict[str, EndpointSettings] = Field(default_factory=dict)
    run_budget: Annotated[float, Field(gt=0)] | None = None
    suite: SuiteSettings

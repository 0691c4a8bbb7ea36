"""Settings of `conf/label/`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tidemill.contracts import Settings


class SuiteSettings(Settings):
    """What votes have to be before anything downstream sees them."""

    min_coverage: Annotated[float, Field(ge=0, le=1)]
    max_conflict: Annotated[float, Field(ge=0, le=1)]
    min_functions_per_class: Annotated[int, Field(ge=0)]
    determinism_rows: Annotated[int, Field(ge=0)]
    max_ms_per_row: Annotated[float, Field(gt=0)]


class EndpointSettings(Settings):
    """A language model server that rows may be sent to, in OpenAI's protocol; prices are of a million tokens.

    ``key_from`` names the environment variable that holds the key. Masked columns are sent as "[masked]".
    """

    url: Annotated[str, Field(pattern=r"^https?://")]
    key_from: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    prompt_price: Annotated[float, Field(ge=0)] | None = None
    completion_price: Annotated[float, Field(ge=0)] | None = None
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

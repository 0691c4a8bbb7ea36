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
    suite: SuiteSettings

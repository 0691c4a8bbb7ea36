"""``tidemill.lock``: which version generated a project's files, and what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError, Settings

RECORD: Final = Path("tidemill.lock")
OWN: Final = "own"
"""Stands for the digest of a file that the project has made its own: no upgrade looks at it."""


class Record(Settings):
    """What was generated.

    Attributes
    ----------
    version
        The version of Tidemill that wrote it.
    files
        Path and SHA-256 of what was generated there, or ``own``.
    """

    version: str
    files: dict[str, str]


def read_record(root: Path) -> Record:
    """Read a project's record.

    Raises
    ------
    ConfigError
        It is missing or damaged.
    """
    path = root / RECORD
    if not path.exists():
        raise ConfigError(
            f"{RECORD} is missing, so nothing says what was generated here: restore it with `git checkout {RECORD}`; "
            "a project that never had one gets it by `tidemill init --force .`, which overwrites nothing"
        )
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ConfigError(f"{RECORD} is damaged: restore it with `git checkout {RECORD}`") from error


def write_record(record: Record, root: Path) -> None:
    """Write a project's record, sorted, so that two branches merge."""
    with atomic_write(root / RECORD) as part:
        part.write_text(json.dumps(record.model_dump(), indent=2, sort_keys=True) + "\n", encoding="utf-8")

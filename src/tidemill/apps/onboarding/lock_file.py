"""``tidemill.lock``: which version generated a project's files, and what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError, Settings

LOCK_FILE: Final = Path("tidemill.lock")
OWN: Final = "own"
"""Stands for the digest of a file that the project has made its own: no upgrade looks at it."""


class LockFile(Settings):
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


def read_lock_file(root: Path) -> LockFile:
    """Read a project's record of what was generated.

    Parameters
    ----------
    root
        Folder of the project.

    Returns
    -------
    LockFile
        Version that generated the files, and their digests.

    Raises
    ------
    ConfigError
        The file is missing or damaged.
    """
    path = root / LOCK_FILE
    if not path.exists():
        raise ConfigError(
            f"{LOCK_FILE} is missing, so nothing says what was generated here: restore it with `git checkout {LOCK_FILE}`; "
            "a project that never had one gets it by `tidemill init --force .`, which overwrites nothing"
        )
    try:
        return LockFile.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ConfigError(f"{LOCK_FILE} is damaged: restore it with `git checkout {LOCK_FILE}`") from error


def write_lock_file(record: LockFile, root: Path) -> None:
    """Write a project's record with its keys sorted, so that two branches merge.

    Parameters
    ----------
    record
        Version that generated the files, and their digests.
    root
        Folder of the project.
    """
    with atomic_write(root / LOCK_FILE) as part:
        part.write_text(json.dumps(record.model_dump(), indent=2, sort_keys=True) + "\n", encoding="utf-8")

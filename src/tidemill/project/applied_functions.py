"""Which labeling functions cast the votes of a table: their fingerprints, on this machine, by the hash of the table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from tidemill.common.files import atomic_write
from tidemill.contracts import Settings
from tidemill.label.engine.vote_cache import hash_of_file
from tidemill.project.layout import Paths

_TABLES: Final = 20
"""Tables that are remembered, the newest."""


class _Applied(Settings):
    """Fingerprint by function, by hash of the votes table; a file of this machine, which may be deleted."""

    tables: dict[str, dict[str, str]] = Field(default_factory=dict)


def keep_applied(paths: Paths, fingerprints: Mapping[str, str]) -> None:
    """Remember which functions cast the votes that the votes table holds now.

    Parameters
    ----------
    paths
        Of the problem.
    fingerprints
        Of each function; empty where it has none.
    """
    table = hash_of_file(paths.votes)
    kept = {name: entry for name, entry in _read(paths).items() if name != table} | {table: dict(fingerprints)}
    content = _Applied(tables=dict(list(kept.items())[-_TABLES:]))
    with atomic_write(_file(paths)) as part:
        part.write_text(content.model_dump_json(), encoding="utf-8")


def applied(paths: Paths) -> dict[str, str] | None:
    """Recall which functions cast the votes that the votes table holds.

    Parameters
    ----------
    paths
        Of the problem.

    Returns
    -------
    dict of str to str or None
        Fingerprint by function; None where another machine made the table.
    """
    return _read(paths).get(hash_of_file(paths.votes))


def _file(paths: Paths) -> Path:
    return paths.state / "applied" / f"{paths.name}.json"


def _read(paths: Paths) -> dict[str, dict[str, str]]:
    try:
        return _Applied.model_validate_json(_file(paths).read_text(encoding="utf-8")).tables
    except (OSError, UnicodeDecodeError, ValidationError):
        return {}

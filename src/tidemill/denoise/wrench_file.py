"""Votes in WRENCH's JSON: an object that has, by the id of each row, ``{"weak_labels": [...], "data": {...}}``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.contracts import DataError
from tidemill.readers.compressed import unpack
from tidemill.readers.json_rows import unique_keys
from tidemill.readers.text_encoding import decode

_FORM = 'promised WRENCH\'s form, id -> {"weak_labels": [...], "data": {...}}'


@dataclass(frozen=True)
class WrenchRows:
    """Names of rows, votes as numbers, texts where all rows have one, and what was guessed of the file."""

    names: list[str]
    votes: npt.NDArray[np.int64]
    texts: list[str] | None
    note: str | None


def read_wrench(path: Path, encoding: str | None) -> WrenchRows | None:
    """Read a file in WRENCH's form.

    Parameters
    ----------
    path
        A file, packed or not.
    encoding
        As declared; None: found.

    Returns
    -------
    WrenchRows or None
        None where the file is no JSON object of such rows, and is a table if anything.

    Raises
    ------
    DataError
        A row has another form than the others, a vote is no whole number, or an id is there twice.
    """
    data, inner = unpack(path.read_bytes(), path.name)
    if PurePosixPath(inner).suffix.lower() != ".json":
        return None
    text, note = decode(data, path.name, encoding)
    if not text.lstrip().startswith("{"):
        return None
    try:
        content = json.loads(text, object_pairs_hook=unique_keys)
    except json.JSONDecodeError:
        return None  # a table's reader says where it is broken
    except ValueError as error:
        raise DataError(f"{path}: {error}: keep one") from error
    if not any(isinstance(row, dict) and "weak_labels" in row for row in content.values()):
        return None
    votes = [_votes(row, name, path) for name, row in content.items()]
    if len({len(row) for row in votes}) > 1:
        name = next(name for name, row in zip(content, votes, strict=True) if len(row) != len(votes[0]))
        raise DataError(f"{path}, row {name}: it has another number of votes than the first; {_FORM}")
    texts = [(row.get("data") or {}).get("text") for row in content.values()]
    known = [str(text) for text in texts] if all(text is not None for text in texts) else None
    return WrenchRows(list(content), np.array(votes, dtype=np.int64), known, note)


def _votes(row: Any, name: str, path: Path) -> list[int]:
    found = row.get("weak_labels") if isinstance(row, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{path}, row {name}: {_FORM}")
    wrong = next((vote for vote in found if not _is_whole(vote)), None)
    if wrong is not None or None in found:
        raise DataError(f"{path}, row {name}: vote {wrong!r} is no class number and no abstain (-1)")
    return [int(vote) for vote in found]


def _is_whole(value: Any) -> bool:
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1 << 31 and value == int(value)
    )

"""Votes that were cast before, on disk: a column per labeling function's fingerprint and batch's content.

A file's name holds the hash of its bytes, so that a torn or flipped one is found, thrown away and computed again. It is
local state that may be lost at any time; whatever is kept is also what would be computed.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import io
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt
import polars as pl

from tidemill.common.files import atomic_write
from tidemill.label.workers import Told

_LIBRARIES: Final = ("polars", "numpy", "pillow", "scipy", "scikit-learn", "rapidfuzz", "py3langid")
_MB: Final = 1 << 20


@dataclass(frozen=True)
class Column:
    """A value per row (int8 votes, or float64 numbers), and the failures there."""

    values: npt.NDArray[Any]
    failures: list[Told] = field(default_factory=list)


class Shelf:
    """What is kept of one batch; without a folder nothing is."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        files = folder.glob("*.arrow") if folder is not None and folder.is_dir() else []
        self.files = {file.name.split(".")[0]: file.name for file in sorted(files)}

    def get(self, key: str) -> Column | None:
        """Key → its column, where it is there and whole."""
        if self.folder is None or key not in self.files:
            return None
        path = self.folder / self.files[key]
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:  # another run tidied up
            return None
        if _digest(content) != path.name.split(".")[1]:
            path.unlink(missing_ok=True)
            return None
        table = pl.read_ipc(io.BytesIO(content))
        told = json.loads(table["failures"][0]) if "failures" in table.columns else []
        return Column(table["value"].to_numpy(), [Told(0, row, reason) for row, reason in told])

    def put(self, key: str, column: Column) -> None:
        """Keep a column, unless a failure there may pass."""
        if self.folder is None or not len(column.values) or any(one.passing for one in column.failures):
            return
        table = pl.DataFrame({"value": column.values})
        if column.failures:
            told = json.dumps([[one.row, one.reason] for one in column.failures])
            first = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(told))
            table = table.with_columns(first.alias("failures"))
        buffer = io.BytesIO()
        table.write_ipc(buffer, compression="zstd")
        content = buffer.getvalue()
        name = f"{key}.{_digest(content)}.arrow"
        with atomic_write(self.folder / name, durable=False) as part:  # a torn file is found by its digest
            part.write_bytes(content)
        self.files[key] = name


def key_of(*parts: str) -> str:
    """Fingerprint and whatever else votes depend on → the key they are kept by, with this version of Tidemill."""
    return _digest("\n".join((engine(), *parts)).encode())


@functools.cache
def engine() -> str:
    """Nothing → hash of what casts votes here: Tidemill's own code for it, and the versions of what it runs on."""
    found = hashlib.blake2b(platform.python_version().encode(), digest_size=16)
    for name in _LIBRARIES:
        found.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()


def hash_of_file(path: Path) -> str:
    """File → hash of its bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def tidy(folder: Path, *, megabytes: int, spared: Sequence[Path] = ()) -> None:
    """Keep the folder within so many megabytes: what has not been used for longest goes first; empty folders go."""
    if not folder.is_dir():
        return
    files = [(path.stat(), path) for path in folder.glob("*/*") if path.parent not in spared]
    total = sum(stat.st_size for stat, _ in files)
    for stat, path in sorted(files, key=lambda one: one[0].st_mtime):
        if total <= megabytes * _MB:
            break
        path.unlink(missing_ok=True)
        total -= stat.st_size
    for inner in folder.iterdir():
        if inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()

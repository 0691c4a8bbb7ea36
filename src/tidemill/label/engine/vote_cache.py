"""Votes that were cast before, on disk: a column per labeling function's fingerprint and batch's content.

A file's name holds the hash of its bytes, so that a damaged one is detected, deleted and computed again. It is
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

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.files import atomic_write
from tidemill.label.engine.worker_pool import WorkerFailure

_LIBRARIES: Final = ("polars", "numpy", "pillow", "scipy", "scikit-learn", "rapidfuzz", "py3langid")
_CASTING: Final = ("conditions", "engine", "functions", "image_statistics")
_MB: Final = 1 << 20


@dataclass(frozen=True)
class VoteColumn:
    """A value per row and the failures there.

    Parameters
    ----------
    values : (n_rows,)
        int16 votes, or float64 image statistics.
    failures
        Failures of the function.
    """

    values: npt.NDArray[Any]
    failures: list[WorkerFailure] = field(default_factory=list)


class BatchCache:
    """Cached votes of one batch.

    Parameters
    ----------
    folder
        Folder of the batch; None: nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        files = folder.glob("*.arrow") if folder is not None and folder.is_dir() else []
        self.files = {file.name.split(".")[0]: file.name for file in sorted(files)}

    def get(self, key: str) -> VoteColumn | None:
        """Read a column of votes; a damaged file is deleted.

        Parameters
        ----------
        key
            As ``cache_key`` makes it.

        Returns
        -------
        VoteColumn or None
            Values and failures; None where the column is not cached or its file is damaged.
        """
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
        values, failures = _read(content)
        return VoteColumn(values, [WorkerFailure(0, row, reason) for row, reason in failures])

    def put(self, key: str, column: VoteColumn) -> None:
        """Keep a column, unless a failure there may pass.

        Parameters
        ----------
        key
            As ``cache_key`` makes it.
        column
            Votes of a function on the batch.
        """
        if self.folder is None or not len(column.values) or any(failure.transient for failure in column.failures):
            return
        table = pl.DataFrame({"value": column.values})
        if column.failures:
            failures = json.dumps([[failure.row, failure.reason] for failure in column.failures])
            first = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(failures))
            table = table.with_columns(first.alias("failures"))
        buffer = io.BytesIO()
        table.write_ipc(buffer, compression="zstd")
        content = buffer.getvalue()
        name = f"{key}.{_digest(content)}.arrow"
        with atomic_write(self.folder / name, durable=False) as part:  # a torn file is found by its digest
            part.write_bytes(content)
        self.files[key] = name


def _read(content: bytes) -> tuple[npt.NDArray[Any], list[Any]]:
    """By Arrow on one thread where it is installed, which is five times as fast for hundreds of small files."""
    try:
        import pyarrow as pa
        import pyarrow.ipc
    except ModuleNotFoundError:
        frame = pl.read_ipc(io.BytesIO(content))
        return frame["value"].to_numpy(), json.loads(frame["failures"][0]) if "failures" in frame.columns else []
    table = pa.ipc.open_file(pa.py_buffer(content), options=pa.ipc.IpcReadOptions(use_threads=False)).read_all()
    column = table["value"]
    dtype = np.dtype(np.float64 if pa.types.is_floating(column.type) else np.int16)
    parts = [  # without to_numpy, which imports pandas
        np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize) for chunk in column.chunks
    ]
    failures = json.loads(table["failures"][0].as_py()) if "failures" in table.column_names else []
    return parts[0] if len(parts) == 1 else np.concatenate(parts), failures


def cache_key(*parts: str) -> str:
    """Make the key of a column from whatever votes depend on, and this version of Tidemill.

    Parameters
    ----------
    parts
        Fingerprint of the function and hashes of what it reads.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    return _digest("\n".join((engine_digest(), *parts)).encode())


@functools.cache
def engine_digest() -> str:
    """Hash what casts votes: Tidemill's own code for it, and the versions of the libraries it uses.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    digest = hashlib.blake2b(platform.python_version().encode(), digest_size=16)
    for name in _LIBRARIES:
        digest.update(f"{name} {_version(name)}\n".encode())
    for file in code_files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def code_files() -> list[Path]:
    """List the files of Tidemill that votes depend on: all of the label package but the analysis of votes.

    Returns
    -------
    list of Path
        In alphabetical order.
    """
    package = Path(__file__).parents[1]
    return sorted(file for folder in _CASTING for file in (package / folder).rglob("*.py"))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # it belongs to an extra that is not installed
        return "none"


def hash_of_file(path: Path) -> str:
    """Hash the bytes of a file by BLAKE2b.

    Parameters
    ----------
    path
        Any file.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def prune(folder: Path, *, megabytes: int, spared: Sequence[Path] = ()) -> None:
    """Keep a folder of votes within a size: what has not been used for longest goes first, and empty folders.

    Parameters
    ----------
    folder
        Folder of batches' folders.
    megabytes
        Size to keep within.
    spared
        Folders of batches that stay.
    """
    if not folder.is_dir():
        return
    files = [(path.stat(), path) for path in folder.glob("*/*") if path.parent not in spared]
    total = sum(stat.st_size for stat, _ in files)
    for stat, path in sorted(files, key=lambda entry: entry[0].st_mtime):
        if total <= megabytes * _MB:
            break
        path.unlink(missing_ok=True)
        total -= stat.st_size
    for inner in folder.iterdir():
        if inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()

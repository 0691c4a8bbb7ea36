"""Files that are either whole or absent."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Write a file next to its final place and rename it when the block ends without an error.

    A reader sees the old file or the new one, never a part; a block that raises leaves no trace.

    Parameters
    ----------
    path
        The final path; missing folders are made.
    durable
        Flush the content to the disk before the rename, so that it is whole after a power cut too.

    Yields
    ------
    Path
        Where to write: a hidden file in the same folder, different for every process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def md5_of(path: Path) -> str:
    """Compute the MD5 of a file's content, by which DVC knows it.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

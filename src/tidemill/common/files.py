"""Files that are either whole or absent."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tidemill.errors import TidemillError

_UNFINISHED: Final = re.compile(r"\.(.+)\.(\d{1,9})(?:-\d+)?\.part", re.DOTALL)
"""Name of the final file, and the process that writes."""
_writes = itertools.count()
_OF_DISKS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors that libraries quote without the file: of what is written, for nothing else fails so."""
_QUOTED: Final = re.compile(r"\(os error (\d+)\)")


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
        Where to write: a hidden file in the same folder, another for each write, as threads may write one file at once.

    Raises
    ------
    OSError
        The system refused the write (a full disk, a file that may not grow): with the name of the final path.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{next(_writes)}.part")
    try:
        yield temporary
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except Exception as error:
        number = system_error(error)
        if number is None or not _is_about(error, temporary):
            raise
        number = errno.EOPNOTSUPP if number == errno.ENOENT and _takes_no_files(temporary) else number
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def write_output(path: Path) -> Iterator[Path]:
    """Write a file that a person named as ``atomic_write`` does, and remove what killed writes of the same file have left.

    Nothing else looks there: the folder may be anyone's, and what other files are called is not Tidemill's to know.

    Parameters
    ----------
    path
        The final path; missing folders are made.

    Yields
    ------
    Path
        Where to write.
    """
    with contextlib.suppress(
        OSError
    ):  # a folder that may not be listed, or another person's part, keeps nobody from writing
        beside = path.parent.iterdir()
        _remove_of_ended(file for file in beside if (made := _UNFINISHED.fullmatch(file.name)) and made[1] == path.name)
    with atomic_write(path) as temporary:
        yield temporary


def _is_about(error: Exception, path: Path) -> bool:
    """Whether the system refused this file; what is written may have failed by another, or quote one, as a labeling function's error does."""
    if isinstance(error, TidemillError):
        return False
    if isinstance(error, OSError) and error.errno is not None:
        return error.filename in {None, str(path), path}
    return path.name in str(error) or system_error(error) in _OF_DISKS


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing.

    Parameters
    ----------
    folder
        The folder.

    Raises
    ------
    OSError
        The system refused it; with ``EOPNOTSUPP`` where it says that the new folder is not there, as below ``/proc``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), error.filename) from error


def _takes_no_files(path: Path) -> bool:
    """Whether a file cannot be made though its folder is there, as in ``/proc``."""
    try:
        path.touch()
    except FileNotFoundError:
        return path.parent.is_dir()
    return False


def remove_unfinished(folder: Path) -> None:
    """Remove files that ``atomic_write`` had not finished when its process was killed.

    Parameters
    ----------
    folder
        Folder to look through, with those inside; it may be missing. What a living process writes is left.
    """
    _remove_of_ended(folder.rglob(".*.part"))


def _remove_of_ended(parts: Iterable[Path]) -> None:
    found = [(path, match) for path in parts if (match := _UNFINISHED.fullmatch(path.name))]
    if not found:
        return
    import psutil  # imported where there is something to ask alone

    for path, match in found:
        if not psutil.pid_exists(int(match[2])):
            path.unlink(missing_ok=True)


def system_error(error: BaseException) -> int | None:
    """Number of the system's error behind an exception.

    Parameters
    ----------
    error
        An ``OSError``, or one in which a library quotes the system as Polars does: ``(os error 28)``.

    Returns
    -------
    int or None
        Such as ``errno.ENOSPC``; None where no system is quoted.

    Examples
    --------
    >>> system_error(RuntimeError("No space left on device (os error 28)"))
    28
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    quoted = _QUOTED.search(str(error))
    return int(quoted[1]) if quoted else None


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

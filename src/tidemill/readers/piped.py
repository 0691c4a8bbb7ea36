"""Rows that come through a pipe, as a file that can be read more than once and copied."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tidemill.contracts import ConfigError, DataError
from tidemill.readers.read import suffix_of

STANDARD: Final = Path("-")
"""Standard input or output."""


def is_piped(source: Path) -> bool:
    """Decide whether a file can be read only once and has no name that lasts.

    Parameters
    ----------
    source
        As the person names it.

    Returns
    -------
    bool
        Whether it is a pipe of the shell, a named pipe, or standard input (``-``).
    """
    return source == STANDARD or source.is_fifo()


@contextlib.contextmanager
def piped_as_file(source: Path, name: str = "stdin", folder: Path | None = None) -> Iterator[Path]:
    """Write what comes through a pipe to a file of a name of its own, which is gone when the block ends.

    Parameters
    ----------
    source
        The pipe.
    name
        Of the file; its suffix is found by content.
    folder
        Where a folder for it is made; None: among the machine's temporary ones.

    Yields
    ------
    Path
        The file.

    Raises
    ------
    DataError
        Nothing came.
    """
    data = sys.stdin.buffer.read() if source == STANDARD else source.read_bytes()
    if not data.strip():
        raise DataError(f"{source} is a pipe through which nothing came: see what its command says")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as made:
        file = Path(made) / f"{name}{suffix_of(data)}"
        file.write_bytes(data)
        yield file


@contextlib.contextmanager
def file_of(source: Path) -> Iterator[Path]:
    """Turn a pipe into a file that can be read more than once, until the block ends.

    Parameters
    ----------
    source
        A pipe, or a file.

    Yields
    ------
    Path
        A file, which stays as it is, or what came through the pipe.
    """
    if is_piped(source):
        with piped_as_file(source) as file:
            yield file
    else:
        yield source


def refuse_twice(sources: Iterable[Path | None]) -> None:
    """Refuse to read standard input more than once.

    Parameters
    ----------
    sources
        What is to be read; None: nothing.

    Raises
    ------
    ConfigError
        It is named more than once.
    """
    if list(sources).count(STANDARD) > 1:
        raise ConfigError("standard input (-) can be read once: name it once")

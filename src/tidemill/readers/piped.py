"""Rows that come through a pipe, as a file that can be read more than once and copied."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

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
def files_of(**sources: Path | None) -> Iterator[dict[str, Any]]:
    """Turn the pipes among files into files that can be read more than once, until the block ends.

    Parameters
    ----------
    sources
        Files and pipes by name.

    Yields
    ------
    dict
        Those that are not None, by the same names.

    Raises
    ------
    ConfigError
        Standard input is named more than once.
    """
    if [*sources.values()].count(STANDARD) > 1:
        raise ConfigError("standard input (-) can be read once: name it once")
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(piped_as_file(source)) if is_piped(source) else source
            for name, source in sources.items()
            if source is not None
        }

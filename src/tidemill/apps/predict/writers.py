"""Tables that come chunk by chunk as one file, in the format of its suffix, whole or not at all."""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.common.files import write_output
from tidemill.readers.write import check_out, write_text

Write = Callable[[pl.DataFrame], None]


@contextlib.contextmanager
def open_output(path: Path, usual: str = ".csv") -> Iterator[Write]:
    """Write chunks to a file, which gets its name only when the block ends without an error.

    Parameters
    ----------
    path
        The final path; ``-`` is standard output.
    usual
        Suffix of the format of standard output.

    Yields
    ------
    callable
        Takes a chunk.

    Raises
    ------
    ConfigError
        The suffix names no format that is written.
    """
    if path == Path("-"):
        yield _text(sys.stdout.buffer, usual)
        sys.stdout.buffer.flush()
        return
    suffix = check_out(path).suffix.lower()
    with write_output(path) as temporary:
        if suffix == ".parquet":
            with _parquet(temporary) as write:
                yield write
        else:
            with temporary.open("wb") as file:
                yield _text(file, suffix)


def _text(file: Any, suffix: str) -> Write:
    parts = itertools.count()

    def write(table: pl.DataFrame) -> None:
        text = io.BytesIO()
        write_text(table, suffix, text, header=next(parts) == 0)
        file.write(text.getvalue())  # by Python, whose error of a closed pipe says which it is

    return write


@contextlib.contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    from pyarrow import parquet

    opened: list[Any] = []

    def write(table: pl.DataFrame) -> None:
        content = table.to_arrow()
        if not opened:
            opened.append(parquet.ParquetWriter(path, content.schema, compression="zstd"))
        opened[0].write_table(content)

    try:
        yield write
    finally:
        for file in opened:
            file.close()

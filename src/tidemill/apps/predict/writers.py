"""Tables that come chunk by chunk as one CSV, JSONL or Parquet file by its suffix, whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError

FORMATS: Final = (".csv", ".jsonl", ".parquet")
Write = Callable[[pl.DataFrame], None]


@contextlib.contextmanager
def open_output(path: Path) -> Iterator[Write]:
    """Write chunks to a file, which gets its name only when the block ends without an error.

    Parameters
    ----------
    path
        The final path.

    Yields
    ------
    callable
        Takes a chunk.

    Raises
    ------
    ConfigError
        The suffix names no format that is written.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: {path.suffix or 'no suffix'} is not a format that is written: {', '.join(FORMATS)}")
    with atomic_write(path) as temporary:
        if path.suffix.lower() == ".parquet":
            with _parquet(temporary) as write:
                yield write
        else:
            with temporary.open("wb") as file:
                yield _csv(file) if path.suffix.lower() == ".csv" else lambda table: table.write_ndjson(file)


def _csv(file: Any) -> Write:
    def write(table: pl.DataFrame) -> None:
        table.write_csv(file, include_header=file.tell() == 0)

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
        for one in opened:
            one.close()

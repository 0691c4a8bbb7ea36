"""A frame as a file, in the format of its suffix."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import polars as pl

from tidemill.common.files import write_output
from tidemill.contracts import ConfigError
from tidemill.readers.piped import STANDARD

_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
WRITTEN: Final = (".parquet", *_DELIMITERS, ".jsonl")
"""How the names of files end that are written."""
_CELLS: Final = (".csv", ".tsv", ".xlsx", ".xls", ".ods")
"""Files of rows whose answer is written to standard output as CSV."""


_CLASSES: Final = "tidemill.classes"


def classes_of(path: Path) -> tuple[str, ...]:
    """Read the names of classes that ``write_frame`` has left in a file.

    Parameters
    ----------
    path
        Parquet file.

    Returns
    -------
    tuple of str
        In the order of their numbers; empty where the file has none.
    """
    return tuple(json.loads(pl.read_parquet_metadata(path).get(_CLASSES, "[]")))


def check_out(path: Path, sources: Iterable[Path | None] = ()) -> Path:
    """Check that a file of this name can be written, and is none of those that are read.

    Parameters
    ----------
    path
        File to write; its suffix names the format. ``-`` is standard output.
    sources
        Files that are read; None: none.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    ConfigError
        Its suffix names no format that is written, or the file is one that is read.
    """
    check_apart({"": path}, sources)
    if path != STANDARD and path.suffix.lower() not in WRITTEN:
        raise ConfigError(
            f"{path}: {path.suffix or 'no suffix'} is not a format that is written; those are {', '.join(WRITTEN)}"
        )
    return path


def check_apart(outputs: Mapping[str, Path | None], sources: Iterable[Path | None]) -> None:
    """Check that files to write are none of those that are read, and different ones; ``-`` is standard input and output.

    Parameters
    ----------
    outputs
        Files to write, by the options that name them; None: not written.
    sources
        Files that are read; None: none.

    Raises
    ------
    ConfigError
        One is a file that is read, or two are one file; links are followed.
    """
    read = {os.path.realpath(source) for source in sources if source not in (None, STANDARD)}
    options: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        place = os.path.realpath(path)
        if place in read:
            raise ConfigError(f"{path} is what is read: name another file to write")
        if place in options:
            raise ConfigError(f"{options[place]} and {option} are both {path}: name two files")
        options[place] = option


def standard_suffix(name: str) -> str:
    """Find the format in which standard output answers a file of rows.

    Parameters
    ----------
    name
        Of the file that is read.

    Returns
    -------
    str
        ``.csv`` where its rows are cells of text or of a workbook, else ``.jsonl``.

    Examples
    --------
    >>> standard_suffix("rows.CSV.gz"), standard_suffix("rows.parquet")
    ('.csv', '.jsonl')
    """
    plain = name.lower().removesuffix(".gz").removesuffix(".zst")
    return ".csv" if plain.endswith(_CELLS) else ".jsonl"


def write_frame(frame: pl.DataFrame, path: Path, *, classes: Sequence[str] = (), source: Path | None = None) -> None:
    """Write a frame in the format of the file's suffix, whole or not at all.

    Parameters
    ----------
    frame
        Rows to write.
    path
        File to write: ``.parquet``, ``.csv``, ``.tsv`` or ``.jsonl``; ``-`` is standard output.
    classes
        Names of the classes that numbers of the frame count; a Parquet file keeps them (``classes_of``).
    source
        What was read, by which standard output has its format.

    Raises
    ------
    ConfigError
        The suffix names no format that is written.
    """
    suffix = check_out(path).suffix.lower()
    if path == STANDARD:
        text = io.BytesIO()
        write_text(frame, standard_suffix("" if source is None else source.name), text)
        sys.stdout.buffer.write(text.getvalue())  # by Python, whose error of a closed pipe says which it is
        sys.stdout.buffer.flush()
        return
    with write_output(path) as part:
        if suffix == ".parquet":
            frame.write_parquet(part, metadata={_CLASSES: json.dumps(list(classes))} if classes else None)
        else:
            with part.open("wb") as file:
                write_text(frame, suffix, file)


def write_text(frame: pl.DataFrame, suffix: str, file: IO[bytes], *, header: bool = True) -> None:
    """Write a frame as text to an open file.

    Parameters
    ----------
    frame
        Rows to write.
    suffix
        ``.csv``, ``.tsv`` or ``.jsonl``.
    file
        Takes the lines in UTF-8.
    header
        Begin a CSV or TSV file with the names of the columns.
    """
    if suffix in _DELIMITERS:
        frame.write_csv(file, include_header=header, separator=_DELIMITERS[suffix])
    else:
        frame.write_ndjson(file)

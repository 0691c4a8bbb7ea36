"""A file of rows as a table: by its suffix, unpacked and decoded first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from tidemill.contracts import DataError
from tidemill.readers.columnar import parse_arrow, parse_excel, parse_parquet
from tidemill.readers.compressed import PACKED, unpack
from tidemill.readers.delimited import parse_delimited
from tidemill.readers.json_rows import parse_json
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.table import Table
from tidemill.readers.text_encoding import decode

_TEXT: Final[dict[str, Callable[[str, str, ReadOptions], Table]]] = {
    ".csv": lambda text, name, options: parse_delimited(text, name, options, usual=","),
    ".tsv": lambda text, name, options: parse_delimited(text, name, options, usual="\t"),
    ".jsonl": parse_json,
    ".ndjson": parse_json,
    ".json": parse_json,
}
_BINARY: Final[dict[str, Callable[[bytes, str], Table]]] = {
    ".parquet": parse_parquet,
    ".arrow": parse_arrow,
    ".feather": parse_arrow,
    ".xlsx": parse_excel,
    ".xls": parse_excel,
    ".ods": parse_excel,
}
FORMATS: Final = (*_TEXT, *_BINARY)
SUFFIXES: Final = (*FORMATS, *(f"{plain}{packed}" for plain in _TEXT for packed in (".gz", ".zst")), ".zip")
"""How the names of files end that are read."""


def parse(data: bytes, name: str, options: ReadOptions = DEFAULTS) -> Table:
    """Read the bytes of a file.

    Parameters
    ----------
    data
        Its content.
    name
        Its name: the suffix names the format, and messages quote it.
    options
        Options of the file.

    Returns
    -------
    Table
        At least one row.

    Raises
    ------
    DataError
        The file is empty, has a format that is not read, or a row of it cannot be read; the row is named.
    """
    data, inner = unpack(data, name)
    name = name if inner == PurePosixPath(name).stem else inner
    suffix = PurePosixPath(inner).suffix.lower()
    if suffix not in FORMATS:
        raise DataError(
            f"{name}: {suffix or 'no suffix'} is not a format that is read; "
            f"those are {', '.join(FORMATS)}, packed ({', '.join(PACKED)}) or not"
        )
    if not data.strip():
        raise DataError(f"{name} is empty: replace it with the full file, or remove it from what arrives")
    if suffix in _TEXT:
        text, note = decode(data, name, options.encoding)
        try:
            table = _TEXT[suffix](text, name, options)
        except RecursionError as error:
            raise DataError(f"{name}: objects are nested too deeply to be read; flatten them") from error
        table = table if note is None else replace(table, notes=(note, *table.notes))
    else:
        table = _BINARY[suffix](data, name)
    if not table.numbers:
        raise DataError(f"{name} has a header and no rows: replace it with the full file")
    return table


def read_file(path: Path, options: ReadOptions = DEFAULTS) -> Table:
    """Read a file of this machine, as ``parse`` does.

    Parameters
    ----------
    path
        File in any format that is read; its suffix names the format.
    options
        What the user states about the file, such as its encoding.

    Returns
    -------
    Table
        At least one row.

    Raises
    ------
    DataError
        The file is missing, a folder, or cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder; a file is needed") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return parse(data, path.name, options)


def report_reading(notes: Iterable[str]) -> None:
    """Print notes about a file on standard error, each once.

    Parameters
    ----------
    notes
        Notes of tables, which may repeat.
    """
    for note in dict.fromkeys(notes):
        print(f"note: {note}", file=sys.stderr)

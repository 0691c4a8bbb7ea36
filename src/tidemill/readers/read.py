"""A file of rows as a table: by its suffix, unpacked and decoded first."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from tidemill.common.spelling import counted
from tidemill.contracts import DataError, NoRowsError
from tidemill.readers.columnar import parse_arrow, parse_excel, parse_parquet
from tidemill.readers.compressed import PACKED, unpack
from tidemill.readers.delimited import parse_delimited
from tidemill.readers.json_rows import parse_json
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.other_tools import of_other_tools
from tidemill.readers.padded_cells import without_padding
from tidemill.readers.table import Table
from tidemill.readers.text_doubts import doubts_about_texts, utf7_note
from tidemill.readers.text_encoding import MixedError, decode, decode_but_some_lines

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
_PARQUET_MARK: Final = b"PAR1"
_TABLES: Final = {
    _PARQUET_MARK: "Parquet",
    b"ARROW1": "Arrow",
    b"\x1f\x8b": "packed by gzip (.gz)",
    b"\x28\xb5\x2f\xfd": "packed by Zstandard (.zst)",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook (.zip, .xlsx)",
    b"\xd0\xcf\x11\xe0": "a workbook or document of older Office programs (.xls)",
}
"""What the first bytes of files say that are read by another suffix."""
_CONTENTS: Final = {
    **_TABLES,
    b"%PDF-": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"SQLite format 3": "an SQLite database",
    b"<!doctype html": "a web page (HTML)",
    b"<html": "a web page (HTML)",
}
"""What the first bytes of files say that are no text."""
_MARK: Final = re.compile("(?<=[\n\r])\ufeff+")
_OWN_MARKS: Final[dict[str, tuple[bytes, ...]]] = {
    ".gz": (b"\x1f\x8b",),
    ".zst": (b"\x28\xb5\x2f\xfd",),
    ".zip": (b"PK",),
    ".parquet": (_PARQUET_MARK,),
    ".arrow": (b"ARROW1",),
    ".feather": (b"ARROW1",),
    ".xlsx": (b"PK", b"\xd0\xcf\x11\xe0"),
    ".xls": (b"PK", b"\xd0\xcf\x11\xe0"),
    ".ods": (b"PK",),
}
"""How files begin whose suffix is right, though they cannot be read."""
_WORKBOOK: Final = "xl/workbook.xml"
_DOS_END: Final = "\x1a"
_LFS: Final = b"version https://git-lfs"
_HEAD: Final = 1 << 10
"""Bytes in which a web page begins, blank ones before it included."""
_NEVER_TEXT: Final = frozenset(map(chr, {*range(9), *range(14, 27), *range(28, 32)}))
"""Control characters that files of text never have, as those of programs and archives do."""
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
        The file has a format that is not read, or a row of it cannot be read; the row is named.
    NoRowsError
        It is empty, or has a header alone.
    """
    _refuse_pointer(data, name)
    with _other_format_told(data, name, PurePosixPath(name).suffix.lower()):
        data, inner = unpack(data, name)
    name = name if inner == PurePosixPath(name).stem else inner
    suffix, guessed = PurePosixPath(inner).suffix.lower(), None
    if not suffix and data.strip():
        suffix = suffix_of(data)
        guessed = f"{name} has no suffix, and is read as {suffix}"
    if suffix not in FORMATS:
        raise DataError(
            f"{name}: {suffix or 'no suffix'} is not a format that is read; "
            f"those are {', '.join(FORMATS)}, packed ({', '.join(PACKED)}) or not"
        )
    if not data.strip():
        raise NoRowsError(f"{name} is empty: replace it with the full file, or remove it from what arrives")
    if suffix in _TEXT:
        text, note = _text_of_rows(data, name, options)
        text, marks = _without_marks(text, name)
        try:
            table = _TEXT[suffix](text, name, options)
        except RecursionError as error:
            raise DataError(f"{name}: objects are nested too deeply to be read; flatten them") from error
        table = replace(table, notes=(*filter(None, (note, marks)), *table.notes))
    else:
        with _other_format_told(data, inner, suffix):
            table = _BINARY[suffix](data, name)
    if not table.numbers:
        raise NoRowsError(f"{name} has a header and no rows: replace it with the full file")
    table = without_padding(of_other_tools(table))
    notes = [note for note in (guessed, *table.notes, *doubts_about_texts(table)) if note is not None]
    return replace(table, notes=tuple(notes))


def refuse_pointer(path: Path) -> None:
    """Refuse a file that stands for one that Git LFS keeps elsewhere.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    DataError
        It is such a pointer.
    """
    with path.open("rb") as file:
        _refuse_pointer(file.read(len(_LFS)), path.name)


def _refuse_pointer(data: bytes, name: str) -> None:
    if data.startswith(_LFS):
        raise DataError(f"{name} is a pointer of Git LFS, not the file itself: `git lfs pull`")


def read_text(data: bytes, name: str, options: ReadOptions = DEFAULTS) -> tuple[str, str | None]:
    """Read the bytes of a file of plain text.

    Parameters
    ----------
    data
        Its content.
    name
        Its name, for messages.
    options
        Its encoding, where that is stated.

    Returns
    -------
    str
        The text, without a byte-order mark.
    str or None
        What was guessed, and the option that overrides it.

    Raises
    ------
    DataError
        It is no text, or in an encoding that cannot be detected.
    """
    text, note = _text(data, name, options)
    place = next((place for place, letter in enumerate(text) if letter in _NEVER_TEXT), None)
    if place is not None:
        line = text.count("\n", 0, place) + 1
        raise DataError(f"{name}, line {line}: character {text[place]!r} is none of a text: export the file as text")
    return text, note


def _text_of_rows(data: bytes, name: str, options: ReadOptions) -> tuple[str, str | None]:
    """Where rows are set aside, those in another encoding than most may be."""
    try:
        return _text(data, name, options)
    except MixedError as error:
        rest = None if options.bad_rows == "refuse" else decode_but_some_lines(data)
        if rest is None:
            raise DataError(f"{error}{options.way_out}") from error
        return rest, None


def _without_marks(text: str, name: str) -> tuple[str, str | None]:
    """A text without byte order marks at starts of lines, and how many there were; and without the end mark of DOS."""
    text = text.rstrip(_DOS_END)
    if "\ufeff" not in text:
        return text, None
    text, times = _MARK.subn("", text)
    if not times:
        return text, None
    said = counted(times, "line begins", "lines begin")
    return (
        text,
        f"{name}: {said} with a byte order mark, as where files were put one behind another, and these marks are left out",
    )


def _text(data: bytes, name: str, options: ReadOptions) -> tuple[str, str | None]:
    _refuse_other_content(data, name)
    text, note = decode(data, name, options.encoding)
    return text, note or (utf7_note(text, name) if options.encoding is None else None)


@contextlib.contextmanager
def _other_format_told(data: bytes, name: str, suffix: str) -> Iterator[None]:
    """Say of a file that cannot be read what it is, where its name promises another format, rather than to copy it again."""
    try:
        yield
    except DataError as error:
        path = PurePosixPath(name)
        if data.startswith(_OWN_MARKS[suffix]):
            if suffix == ".zip" and _is_workbook(data):
                raise DataError(f"{name} is an Excel workbook by its content: rename it to {path.stem}.xlsx") from error
            raise
        _refuse_other_content(data, name)
        if not _looks_like_text(data):
            raise
        plain = path.stem if PurePosixPath(path.stem).suffix.lower() in _TEXT else f"{path.stem}{suffix_of(data)}"
        what = "not packed, but plain text" if suffix in PACKED else "plain text"
        raise DataError(f"{name} is {what} by its content: rename it to {plain}") from error


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def _looks_like_text(data: bytes) -> bool:
    head = data[: _HEAD << 2]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return bool(head.strip()) and _NEVER_TEXT.isdisjoint(map(chr, head))


def _refuse_other_content(data: bytes, name: str) -> None:
    """Refuse a file that is not the text that its name promises, by its first bytes."""
    head = data[:_HEAD]
    starts = (head, head.removeprefix(codecs.BOM_UTF8).lstrip().lower())
    found = next((start for start in _CONTENTS if any(one.startswith(start) for one in starts)), None)
    if found is not None:
        remedy = (
            "name it so that its suffix says what it is"
            if found in _TABLES
            else "download it again, or export the rows as a table"
        )
        raise DataError(f"{name} is {_CONTENTS[found]} by its content: {remedy}")


def suffix_of(data: bytes) -> str:
    """Suffix of the format that bytes without a name have: Parquet, JSON lines or CSV.

    Parameters
    ----------
    data
        Content of the file.

    Returns
    -------
    str
        One of ``.parquet``, ``.jsonl`` and ``.csv``.

    Examples
    --------
    >>> suffix_of(b' {"text": "a"}'), suffix_of(b"id,text")
    ('.jsonl', '.csv')
    """
    if data.startswith(_PARQUET_MARK):
        return ".parquet"
    return ".jsonl" if data.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[") else ".csv"


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

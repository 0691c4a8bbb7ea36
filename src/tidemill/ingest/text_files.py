"""Files of plain text, a document each, as one table."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.delimited import parse_delimited
from tidemill.readers.options import QUARANTINE
from tidemill.readers.read import read_text
from tidemill.readers.table import BadRow, Table

TEXT_SUFFIX: Final = ".txt"
_TOLD: Final = 3
_LINES: Final = 3
"""Lines below a header that make a table."""


def is_text_file(path: str) -> bool:
    """Tell a file of plain text by its name.

    Parameters
    ----------
    path
        Name or path.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_text_file("articles/May.TXT"), is_text_file("articles/may.csv")
    (True, False)
    """
    return PurePosixPath(path).suffix.lower() == TEXT_SUFFIX


def text_files(
    files: Iterable[tuple[str, bytes]], name: str, settings: IngestSettings, others: Iterable[str] = ()
) -> Table:
    """Make a table of files of plain text: the name of each is its key, its content its text.

    Parameters
    ----------
    files
        Path below the folder, and content.
    name
        Of the folder, for messages.
    settings
        Names of the columns, the encoding where it is stated, and what becomes of files that are no text.
    others
        Paths of files in the folder that are no text by their name.

    Returns
    -------
    Table
        Texts in Unicode's composed form (NFC), as names of entities are compared. Files without text are left out.

    Raises
    ------
    DataError
        Names the file that is no text, or there is none with text.
    """
    kept, notes, empty, bad = dict[str, str](), list[str](), list[str](), list[BadRow]()
    for number, (path, data) in enumerate(files, start=1):
        try:
            text, note = read_text(data, f"{name}/{path}", settings.reading)
        except DataError as error:
            if settings.bad_rows == "refuse":
                raise DataError(
                    f"{error}; or take the file out of the folder, or set such files aside: {QUARANTINE}"
                ) from error
            bad.append(BadRow(number, str(error)))
            continue
        if not text.strip():
            empty.append(path)
            continue
        kept[path] = unicodedata.normalize("NFC", text)
        notes += [] if note is None else [note]
    if not kept:
        raise DataError(
            f"{name} holds no {TEXT_SUFFIX} file with text in it: a document a file, or a table of documents"
        )
    told = notes[:_TOLD] + ([f"{name}: {len(notes)} files in all are not UTF-8"] if len(notes) > _TOLD else [])
    no_text = (f"file is no {TEXT_SUFFIX} file", f"files are no {TEXT_SUFFIX} files")
    for paths, words in ((empty, ("file is empty", "files are empty")), (sorted(others), no_text)):
        if paths:
            rest = " …" if len(paths) > _TOLD else ""
            told.append(f"{name}: {counted(len(paths), *words)} and left out ({', '.join(paths[:_TOLD])}{rest})")
    columns: dict[str, list[object]] = {settings.content: list(kept.values())}
    if settings.key_column is not None:
        columns[settings.key_column] = list(kept)
    return Table(name, columns, range(1, len(kept) + 1), "file", notes=tuple(told), bad=tuple(bad))


def single_document(document: Table, name: str, settings: IngestSettings) -> Table:
    """Note that a file of plain text is one row, and ask about one that may be a table.

    Parameters
    ----------
    document
        The file as a document.
    name
        Of the file, for messages.
    settings
        Names of the columns.

    Returns
    -------
    Table
        The document, with the note where it has several lines.

    Raises
    ------
    DataError
        Its lines have as many cells as each other.
    """
    (text,) = document.columns[settings.content]
    try:
        table = parse_delimited(text, name, replace(settings.reading, bad_rows="refuse"), usual=",")
        cells = len(table.columns)
    except DataError:
        table, cells = document, 0
    if cells > 1 and len(table.numbers) >= _LINES:
        raise DataError(
            f"{name} looks like a table of {len(table.numbers)} rows ({', '.join(list(table.columns)[:5])}), and would be one document: name it so "
            "that its suffix says what it is (.csv, .tsv), or put it into a folder if it is one"
        )
    lines = sum(1 for line in str(text).splitlines() if line.strip())
    told = f"{name}: its {counted(lines, 'line is', 'lines are')} one document, which is one row; a text a line is read from .csv and .jsonl"
    return document if lines == 1 else replace(document, notes=(*document.notes, told))

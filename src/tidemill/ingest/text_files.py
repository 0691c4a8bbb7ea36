"""Files of plain text, a document each, as one table."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from tidemill.contracts import DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.read import read_text
from tidemill.readers.table import BadRow, Table

TEXT_SUFFIX: Final = ".txt"
_TOLD: Final = 3


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
                raise
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
    for paths, why in ((empty, "empty"), (sorted(others), f"no {TEXT_SUFFIX} files")):
        if paths:
            rest = " …" if len(paths) > _TOLD else ""
            told.append(f"{name}: {len(paths)} files are {why} and left out ({', '.join(paths[:_TOLD])}{rest})")
    columns: dict[str, list[object]] = {settings.content: list(kept.values())}
    if settings.key_column is not None:
        columns[settings.key_column] = list(kept)
    return Table(name, columns, range(1, len(kept) + 1), "file", notes=tuple(told), bad=tuple(bad))

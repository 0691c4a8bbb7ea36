"""Contents of files and folders of new rows, chunk by chunk, with the checks that ingest makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.apps.models.model import CHUNK
from tidemill.contracts import DataError
from tidemill.ingest import values
from tidemill.ingest.batch import row_ids
from tidemill.ingest.images import check_images
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source
from tidemill.ingest.values import fold
from tidemill.readers.options import BadRows
from tidemill.readers.read import SUFFIXES, report_reading
from tidemill.readers.table import Table


@dataclass(frozen=True)
class InputRows:
    """A source whose rows are listed: of images only their paths, unless the table holds them."""

    source: Source
    table: Table
    settings: IngestSettings
    strict: bool = False

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Read rows chunk by chunk.

        Yields
        ------
        polars.DataFrame
            source, key, row_id, error and text or image, in the order of the rows. ``error`` says why a row cannot be
            predicted, and is null otherwise; its content is empty then.

        Raises
        ------
        DataError
            Names the file, row and value that cannot be taken, and what to do; where ``strict``.
        """
        size = CHUNK[self.settings.modality]
        policy: BadRows = "refuse" if self.strict else "quarantine"
        keys = _keys(self.table, self.settings, RowErrors(self.table, policy))
        for start in range(0, len(self.table.numbers), size):
            part = _part(self.table, start, start + size)
            inside = RowErrors(part, policy)
            contents = self._contents(part, inside)
            hashes = [hashlib.sha256(one.encode() if isinstance(one, str) else one).hexdigest() for one in contents]
            named = [key or one[:16] for key, one in zip(keys[start : start + size], hashes, strict=True)]
            basic = {"source": [self.source.name] * len(contents), "key": named, "row_id": row_ids(hashes, named)}
            reasons = [inside.reasons.get(row) for row in range(len(contents))]
            about = pl.Series("error", reasons, dtype=pl.String)
            yield pl.DataFrame(basic | {self.settings.modality: contents}).with_columns(about)

    def _contents(self, part: Table, errors: RowErrors) -> list[Any]:
        if self.settings.modality == "text":
            return values.texts(part, self.settings, errors)
        names, images = self.source.images(part, self.settings, errors)
        check_images(images, names, part, max_pixels=self.settings.max_pixels, errors=errors)
        return images


def input_rows(path: Path, settings: IngestSettings, *, strict: bool = False) -> list[InputRows]:
    """List the sources in a file, folder of images, or folder of tables, and check that they can be read.

    Parameters
    ----------
    path
        File, folder of images or folder of tables.
    settings
        Settings of ingest.
    strict
        Whether a row that cannot be predicted refuses its file.

    Returns
    -------
    list of InputRows
        One per file.

    Raises
    ------
    DataError
        A file is missing, empty or cannot be read, or there is none.
    """
    return [_listed(Source(str(one.resolve())), settings, strict=strict) for one in _files(path, settings)]


def _files(path: Path, settings: IngestSettings) -> list[Path]:
    if not path.is_dir():
        return [path]
    tables = [one for one in sorted(path.iterdir()) if one.suffix.lower() in SUFFIXES and not one.name.startswith(".")]
    if not tables and settings.modality == "text":
        raise DataError(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
    return tables or [path]


def _listed(source: Source, settings: IngestSettings, *, strict: bool) -> InputRows:
    whole = settings.model_copy(update={"bad_rows": "refuse"})  # a line without cells would have no line in the answer
    table = _with_usual_names(source.table(whole), settings)
    report_reading(table.notes)
    known = settings if settings.key in table.columns else settings.model_copy(update={"key": None})
    content = table.column(known.content, f"ingest.{known.modality}")  # refused before others are read
    columns = {known.content: content} | ({} if known.key is None else {known.key: table.columns[known.key]})
    return InputRows(source, replace(table, columns=columns), known, strict)


def _with_usual_names(table: Table, settings: IngestSettings) -> Table:
    """Rename columns that differ from those of the problem by letter case and spaces only."""
    names, notes = {name: name for name in table.columns}, []
    for wanted in filter(None, (settings.content, settings.key)):
        alike = [name for name in table.columns if fold(name) == fold(wanted)]
        if not table.has(wanted) and len(alike) == 1:
            names[alike[0]] = wanted
            notes.append(f"{table.name}: column {alike[0]!r} is read as {wanted!r}")
    columns = {names[name]: column for name, column in table.columns.items()}
    return replace(table, columns=columns, notes=(*table.notes, *notes))


def _keys(table: Table, settings: IngestSettings, errors: RowErrors) -> list[str]:
    """Key of each row, empty where there is none: a row may be predicted twice."""
    if settings.key is None:
        return [""] * len(table.numbers)
    return values.keys(table, settings, [], errors)


def _part(table: Table, start: int, stop: int) -> Table:
    columns = {name: column[start:stop] for name, column in table.columns.items()}
    return Table(table.name, columns, table.numbers[start:stop], table.unit)

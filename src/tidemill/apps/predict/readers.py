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
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source
from tidemill.readers.read import SUFFIXES
from tidemill.readers.table import Table


@dataclass(frozen=True)
class Listed:
    """A source whose rows are listed: of images only their paths, unless the table holds them."""

    source: Source
    table: Table
    settings: IngestSettings

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Read rows chunk by chunk.

        Yields
        ------
        polars.DataFrame
            source, key, row_id and text or image, in the order of the rows.

        Raises
        ------
        DataError
            Names the file, row and value that cannot be taken, and what to do.
        """
        size = CHUNK[self.settings.modality]
        keys = _keys(self.table, self.settings)
        for start in range(0, len(self.table.numbers), size):
            part = _part(self.table, start, start + size)
            contents = self._contents(part)
            hashes = [hashlib.sha256(one.encode() if isinstance(one, str) else one).hexdigest() for one in contents]
            named = keys[start : start + size] if keys else [one[:16] for one in hashes]
            basic = {"source": [self.source.name] * len(contents), "key": named, "row_id": row_ids(hashes, named)}
            yield pl.DataFrame(basic | {self.settings.modality: contents})

    def _contents(self, part: Table) -> list[Any]:
        if self.settings.modality == "text":
            return values.texts(part, self.settings)
        names, images = self.source.images(part, self.settings)
        check_images(images, names, part, max_pixels=self.settings.max_pixels)
        return images


def listed(path: Path, settings: IngestSettings) -> list[Listed]:
    """List the sources in a file, folder of images, or folder of tables, and check that they can be read.

    Parameters
    ----------
    path : Path
    settings : IngestSettings

    Returns
    -------
    list of Listed

    Raises
    ------
    DataError
        A file is missing, empty or cannot be read, or there is none.
    """
    return [_listed(Source(str(one.resolve())), settings) for one in _files(path, settings)]


def _files(path: Path, settings: IngestSettings) -> list[Path]:
    if not path.is_dir():
        return [path]
    tables = [one for one in sorted(path.iterdir()) if one.suffix.lower() in SUFFIXES and not one.name.startswith(".")]
    if not tables and settings.modality == "text":
        raise DataError(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
    return tables or [path]


def _listed(source: Source, settings: IngestSettings) -> Listed:
    table = source.table(settings)
    known = settings if settings.key in table.columns else settings.model_copy(update={"key": None})
    kept = {name: column for name, column in table.columns.items() if name in {known.content, known.key}}
    table.column(known.content, f"ingest.{known.modality}")  # a file without it is refused before others are read
    return Listed(source, replace(table, columns=kept), known)


def _keys(table: Table, settings: IngestSettings) -> list[str]:
    return [] if settings.key is None else values.keys(table, settings, [])


def _part(table: Table, start: int, stop: int) -> Table:
    columns = {name: column[start:stop] for name, column in table.columns.items()}
    return Table(table.name, columns, table.numbers[start:stop], table.unit)

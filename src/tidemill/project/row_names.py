"""How people name rows: by row_id, by key with or without its batch, by the name of an image's file."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import polars as pl

from tidemill.common.spelling import closest, shown
from tidemill.contracts import DataError
from tidemill.ingest.batch import SEEN
from tidemill.ingest.images import rewrites
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, locate
from tidemill.ingest.values import is_missing
from tidemill.project.batches import arrivals
from tidemill.project.layout import Paths
from tidemill.project.tables import read
from tidemill.readers.cell_text import as_string

_GUESSED = 20_000
"""Names among which the nearest is looked for."""


@dataclass(frozen=True)
class RowNames:
    """Names of the rows of a problem.

    Parameters
    ----------
    table
        row_id, key and batch of each row.
    settings
        What a key is.
    paths
        Of the problem.
    """

    table: pl.DataFrame
    settings: IngestSettings
    paths: Paths

    def find(self, name: str, batch: str | None = None) -> int:
        """Find the row that a name means.

        Parameters
        ----------
        name
            Its row_id, its key with or without the batch's name, or the name of its file.
        batch
            The batch that it is of; None: any.

        Returns
        -------
        int
            Index of the row in ``table``.

        Raises
        ------
        DataError
            There is no such row, or there are several; says what tells them apart.
        """
        places = self.by_name.get(name, [])
        batches = self.table["batch"]
        found = [place for place in places if batch is None or batches[place] == batch]
        if len(found) == 1:
            return found[0]
        if not found:
            where = "" if batch is None else f" in batch {batch!r}"
            meant = closest(name, list(self.by_name)) if len(self.by_name) < _GUESSED else None
            among = f" among {self.table.height:,}" if batch is None else ""
            raise DataError(f"there is no row {shown(name)}{where}{f'; did you mean {meant}?' if meant else among}")
        several = ", ".join(f"{self.table['row_id'][place]}: {self._full_name(place, name)}" for place in found[:3])
        raise DataError(
            f"{name!r} may be any of {len(found)} rows ({several}): name one by its row_id or with its batch, or add a column batch to "
            "a file"
        )

    @cached_property
    def by_name(self) -> dict[str, list[int]]:
        """Indices of the rows that a name may mean."""
        result: defaultdict[str, dict[int, None]] = defaultdict(dict)
        for index, (row_id, key) in enumerate(self.table.select("row_id", "key").iter_rows()):
            for name in self._names(key):
                result[name][index] = None
            result[row_id][index] = None
        for key, index in self._repeats():
            for name in self._names(key):
                result[name][index] = None
        for name, index in self._image_names():
            result[name][index] = None
        return {name: list(rows) for name, rows in result.items()}

    def _full_name(self, place: int, name: str) -> str:
        """What names this row alone: its key, or where that is the same in every batch, the batch."""
        key, batch = self.table["key"][place], self.table["batch"][place]
        return key if key != name else f"of {batch}"

    def _names(self, key: str) -> list[str]:
        bare = self.settings.bare_key(key)
        names = [key, bare]
        return [*names, PurePosixPath(bare).name] if self.settings.modality == "image" else names

    def _repeats(self) -> list[tuple[str, int]]:
        """Keys of rows that were left out since another row has their content, which stands for both."""
        result, kept = list[tuple[str, str]](), dict[str, str]()
        for batch in self.table["batch"].unique(maintain_order=True):
            seen = read(self.paths.seen / f"{batch}.parquet", SEEN)
            kept |= dict(seen.filter(pl.col("fate").is_in(["kept", "grouped"])).select("content", "key").iter_rows())
            same = seen.filter(pl.col("fate") == "same").select("key", "content").iter_rows()
            result += [(key, kept[content]) for key, content in same if content in kept]
        index = self._by_key
        return [(key, index[other]) for key, other in result if other in index]

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.table["key"])}

    def _image_names(self) -> list[tuple[str, int]]:
        """Names of image files that tables have beside their keys, where the tables are still there."""
        column = self.settings.image
        if column is None or column == self.settings.key_column:
            return []
        result = []
        for entry in arrivals(self.paths.manifest):
            source = Source(locate(entry.source, self.paths.shared))
            if source.files.exists(source.path) and not source.files.isdir(source.path):
                result += list(self._of_table(source, entry.batch))
        return result

    def _of_table(self, source: Source, batch: str) -> Iterator[tuple[str, int]]:
        table, column, keys = source.table(self.settings), self.settings.image, self.settings.key_column
        values = table.column(str(column), "ingest.image")
        if keys is not None:
            given = table.column(keys, "ingest.key")
            full = ["" if is_missing(key) else self.settings.full_key(as_string(key), batch) for key in given]
        elif rewrites(self.settings):  # the hash is not that of the file
            return
        else:
            images = source.images(table, self.settings).images
            full = [hashlib.sha256(image).hexdigest()[:16] for image in images]
        for key, value in zip(full, values, strict=True):
            if key in self._by_key and isinstance(value, str):
                yield from ((name, self._by_key[key]) for name in (value, PurePosixPath(value).name))

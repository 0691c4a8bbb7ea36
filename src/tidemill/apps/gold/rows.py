"""The rows of a problem with the label that counts, and how files name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import DataError, Problem
from tidemill.ingest.batch import SEEN
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, locate
from tidemill.ingest.values import is_missing
from tidemill.project.batches import arrivals
from tidemill.project.gold_history import GoldHistory
from tidemill.project.gold_tables import own_labels
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.tables import read
from tidemill.readers.cell_text import as_string


@dataclass(frozen=True)
class ProblemRows:
    """Rows of a problem.

    Parameters
    ----------
    problem
        Name, modality and classes.
    settings
        What its columns mean.
    paths
        Of the problem.
    table
        row_id, key, batch, split, ``own`` (the label that a row came with) and ``gold`` (the one that counts).
    history
        Answers that came after the rows.
    """

    problem: Problem
    settings: IngestSettings
    paths: Paths
    table: pl.DataFrame
    history: GoldHistory

    @cached_property
    def place(self) -> dict[str, int]:
        """Index of a row by its row_id."""
        return {row_id: index for index, row_id in enumerate(self.table["row_id"])}

    @cached_property
    def by_name(self) -> dict[str, list[int]]:
        """Indices of the rows that a name may mean: a row_id, a key, or the name of a file."""
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

    def _names(self, key: str) -> list[str]:
        bare = self.settings.bare_key(key)
        names = [key, bare]
        return [*names, PurePosixPath(bare).name] if self.problem.modality == "image" else names

    def _repeats(self) -> list[tuple[str, int]]:
        """Keys of rows that were left out since another row has their content, which stands for both."""
        result, kept = list[tuple[str, str]](), dict[str, str]()
        for batch in self.table["batch"].unique(maintain_order=True):
            seen = read(self.paths.seen / f"{batch}.parquet", SEEN)
            kept |= dict(seen.filter(pl.col("fate").is_in(["kept", "grouped"])).select("content", "key").iter_rows())
            same = seen.filter(pl.col("fate") == "same").select("key", "content").iter_rows()
            result += [(key, kept[content]) for key, content in same if content in kept]
        index = {key: place for place, key in enumerate(self.table["key"])}
        return [(key, index[other]) for key, other in result if other in index]

    def _image_names(self) -> list[tuple[str, int]]:
        """Names of image files that tables name beside their keys, where the tables are still there."""
        column, keys = self.settings.image, self.settings.key_column
        if column is None or keys is None or column == keys:
            return []
        index = {key: place for place, key in enumerate(self.table["key"])}
        result = []
        for entry in arrivals(self.paths.manifest):
            source = Source(locate(entry.source, self.paths.shared))
            if source.files.isdir(source.path) or not source.files.exists(source.path):
                continue
            table = source.table(self.settings)
            for key, value in zip(table.column(keys, "ingest.key"), table.column(column, "ingest.image"), strict=True):
                full = "" if is_missing(key) else self.settings.full_key(as_string(key), entry.batch)
                if full in index and isinstance(value, str):
                    result += [(value, index[full]), (PurePosixPath(value).name, index[full])]
        return result

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
            known = self.by_name if len(self.by_name) < _GUESSED else ()
            hint = did_you_mean(name, list(known)) if known else ""
            raise DataError(f"there is no row {name!r}{where}{hint}")
        shown = ", ".join(f"{self.table['row_id'][place]} of {batches[place]}" for place in found[:3])
        raise DataError(
            f"{name!r} may be any of {len(found)} rows ({shown}): add a column batch, or name rows by row_id, which "
            "`tidemill gold sample` writes"
        )


_GUESSED = 20_000
"""Names among which the nearest is looked for."""


def problem_rows(project: Project, name: str) -> ProblemRows:
    """Read the rows of a problem.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    ProblemRows

    Raises
    ------
    DataError
        No batch has arrived, or one has not been made into tables yet.
    """
    problem, settings, paths = project.load(name, "ingest", IngestSettings)
    batches = [entry.batch for entry in arrivals(paths.manifest)]
    if not batches:
        raise DataError(f"no batch of {name} has arrived: `tidemill arrive {name}`, then `dvc repro ingest@{name}`")
    history = GoldHistory.read(paths.gold_history)
    table = pl.concat([_rows(paths, batch) for batch in batches])
    counts = history.applied(table.select("row_id", pl.col("own").alias("gold")), problem.classes)
    return ProblemRows(problem, settings, paths, table.with_columns(counts["gold"]), history)


def _rows(paths: Paths, batch: str) -> pl.DataFrame:
    file = paths.raw / f"{batch}.parquet"
    if not file.exists() or "gold" not in pl.read_parquet_schema(paths.seen / f"{batch}.parquet"):
        raise DataError(
            f"batch {batch!r} is not made into tables yet: `dvc repro ingest@{paths.name}` (or `dvc checkout`, where a run has made it)"
        )
    keys = pl.read_parquet(file, columns=["row_id", "key", "batch"])
    own = own_labels(paths, batch).select("row_id", "split", pl.col("gold").alias("own"))
    return keys.join(own, on="row_id", how="left", maintain_order="left")


def shown_errors(errors: Sequence[str], name: str) -> DataError:
    """Make one error of many.

    Parameters
    ----------
    errors
        What is wrong, a sentence each.
    name
        Name of the file.

    Returns
    -------
    DataError
        Shows the first ten, and how many there are.
    """
    most = 10
    more = f"\n  and {len(errors) - most} more" if len(errors) > most else ""
    lines = "".join(f"\n  {error}" for error in errors[:most])
    return DataError(f"{name}: {len(errors)} rows cannot be taken, so none is:{lines}{more}")

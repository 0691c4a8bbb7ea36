"""The rows of a problem with the label that counts, and how files name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from tidemill.common.files import atomic_write
from tidemill.common.spelling import counted
from tidemill.contracts import DataError, Problem
from tidemill.ingest.settings import IngestSettings
from tidemill.project.arrivals import waiting_sources
from tidemill.project.batches import add_batches, arrivals
from tidemill.project.gold_history import GoldHistory
from tidemill.project.gold_tables import own_labels
from tidemill.project.layout import Paths
from tidemill.project.made_tables import note_made_tables, table_stamps
from tidemill.project.project import Project
from tidemill.project.row_names import RowNames


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
    def names(self) -> RowNames:
        """How files name the rows."""
        return RowNames(self.table, self.settings, self.paths)

    @cached_property
    def not_arrived(self) -> str:
        """Names files that wait in the incoming folder, as the end of a message about rows that are not there."""
        waiting = waiting_sources(self.settings, self.paths, self.history)
        if not waiting:
            return ""
        verb = "has" if len(waiting) == 1 else "have"
        return f"; {', '.join(waiting[:3])} {verb} not been taken in: `tidemill arrive {self.paths.name}`"


def make_tables(project: Project, name: str) -> None:
    """Make tables of batches that have arrived since the last run, as the ingest stage does.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Raises
    ------
    DataError
        A source is not what arrived, or a row of it cannot be taken.
    """
    problem, settings, paths = project.load(name, "ingest", IngestSettings)
    if all((paths.raw / f"{entry.batch}.parquet").exists() for entry in arrivals(paths.manifest)):
        return
    report = paths.reports / "ingest.json"  # it is in git: the stage writes it, and a run publishes it
    before, tables = report.read_bytes() if report.exists() else None, table_stamps(paths)
    add_batches(problem, settings, paths)
    note_made_tables(paths, tables)
    if before is None:
        report.unlink()
    else:
        with atomic_write(report) as part:
            part.write_bytes(before)


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
    if not file.exists() or "gold" not in pl.scan_parquet(paths.seen / f"{batch}.parquet", glob=False).collect_schema():
        raise DataError(
            f"batch {batch!r} is not made into tables yet: `dvc repro ingest@{paths.name}` (or `dvc checkout`, where a run has made it)"
        )
    keys = pl.read_parquet(file, columns=["row_id", "key", "batch"], glob=False)
    own = own_labels(paths, batch).select("row_id", "split", pl.col("gold").alias("own"))
    return keys.join(own, on="row_id", how="left", maintain_order="left")


def shown_errors(errors: Sequence[str], name: str, *, unknown: str = "") -> DataError:
    """Make one error of many.

    Parameters
    ----------
    errors
        What is wrong, a sentence each.
    name
        Name of the file.
    unknown
        Where rows may be that are not there, as the end of a sentence.

    Returns
    -------
    DataError
        Shows the first ten, and how many there are.
    """
    most = 10
    more = f"\n  and {len(errors) - most} more" if len(errors) > most else ""
    lines = "".join(f"\n  {error}" for error in errors[:most])
    where = f"\n{unknown.removeprefix('; ')}" if unknown and any("there is no row" in error for error in errors) else ""
    return DataError(f"{name}: {counted(len(errors), 'row')} cannot be taken, so none is:{lines}{more}{where}")

"""Rows that the newest report of the monitor asks a person about: whose labels decide harm, or that may be a new class."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows
from tidemill.apps.gold.sample import GoldSample, with_content
from tidemill.apps.gold.sample_file import write_sample
from tidemill.apps.models.accepted_drift import newest_report
from tidemill.contracts import DataError
from tidemill.project.arrivals import arrive
from tidemill.project.gold_history import FOR_HARM
from tidemill.project.project import Project
from tidemill.readers.write import check_out
from tidemill.reports.monitor import StreamDrift
from tidemill.runs.model_registry import read_registry


def sample_for_harm(project: Project, name: str, out: Path) -> GoldSample:
    """Write the rows that a person labels to decide harm to a file that comes back by `tidemill gold add`.

    Batches that have arrived since the last run are taken into the manifest and made into tables first.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    out
        ``.csv``, ``.jsonl`` or ``.parquet``.

    Returns
    -------
    GoldSample
        First the random sample (picked: random, with the question), in the order in which it is to be labeled; then rows that teach most
        (uncertain), which decide nothing.

    Raises
    ------
    DataError
        Nothing is asked for, or the file of a row is not there any more.
    ConfigError
        There is no champion or no report; or the name of ``out`` ends with no format that is written, or the file holds labels or other content.
    """
    check_out(out)
    stream = _newest_stream(project, name)
    harm = None if stream is None else stream.harm
    if harm is None or harm.labels is None or not harm.labels.rows:
        reason = "nothing has arrived" if harm is None else harm.reasons[0]
        raise DataError(f"the monitor asks for no labels of {name}: {reason}")
    wanted = pl.DataFrame(
        {
            "row_id": [*harm.labels.rows, *harm.labels.informative],
            "picked": [FOR_HARM] * len(harm.labels.rows) + ["uncertain"] * len(harm.labels.informative),
        }
    )
    table = _written(project, name, wanted, out)
    return GoldSample(table, "how far champion and functions contradict each other; they decide nothing")


def sample_of_cluster(project: Project, name: str, out: Path) -> GoldSample:
    """Write the rows of a kind that is new, which may be of a class that the problem lacks, to a file for `tidemill class add`.

    Batches that have arrived since the last run are taken into the manifest and made into tables first.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    out
        ``.csv``, ``.jsonl`` or ``.parquet``.

    Returns
    -------
    GoldSample
        Rows of all splits: some of the class have to judge.

    Raises
    ------
    DataError
        No cluster of rows is new, or the file of a row is not there any more.
    ConfigError
        There is no champion or no report; or the name of ``out`` ends with no format that is written, or the file holds labels or other content.
    """
    check_out(out)
    stream = _newest_stream(project, name)
    groups = () if stream is None or stream.cause is None else stream.cause.groups
    cluster = next((group for group in groups if group.kind == "cluster"), None)
    if cluster is None:
        raise DataError(
            f"the monitor names no cluster of rows of {name} that is new; `tidemill gold sample {name}` picks others"
        )
    wanted = pl.DataFrame({"row_id": cluster.rows, "picked": ["uncertain"] * len(cluster.rows)})
    table = _written(project, name, wanted, out)
    return GoldSample(
        table, f"a kind of rows that is new: {cluster.group}, {cluster.share.batch:.0%} of the rows since the change"
    )


def _written(project: Project, name: str, wanted: pl.DataFrame, out: Path) -> pl.DataFrame:
    rows = _rows_with(project, name, wanted["row_id"])
    picked = wanted.join(rows.table.select("row_id", "batch", "key"), on="row_id", how="left", maintain_order="left")
    table = with_content(rows, picked.select("row_id", "batch", "key", "picked"))
    write_sample(table, out, rows)
    return table


def _newest_stream(project: Project, name: str) -> StreamDrift | None:
    version = read_registry(project, name).champion
    if version is None:
        raise DataError(f"{name} has no champion yet, so there is no drift that labels could tell of")
    return newest_report(project, name, version).stream


def _rows_with(project: Project, name: str, wanted: pl.Series) -> ProblemRows:
    """Batches that only a look has read so far are not in the checkout's manifest."""
    make_tables(project, name)
    rows = problem_rows(project, name)
    if set(wanted) <= set(rows.table["row_id"]):
        return rows
    arrive(project, name)
    make_tables(project, name)
    rows = problem_rows(project, name)
    lost = next((row_id for row_id in wanted if row_id not in rows.place), None)
    if lost is not None:
        raise DataError(
            f"row {lost} is in no batch of this checkout: is its file in the folder of incoming data still what the monitor looked at?"
        )
    return rows

"""Where a row came from, how it was labeled, and which models had it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, DataError, Problem, probability_columns
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.tables import batch_names
from tidemill.reports.lineage import CastVote, RowLineage, TrainedVersion
from tidemill.reports.project import Manifest
from tidemill.runs.model_registry import file_at_version, read_registry


def row_lineage(project: Project, problem: str, row_id: str) -> RowLineage:
    """Trace a row.

    Gold is not shown: outside of dev it is for ``evaluate`` alone.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    row_id
        Or the beginning of one, as long as only one row has it.

    Returns
    -------
    RowLineage

    Raises
    ------
    DataError
        No row has it, or several.
    """
    about, paths = project.problem(problem), project.paths(problem)
    row = _find(paths, row_id)
    source = {entry.batch: entry.source for entry in Manifest.read(paths.manifest).batches}
    return RowLineage(
        problem=problem,
        row_id=row["row_id"],
        batch=row["batch"],
        source=source[row["batch"]],
        split=row["split"],
        votes=_votes(paths, row["row_id"], about),
        label=_probabilities(paths.labels, row["row_id"], about.classes),
        prediction=_probabilities(paths.predictions, row["row_id"], about.classes),
        versions=_versions(project, problem, row["batch"]),
    )


def row_lines(row: RowLineage) -> list[str]:
    """Write a row's lineage as lines.

    Parameters
    ----------
    row
        Its lineage.

    Returns
    -------
    list of str
    """
    return [
        f"{row.problem} {row.row_id}",
        f"  batch       {row.batch}, from {row.source}",
        f"  split       {row.split}",
        f"  votes       {', '.join(f'{vote.function}: {vote.vote}' for vote in row.votes) or 'none'}",
        f"  label       {_distribution(row.label, 'dvc repro denoise@' + row.problem)}",
        f"  prediction  {_distribution(row.prediction, 'dvc repro train@' + row.problem)}",
        "  models      "
        + (
            ", ".join(f"{version.version}{' (champion)' if version.champion else ''}" for version in row.versions)
            or "none"
        ),
    ]


def _distribution(probabilities: dict[str, float] | None, remedy: str) -> str:
    if probabilities is None:
        return f"not yet: {remedy}"
    return ", ".join(f"{name} {value:.3f}" for name, value in probabilities.items())


def _find(paths: Paths, row_id: str) -> dict[str, str]:
    columns = ["row_id", "batch", "split"]
    files = [paths.raw / f"{batch}.parquet" for batch in batch_names(paths.manifest)]
    missing = [file for file in files if not file.exists()]
    if missing:
        raise DataError(f"{missing[0]} is missing: run `dvc repro ingest@{paths.name}`")
    rows = pl.concat([pl.read_parquet(file, columns=columns, glob=False) for file in files])
    matches = rows.filter(pl.col("row_id").str.starts_with(row_id))
    if matches.height == 1:
        return dict(matches.row(0, named=True))
    if matches.height:
        some = ", ".join(matches["row_id"].head(3))
        raise DataError(f"{matches.height} rows of {paths.name} have a row_id that begins with {row_id}: {some}, ...")
    raise DataError(f"no row of {paths.name} has the row_id {row_id}{did_you_mean(row_id, rows['row_id'].to_list())}")


def _votes(paths: Paths, row_id: str, problem: Problem) -> tuple[CastVote, ...]:
    if not paths.votes.exists():
        return ()
    table = pl.scan_parquet(paths.votes, glob=False).filter(pl.col("row_id") == row_id).collect()
    votes = table.drop("row_id").row(0, named=True) if table.height else {}
    return tuple(
        CastVote(function=name, vote=_vote_name(vote, problem.classes))
        for name, vote in votes.items()
        if isinstance(vote, int) and vote != ABSTAIN
    )


def _vote_name(vote: int, classes: Sequence[str]) -> str:
    return classes[vote] if vote >= 0 else f"not {classes[-2 - vote]}"


def _probabilities(path: Path, row_id: str, classes: Sequence[str]) -> dict[str, float] | None:
    if not path.exists():
        return None
    columns = probability_columns(classes)
    table = pl.scan_parquet(path, glob=False).filter(pl.col("row_id") == row_id).select(columns).collect()
    return dict(zip(classes, table.row(0), strict=True)) if table.height else None


def _versions(project: Project, problem: str, batch: str) -> tuple[TrainedVersion, ...]:
    registry, manifest = read_registry(project, problem), Paths.within(problem).manifest
    names = []
    for version, commit in registry.versions.items():
        text = file_at_version(project, manifest, commit)
        arrived = () if text is None else Manifest.parse(text, where=f"{manifest} of {version}").batches
        names += [version] if batch in {entry.batch for entry in arrived} else []
    return tuple(TrainedVersion(version=name, champion=name == registry.champion) for name in names)

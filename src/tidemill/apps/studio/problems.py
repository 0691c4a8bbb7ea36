"""A line per problem: champion, scores of its versions, the last decision on drift, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tidemill.common.spelling import counted
from tidemill.contracts import TidemillError
from tidemill.project.project import Project
from tidemill.project.tables import batch_names
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import Metrics
from tidemill.reports.monitor import Drift
from tidemill.reports.studio import ProblemSummary, VersionScore
from tidemill.runs.model_registry import Registry, file_at_version, read_registry
from tidemill.runs.pending import read_question

_MODEL = "end_model"


def summarize(project: Project, name: str) -> ProblemSummary:
    """Summarize a problem; what is wrong with it is part of the summary.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    ProblemSummary
    """
    try:
        return _summary(project, name)
    except TidemillError as error:
        return ProblemSummary(
            name=name,
            modality="",
            classes=(),
            rows=0,
            batches=0,
            versions=(),
            drift=None,
            drift_reasons=(),
            waiting=(),
            error=str(error),
        )


def _summary(project: Project, name: str) -> ProblemSummary:
    import polars as pl

    problem, paths = project.problem(name), project.paths(name)
    registry = read_registry(project, name)
    batches = batch_names(paths.manifest) if paths.manifest.exists() else []
    files = [file for batch in batches if (file := paths.raw / f"{batch}.parquet").exists()]
    drift = Drift.read_if_there(paths.last_drift) or Drift.read_if_there(paths.reports / "drift.json")
    return ProblemSummary(
        name=name,
        modality=problem.modality,
        classes=tuple(problem.classes),
        rows=sum(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item() for file in files),
        batches=len(batches),
        versions=tuple(_version(project, registry, version) for version in registry.versions),
        drift=None if drift is None else drift.decision,
        drift_reasons=() if drift is None else drift.reasons,
        waiting=(*_candidate(project, name), *_waiting(name, registry, drift, batches, len(files))),
    )


def _version(project: Project, registry: Registry, version: str) -> VersionScore:
    """Scores are read from the commit of the version, as they were judged then."""
    metrics = _metrics(project, registry, version)
    return VersionScore(
        version=version.partition("@")[2],
        champion=version == registry.champion,
        metric=None if metrics is None else metrics.metric,
        score=None if metrics is None else _score(metrics),
    )


def _metrics(project: Project, registry: Registry, version: str) -> Metrics | None:
    """None also where an old version has them in a form that is no longer read."""
    file = Path("reports", registry.problem, "metrics.json")
    text = file_at_version(project.main, file, registry.versions[version])
    try:
        return None if text is None else Metrics.parse(text, where=f"{file} of {version}")
    except TidemillError:
        return None


def _score(metrics: Metrics) -> Estimate:
    low, high = metrics.intervals.get(_MODEL, {}).get(metrics.metric) or (None, None)
    return Estimate(score=metrics.scores.get(_MODEL, {}).get(metrics.metric), low=low, high=high)


def _candidate(project: Project, name: str) -> Iterator[str]:
    question = read_question(project, name)
    if question is not None and not question.expired:
        yield "A candidate waits for your decision: open Runs and versions, and approve or reject it."


def _waiting(name: str, registry: Registry, drift: Drift | None, batches: list[str], files: int) -> Iterator[str]:
    if not batches:
        yield f"No rows have arrived. Put a file where the settings say and run: tidemill arrive {name}"
    elif files < len(batches):
        yield f"{counted(len(batches) - files, 'batch is', 'batches are')} not read in yet: open Runs and versions, and start a run."
    if registry.champion is None:
        yield "There is no model in production yet: write functions, then start a run under Runs and versions."
    for damage in registry.damages:
        yield f"Damaged: {damage}"
    if drift is not None and drift.relabel:
        yield f"Functions see too little of {', '.join(drift.relabel)}: write functions for these batches."
    harm = drift.stream.harm if drift is not None and drift.stream is not None else None
    if harm is not None and harm.verdict == "undecided" and harm.labels is not None:
        yield (
            f"It is not known whether the model has become worse; about {harm.labels.more_labels} more labels decide it: "
            "label rows by hand, those of the new batches first."
        )

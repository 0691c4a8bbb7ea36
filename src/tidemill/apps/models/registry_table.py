"""The registry as a table: every version with its score, who promoted it, and which is the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidemill.errors import DataError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.evaluate import Metrics
from tidemill.runs.model_registry import file_at_version, lost_versions, read_registry, without_model
from tidemill.runs.pending import read_question
from tidemill.runs.promotion_record import By, Promotion, read_promotions

CHAMPION: Final = "champion"
_MODEL: Final = "end_model"
_REASON: Final = 60


@dataclass(frozen=True)
class RegisteredModel:
    """A version of a problem's model.

    Attributes
    ----------
    problem, version, commit
        What it is of, its tag, and the commit whose ``dvc.lock`` holds it.
    stage
        ``champion``, or empty.
    when
        Time of its promotion, in ISO 8601.
    by
        Whether the gate or a person promoted it.
    who
        In whose checkout.
    reason
        Why.
    metric, score, low, high, rows
        On gold rows of test, with the ends of the interval; None where it has none.
    rolled_back
        Why it was made the champion again after another; None where it was not.
    """

    problem: str
    version: str
    commit: str
    stage: str
    when: str
    by: By
    who: str
    reason: str
    metric: str | None
    score: float | None
    low: float | None
    high: float | None
    rows: int | None
    rolled_back: str | None


@dataclass(frozen=True)
class PendingModel:
    """A candidate that waits for a person's decision."""

    problem: str
    commit: str
    champion: str | None
    expired: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ProblemModels:
    """The registry of one problem: its champion, versions oldest first, what waits, and what is damaged."""

    champion: str | None
    versions: tuple[RegisteredModel, ...]
    pending: PendingModel | None
    damaged: tuple[str, ...]


def problem_models(project: Project, problem: str) -> ProblemModels:
    """Read the registry of a problem.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    ProblemModels
    """
    registry = read_registry(project, problem)
    promotions = read_promotions(project, registry)
    question = read_question(project, problem)
    models = []
    for version, commit in registry.versions.items():
        own = promotions.get(version, Promotion(version, "", "", "gate", ""))
        assigned = [promotions[tag] for tag, where in registry.assignments.items() if where == commit]
        stage = CHAMPION if version == registry.champion else ""
        again = assigned[-1].reason or "no reason given" if stage and len(assigned) > 1 else None
        about = (problem, version, commit, stage, own.when, own.by, own.who, own.reason)
        models.append(RegisteredModel(*about, *_score(project, problem, commit), again))
    return ProblemModels(
        registry.champion,
        tuple(models),
        None
        if question is None
        else PendingModel(problem, question.commit, question.about.champion, question.expired, question.about.reasons),
        tuple(map(str, (*registry.damages, *without_model(project, registry), *lost_versions(project, registry)))),
    )


def _score(
    project: Project, problem: str, commit: str
) -> tuple[str | None, float | None, float | None, float | None, int | None]:
    """Name of the metric, score, ends of the interval, rows; of an older format or a damaged file nothing is known."""
    file = Paths.within(problem).reports / "metrics.json"
    try:
        metrics = Metrics.parse(file_at_version(project, file, commit) or "", where=f"{file} of {commit[:12]}")
    except DataError:
        return None, None, None, None, None
    score = metrics.scores.get(_MODEL, {}).get(metrics.metric)
    low, high = metrics.intervals.get(_MODEL, {}).get(metrics.metric, (None, None))
    return metrics.metric, score, low, high, metrics.rows


def model_lines(problem: str, models: ProblemModels) -> list[str]:
    """Write the registry of a problem as text.

    Parameters
    ----------
    problem
        Name of the problem.
    models
        Its versions.

    Returns
    -------
    list of str
        A line per version, newest last; lines about what waits and what is damaged.
    """
    table = [_cells(model) for model in models.versions]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines += [
        f"{item.version} is the champion again: {item.rolled_back}" for item in models.versions if item.rolled_back
    ]
    lines += [*_no_champion(problem, models), *_waiting(problem, models.pending)]
    return [*lines, *(f"damaged: {line}" for line in models.damaged)]


def _no_champion(problem: str, models: ProblemModels) -> list[str]:
    """As where the tags of its assignments were deleted."""
    if not models.versions or models.champion is not None:
        return []
    newest = models.versions[-1].version.partition("@")[2]
    return [f"{problem} has versions and no champion: `tidemill rollback {problem} {newest}` makes one of them so"]


def _cells(model: RegisteredModel) -> Sequence[str]:
    reason = model.reason.partition("\n")[0]
    return (
        model.version,
        model.commit[:12],
        model.stage,
        model.when[:16].replace("T", " "),
        _estimate(model),
        f"by {model.by}" + (f" ({model.who})" if model.by == "person" else ""),
        reason if len(reason) <= _REASON else f"{reason[: _REASON - 1]}…",
    )


def _estimate(model: RegisteredModel) -> str:
    if model.score is None or model.low is None or model.high is None:
        return "-"
    return f"{str(model.metric).replace('_', ' ')} {model.score:.3f} [{model.low:.3f}, {model.high:.3f}]"


def _waiting(problem: str, pending: PendingModel | None) -> list[str]:
    if pending is None:
        return []
    if pending.expired:
        return [f"candidate {pending.commit[:12]} was asked about; the champion has changed since, so that has expired"]
    how = f'`tidemill approve {problem} --reason "…"`, or `--reject`'
    return [f"candidate {pending.commit[:12]} waits for a decision: {how}", *(f"  {line}" for line in pending.reasons)]

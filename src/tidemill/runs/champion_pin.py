"""The pin of a champion: its version, and the batch from which on rows are of the kind that it was promoted for."""

from __future__ import annotations

from itertools import takewhile

from tidemill.contracts import DataError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift
from tidemill.reports.project import ChampionPin
from tidemill.runs.model_registry import file_at_version, read_registry


def champion_pin(project: Project, problem: str) -> ChampionPin:
    """Make the pin of the champion of now.

    It is made of what was committed with the version, so that a rollback brings back what was known then.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    ChampionPin
        Without accepted drifts.
    """
    registry = read_registry(project, problem)
    if registry.champion is None:
        return ChampionPin(version=None)
    since = _changed_since(project, problem, registry.versions[registry.champion])
    return ChampionPin(version=registry.champion, since=since)


def _changed_since(project: Project, problem: str, commit: str) -> str | None:
    """The change that the version was trained after: of an alarm or harm, else an accepted drift, else that of the version before."""
    paths = Paths.within(problem)
    texts = [file_at_version(project, path, commit) for path in (paths.reports / "drift.json", paths.champion)]
    try:
        drift = None if texts[0] is None else Drift.parse(texts[0], where="drift.json")
        pin = None if texts[1] is None else ChampionPin.parse(texts[1], where="champion.json")
    except DataError:  # of an older version of Tidemill: its reference is of all batches, as it was
        return None
    since = None if drift is None else _harmed_since(drift)
    if since is not None:
        return since
    if pin is None:
        return None
    return pin.accepted[-1].since if pin.accepted else pin.since


def _harmed_since(drift: Drift) -> str | None:
    if drift.stream is not None and drift.stream.alarm is not None:
        return drift.stream.alarm.since
    if drift.rule != "harm":
        return None
    harmed = list(takewhile(lambda name: drift.batches[name].harm, reversed(drift.order or tuple(drift.batches))))
    return harmed[-1] if harmed else None

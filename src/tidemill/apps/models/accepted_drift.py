"""The decision that a drift is harmless: it is kept beside the champion, where git keeps it, and starts a new reference."""

from __future__ import annotations

from tidemill.contracts import ConfigError
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift
from tidemill.reports.project import AcceptedDrift, ChampionPin
from tidemill.runs.champion_pin import champion_pin
from tidemill.runs.model_registry import read_registry


def accept_drift(
    project: Project, problem: str, *, reason: str, since: str | None = None, until: str | None = None
) -> AcceptedDrift:
    """Accept the drift of a problem as harmless.

    Parameters
    ----------
    project : Project
        The checkout whose champion.json is changed; runs use it when it is committed.
    problem : str
        Its name.
    reason : str
        Why it is harmless.
    since, until : str, optional
        First and last batch of the new reference; by default those of the last report, from the estimated change on.

    Returns
    -------
    AcceptedDrift

    Raises
    ------
    ConfigError
        There is no champion, no reason, no alarm, or no such batch.
    """
    version = read_registry(project, problem).champion
    if version is None:
        raise ConfigError(f"{problem} has no champion yet, so there is no drift to accept")
    if not reason.strip():
        raise ConfigError("say in --reason why the drift is harmless; it is kept with the decision")
    report = newest_report(project, problem, version)
    alarm = None if report.stream is None else report.stream.alarm
    if alarm is None and since is None:
        raise ConfigError(f"{problem} has no alarm to accept; --since BATCH takes a new reference all the same")
    batches = list(report.order or report.batches)
    first = since or (alarm.since if alarm is not None else "")
    accepted = AcceptedDrift(
        since=first, until=until or batches[-1], reason=reason.strip(), score=None if alarm is None else alarm.score
    )
    _check(accepted, batches)
    _keep(project, problem, version, accepted)
    return accepted


def newest_report(project: Project, problem: str, version: str) -> Drift:
    """Read the published report or that of the last look, whichever knows more batches.

    Parameters
    ----------
    project : Project
        The project.
    problem : str
        Its name.
    version : str
        Of the champion that it is of.

    Returns
    -------
    Drift

    Raises
    ------
    ConfigError
        There is none of that version.
    """
    paths = project.paths(problem)
    results = [Drift.read_if_there(file) for file in (paths.reports / "drift.json", paths.last_drift)]
    of_version = [report for report in results if report is not None and report.champion == version]
    if not of_version:
        raise ConfigError(
            f"there is no drift report of {version}: `tidemill monitor --no-trigger problem={problem}` makes one"
        )
    return max(of_version, key=lambda report: len(report.batches))


def _check(accepted: AcceptedDrift, batches: list[str]) -> None:
    for option, name in (("--since", accepted.since), ("--until", accepted.until)):
        if name not in batches:
            raise ConfigError(f"{option} {name!r} is no batch since the promotion; there are {', '.join(batches)}")
    if batches.index(accepted.until) < batches.index(accepted.since):
        raise ConfigError(f"--until {accepted.until!r} came before --since {accepted.since!r}")


def _keep(project: Project, problem: str, version: str, accepted: AcceptedDrift) -> None:
    file = project.paths(problem).champion
    pin = ChampionPin.read_if_there(file)
    if pin is None or pin.version != version:
        pin = champion_pin(project, problem)
    before = pin.accepted or ()
    if any(item.until == accepted.until for item in before):
        raise ConfigError(f"{file} accepts the drift up to {accepted.until!r} already")
    pin.model_copy(update={"accepted": (*before, accepted)}).write(file)

"""A batch taken back that nothing has learned from, and the labels that its file had for earlier rows."""

from __future__ import annotations

from dataclasses import dataclass

from tidemill.common.spelling import did_you_mean
from tidemill.errors import ConfigError
from tidemill.project.arrivals import batch_name
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, ChampionPin, Manifest
from tidemill.runs.model_registry import file_at_version, read_registry


@dataclass(frozen=True)
class UndoneArrival:
    """What was taken back.

    Parameters
    ----------
    batch
        Name of the batch, or of a file that held labels only.
    source
        Its file, which is left where it is.
    is_batch
        Whether it had rows of its own.
    later
        Batches after it, which are made again without it.
    withdrawn
        Labels for rows of earlier batches that do not count any more.
    is_there
        Whether the file is, and would arrive anew.
    """

    batch: str
    source: str
    is_batch: bool
    later: tuple[str, ...]
    withdrawn: int
    is_there: bool


def undo_arrival(project: Project, problem: str, batch: str) -> UndoneArrival:
    """Take a batch out of a problem's manifest, and withdraw the labels that its file had for rows of earlier batches.

    Parameters
    ----------
    project
        The checkout whose manifest is changed.
    problem
        Name of the problem.
    batch
        Name of the batch; of a file that held labels only, the name that it would have had.

    Returns
    -------
    UndoneArrival

    Raises
    ------
    ConfigError
        There is no such batch, a version has learned from it, or an accepted drift names it.
    """
    paths = project.paths(problem)
    arrived = Manifest.read(paths.manifest).batches
    history = GoldHistory.read(paths.gold_history)
    entry = next((item for item in arrived if item.batch == batch), None)
    source = entry.source if entry is not None else _labels_only(batch, history, arrived)
    if entry is not None:
        _refuse_learned(project, problem, batch)
        Manifest(batches=tuple(item for item in arrived if item != entry)).write(paths.manifest)
    later = () if entry is None else tuple(item.batch for item in arrived[arrived.index(entry) + 1 :])
    withdrawn, is_there = _withdraw(source, history, paths), (paths.shared / source).exists()
    return UndoneArrival(batch, source, entry is not None, later, withdrawn, is_there)


def _labels_only(batch: str, history: GoldHistory, arrived: tuple[Arrival, ...]) -> str:
    sources = {batch_name(answer.source): answer.source for answer in history.valid if answer.sha256 is not None}
    if batch not in sources:
        names = [*(item.batch for item in arrived), *sources]
        raise ConfigError(f"no batch {batch!r} has arrived{did_you_mean(batch, names)}")
    return sources[batch]


def _refuse_learned(project: Project, problem: str, batch: str) -> None:
    manifest = Paths.within(problem).manifest
    for version, commit in read_registry(project, problem).versions.items():
        text = file_at_version(project, manifest, commit)
        known = () if text is None else Manifest.parse(text, where=f"{manifest} of {version}").batches
        if batch in {item.batch for item in known}:
            raise ConfigError(
                f"{version} has learned from batch {batch!r}, so it stays: what a version was made of must be there when it is "
                f"made again. Its labels can go: `tidemill gold withdraw {problem}` with its rows and --all"
            )
    pin = ChampionPin.read_if_there(project.paths(problem).champion)
    if any(batch in (drift.since, drift.until) for drift in (pin.accepted or () if pin is not None else ())):
        raise ConfigError(
            f"an accepted drift of {problem} begins or ends with batch {batch!r} (models/{problem}/champion.json): take that back first"
        )


def _withdraw(source: str, history: GoldHistory, paths: Paths) -> int:
    mine = [answer for answer in history.valid if answer.source == source and answer.who is None]
    when = history.time(answer.row_id for answer in mine)
    lines = [
        Answer(row_id=item.row_id, label=None, when=when, source="arrive --undo", replaces=item.id) for item in mine
    ]
    append_answers(paths, lines)
    return len(lines)

"""Decisions of the monitor that are to be carried out: which, whether one has been, and what holds it back.

What was done is read from the published commits. Beside it there is one file, to which each start of a decision is
appended, so that one that always fails is not started for ever; were it lost, it would be tried that often again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill.contracts import DataError
from tidemill.monitor.retrain_decision import TRAIN
from tidemill.monitor.retrain_limits import has_grown, held_back
from tidemill.monitor.settings import MonitorSettings, RetrainSettings
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift
from tidemill.runs.model_registry import read_registry
from tidemill.runs.retrain_history import learned_batches, learned_history, manifest_at, published, retrains

STAGE_OF: Final[dict[str, str]] = {
    TRAIN: "train",
    "retrain": "train",
    "relabel": "denoise",
    "reestimate_balance": "denoise",
}
"""Decision that a run carries out, and the stage up to which it runs; a person or nobody carries out the others."""

_STARTS: Final = 3
_DAY: Final = 86_400.0


@dataclass(frozen=True)
class Due:
    """A decision that has not been carried out.

    Attributes
    ----------
    problem
        Name of the problem.
    decision
        A key of ``STAGE_OF``.
    key
        The same for the same decision about the same champion and the same batches.
    held
        What it waits for; None: nothing.
    """

    problem: str
    decision: str
    key: str
    held: str | None


def decision_key(drift: Drift) -> str:
    """Identify a decision: by what was decided, about which champion, of which batches or labels.

    Parameters
    ----------
    drift
        Report of the monitor.

    Returns
    -------
    str
    """
    content = f"{drift.decision} {drift.champion} {drift.arrived}"
    content += f" {drift.labels_as_of}" if drift.rule == "new_labels" else ""
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def last_decision(project: Project, problem: str) -> Drift | None:
    """Read the report of the last look at batches that have arrived.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    Drift or None
        None where there is none, or one that cannot be read: the next look makes another.
    """
    try:
        return Drift.read_if_there(project.paths(problem).last_drift)
    except DataError:
        return None


def find_due(project: Project, problem: str, *, now: float | None = None) -> Due | None:
    """Find the last decision, if it has not been carried out.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    now
        In seconds since 1970; None: the time of now.

    Returns
    -------
    Due or None
        None where it asks for nothing, is about another champion than that of now, has been carried out by whatever
        run, or was started three times in vain.
    """
    drift = last_decision(project, problem)
    if drift is None or drift.decision not in STAGE_OF or _is_done(project, problem, drift):
        return None
    key = decision_key(drift)
    if len(_starts(project, problem, key)) >= _STARTS:
        return None
    now = time.time() if now is None else now
    held = _held(project, problem, drift, now) if drift.decision == "retrain" else None
    return Due(problem, drift.decision, key, held)


def _is_done(project: Project, problem: str, drift: Drift) -> bool:
    if read_registry(project, problem).champion != drift.champion:
        return True
    if drift.rule == "new_labels":
        return (learned_history(project.shared, problem).as_of or "") >= (drift.labels_as_of or "")
    learned = learned_batches(project.shared, problem, STAGE_OF[drift.decision])
    return bool(learned) and learned.issuperset(drift.batches)


def _held(project: Project, problem: str, drift: Drift, now: float) -> str | None:
    limits = project.load(problem, "monitor", MonitorSettings)[1].retrain
    manifest = manifest_at(project.shared, published(project.shared, problem), problem)
    known = {arrival.batch for arrival in manifest.batches} if manifest is not None else set()
    batches = len(known.union(drift.batches))
    history = retrains(project.shared, problem, since=now - limits.budget_days * _DAY)
    held = held_back(history, limits, batches=batches, now=now)
    if held is None and drift.rule == "more_rows":
        return _learned_before(project, problem, drift, limits)
    return _few_labels(project, problem, drift, limits) if held is None and drift.rule == "new_labels" else held


def _learned_before(project: Project, problem: str, drift: Drift, limits: RetrainSettings) -> str | None:
    """A candidate that was not promoted has learned from some of these rows: they are not news for the next one."""
    learned = learned_batches(project.shared, problem, STAGE_OF["retrain"])
    old = sum(one.rows for name, one in drift.batches.items() if name in learned)
    new = sum(one.rows for one in drift.batches.values()) - old
    known = (drift.learned_rows or 0) + old
    if has_grown(known, new, limits):
        return None
    return f"{known + new} rows, {known} of which the last model was trained on; monitor.retrain.growth is {limits.growth:g}"


def _few_labels(project: Project, problem: str, drift: Drift, limits: RetrainSettings) -> str | None:
    """A candidate that was not promoted has learned from some of these labels: they are not news for the next one."""
    learned = learned_history(project.shared, problem)
    now = GoldHistory.read(project.paths(problem).gold_history)
    new = min(drift.new_labels, now.rows_since(learned))
    if new >= limits.new_labels:
        return None
    return f"{new} rows were labeled since the last model; monitor.retrain.new_labels is {limits.new_labels}"


def note_start(project: Project, problem: str, key: str) -> None:
    """Record that a decision is being carried out.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    key
        Of the decision.
    """
    file = _file(project, problem)
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"key": key, "time": round(time.time(), 1)}) + "\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode())  # one write of a short line is whole or not there
    finally:
        os.close(descriptor)


def gave_up(project: Project, problem: str) -> str | None:
    """Tell whether the last decision was started as often as it may be, and has not come to an end.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    str or None
        What to do about it.
    """
    drift = last_decision(project, problem)
    if drift is None or drift.decision not in STAGE_OF or _is_done(project, problem, drift):
        return None
    if len(_starts(project, problem, decision_key(drift))) < _STARTS:
        return None
    return (
        f"{drift.decision} was started {_STARTS} times and did not come to an end: see the logs of those runs; "
        f"`tidemill run problem={problem}` does it by hand"
    )


def _starts(project: Project, problem: str, key: str) -> list[float]:
    try:
        lines = _file(project, problem).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    result = []
    for line in lines:
        try:
            content = json.loads(line)
            result += [float(content["time"])] if content["key"] == key else []
        except (ValueError, TypeError, KeyError):  # a torn line
            continue
    return result


def _file(project: Project, problem: str) -> Path:
    return project.state / "drift" / f"{problem}.starts.jsonl"

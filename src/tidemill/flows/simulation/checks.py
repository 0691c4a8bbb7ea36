"""What must be so at the end of a simulation."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tidemill.flows.simulation.api import has_ended
from tidemill.flows.simulation.drive import FIRST, Drive
from tidemill.flows.simulation.plan import Day
from tidemill.flows.simulation.project import tidemill
from tidemill.flows.simulation.rows import WEEKEND
from tidemill.project.layout import RUNS
from tidemill.reports.project import Manifest
from tidemill.reports.simulation import SimulationCheck
from tidemill.runs.model_registry import read_registry
from tidemill.runs.retrain_history import learned_batches, retrains

_FRESH: Final = 200
_MARGIN: Final = 0.05


def check(drive: Drive, days: Sequence[Day]) -> tuple[SimulationCheck, ...]:
    """Check what a simulation came to.

    Parameters
    ----------
    drive
        The simulation, whose days have passed.
    days
        Its plan.

    Returns
    -------
    tuple of SimulationCheck
    """
    return (*_champions(drive, days), *_batches(drive, days), *_runs(drive), _better(drive))


def _champions(drive: Drive, days: Sequence[Day]) -> Iterator[SimulationCheck]:
    registry = read_registry(drive.project, drive.problem)
    learned = learned_batches(drive.project.shared, drive.problem, "train")
    first = next(day for day in days if day.later)
    yield SimulationCheck(
        what="the champion is one that was trained after the drift",
        passed=len(registry.versions) > 1
        and registry.champion == list(registry.versions)[-1]
        and first.batch in learned,
        found=f"{registry.champion} of {', '.join(registry.versions)}",
    )
    made = retrains(drive.project.shared, drive.problem, since=0.0)
    before = [one for one in made if one.batches < first.number + 1]  # the batch before the first day is one too
    yield SimulationCheck(
        what="no model was trained because of the season",
        passed=not before,
        found=f"{len(made)} retrains, {len(before)} of them before the drift",
    )


def _batches(drive: Drive, days: Sequence[Day]) -> Iterator[SimulationCheck]:
    names = [arrival.batch for arrival in Manifest.read(drive.project.paths(drive.problem).manifest).batches]
    expected = {FIRST, *(day.batch for day in days if day.accidents or day.broken)}
    yield SimulationCheck(
        what="every batch was taken once, the broken one after it was mended",
        passed=len(names) == len(set(names)) and expected <= set(names),
        found=", ".join(names),
    )


def _runs(drive: Drive) -> Iterator[SimulationCheck]:
    runs = {run["id"]: run for run in drive.api.runs()}
    states = [runs[name]["state_type"] for name in drive.killed]
    yield SimulationCheck(
        what="the run that was killed is recorded as crashed",
        passed=bool(states) and all(state == "CRASHED" for state in states),
        found=", ".join(states) or "none was killed",
    )
    makers = [(run.get("created_by") or {}).get("type") for run in runs.values()]
    yield SimulationCheck(
        what="runs were started by the schedule and by an event",
        passed={"SCHEDULE", "AUTOMATION"} <= set(makers),
        found=", ".join(f"{makers.count(kind)} by {kind}" for kind in sorted({str(one) for one in makers if one})),
    )
    left = [run["name"] for run in runs.values() if not has_ended(run)]
    failed = [run["name"] for run in runs.values() if run["state_type"] == "FAILED"]
    yield SimulationCheck(
        what="no run is left running, and none failed",
        passed=not left and not failed,
        found=", ".join([*left, *failed]) or "none",
    )
    worktrees = [path.name for path in (drive.project.shared / RUNS).glob("*") if path.is_dir()]
    yield SimulationCheck(what="no worktree is left", passed=not worktrees, found=", ".join(worktrees) or "none")


def _better(drive: Drive) -> SimulationCheck:
    """On rows of the later source that no day has had."""
    rows = [row | {WEEKEND: "no"} for row in drive.rows.later[:_FRESH]]
    file = fresh_file(drive.project.shared, drive.problem)
    file.parent.mkdir(parents=True, exist_ok=True)
    drive.rows.write(rows, file)
    registry = read_registry(drive.project, drive.problem)
    first, last = next(iter(registry.versions)), str(registry.champion)
    before, after = (_accuracy(drive, file, version, rows) for version in (first, last))
    return SimulationCheck(
        what=f"on {len(rows)} fresh rows of the later source it is right more often than the first champion, by {_MARGIN:g}",
        passed=after >= before + _MARGIN,
        found=f"{before:.3f} of {first}, {after:.3f} of {last}",
    )


def fresh_file(shared: Path, problem: str) -> Path:
    """Choose where rows that no day has had are written: as deep as batches are, for paths of images are relative to their file.

    Parameters
    ----------
    shared
        Folder of the project.
    problem
        Its problem.

    Returns
    -------
    Path
    """
    return shared / "data" / "fresh" / problem / "fresh.csv"


def _accuracy(drive: Drive, file: Path, version: str, rows: list[dict[str, str]]) -> float:
    out = file.with_name(f"{version.partition('@')[2]}.csv")
    tidemill(drive.project.shared, "predict", drive.problem, str(file), "--version", version, "--out", str(out))
    with out.open(encoding="utf-8", newline="") as lines:
        predicted = {row["key"]: row for row in csv.DictReader(lines)}
    right = [predicted[row["id"]]["prediction"] == row[drive.rows.label] for row in rows]
    return right.count(True) / len(right)

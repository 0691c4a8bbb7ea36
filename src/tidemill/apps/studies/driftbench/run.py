"""All cells of driftbench, the cost of a check, and the targets that are missed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.studies.driftbench.cells import (
    CHECKS,
    COMMON,
    NULLS,
    SHIFTS,
    Shift,
    decaying_functions,
    lower_bound,
    run_decay,
    run_null,
    run_shift,
    upper_bound,
)
from tidemill.apps.studies.driftbench.corrupted import CORRUPTIONS, corrupted
from tidemill.apps.studies.driftbench.harm_cells import MIXES, WORSE, ranking, run_harm
from tidemill.apps.studies.driftbench.harm_targets import harm_line, missed_harm
from tidemill.apps.studies.driftbench.population import SOURCES, Population, population
from tidemill.apps.studies.driftbench.rival_targets import missed_rivals, rival_line
from tidemill.apps.studies.driftbench.rivals import run_rivals, thresholds_of
from tidemill.apps.studies.driftbench.weak_text import weak_population
from tidemill.apps.studies.driftbench.year_targets import missed_years, run_years
from tidemill.monitor.rows import Names, Rows, rounded
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.stream import advance, start
from tidemill.monitor.settings import SequentialSettings
from tidemill.project.project import Project
from tidemill.reports.driftbench import (
    CheckCost,
    DecayCell,
    DriftBench,
    HarmCell,
    HarmRanking,
    NullCell,
    RivalCell,
    ShiftCell,
)

Say = Callable[[str], None]
Judged = tuple[HarmCell, npt.NDArray[np.float64]]
"""A mix, and the falls of accuracy that were estimated of its batches without labels."""

ALARMS: Final = 0.05
ALARMS_UPPER: Final = 0.065
CAUGHT: Final = 0.95
MILLISECONDS: Final = 50.0
_SEED: Final = 12
_COVERAGE: Final = 0.3


@dataclass(frozen=True)
class Size:
    """How many streams of each kind: without a change, with one, with a decaying function; functions; batches of a mix; corruptions; years."""

    nulls: int
    shifts: int
    decays: int
    functions: int | None
    harms: int
    corruptions: int
    tuning: int
    years: int


FULL: Final = Size(nulls=500, shifts=60, decays=20, functions=None, harms=100, corruptions=2, tuning=100, years=5)
QUICK: Final = Size(nulls=15, shifts=6, decays=3, functions=2, harms=10, corruptions=1, tuning=10, years=1)
WEAK: Final = (Shift(0.2, 20, functions=False), Shift(0.1, 20, functions=False))
"""Kinds of change of weakly embedded rows; reported, not gated."""


def driftbench(project: Project, problems: Sequence[str], *, quick: bool, say: Say) -> DriftBench:
    """Measure false alarms, delays and cost, and write reports/driftbench.json.

    Parameters
    ----------
    project : Project
        That has been run: rows, votes and the first champion of each problem are read.
    problems : sequence of str
        Packaged problems; none: all that the project has.
    quick : bool
        A few streams of each kind, in place of hundreds; bounds in place of point estimates decide then.
    say : callable
        Called with each cell when it is done.

    Returns
    -------
    DriftBench
    """
    size = QUICK if quick else FULL
    people = [population(project, name) for name in problems or [item for item in SOURCES if item in project.problems]]
    nulls = [_said(say, _null_line, run_null(item, null, size.nulls, _SEED)) for item in people for null in NULLS]
    shifts = [
        _said(say, _shift_line, run_shift(item, shift, size.shifts, _SEED)) for item in people for shift in SHIFTS
    ]
    weak = weak_population(people[0], seed=_SEED)
    shifts += [_said(say, _shift_line, run_shift(weak, shift, size.shifts, _SEED)) for shift in WEAK]
    rivals = _rivals([*((item, SHIFTS) for item in people), (weak, WEAK)], size, say)
    worse = {item.problem: _worse(item, size, say) for item in people}
    shifts += [cell for cells, _ in worse.values() for cell in cells]
    decays = [_said(say, _decay_line, cell) for item in people for cell in _decays(item, size)]
    harms, rankings = list[HarmCell](), list[HarmRanking]()
    for item in people:
        judged = [*_harms(item, size, say), *worse[item.problem][1]]
        cells, falls = [cell for cell, _ in judged], [values for _, values in judged]
        harms += cells
        rankings += [ranking(item.problem, cells, falls, hard=hard) for hard in (False, True)]
    state = None if quick else project.state
    years = [cell for item in people for cell in run_years(item, size.years, _SEED, state=state, say=say)]
    cost = check_cost()
    say(f"{cost.milliseconds_first:.0f} ms for the first check, {cost.milliseconds_last:.0f} ms for the last")
    report = DriftBench(
        quick=quick,
        nulls=tuple(nulls),
        shifts=tuple(shifts),
        rivals=tuple(rivals),
        decays=tuple(decays),
        harms=tuple(harms),
        rankings=tuple(rankings),
        years=tuple(years),
        cost=cost,
        missed=(
            *missed(nulls, shifts, decays, cost, quick=quick),
            *missed_rivals(shifts, rivals, quick=quick),
            *missed_harm(harms, rankings, quick=quick),
            *missed_years(years, quick=quick),
        ),
    )
    report.write(project.root / "reports" / "driftbench.json")
    return report


def _rivals(people: Sequence[tuple[Population, Sequence[Shift]]], size: Size, say: Say) -> list[RivalCell]:
    """Rivals see what the stream sees of the same rows; with functions and without are tuned apart."""
    results = []
    for item, shifts in people:
        for functions in sorted({shift.functions for shift in shifts}):
            rows = item.bare(functions=functions)
            thresholds = thresholds_of(rows, size.tuning, _SEED)
            for shift in [one for one in shifts if one.functions == functions]:
                cells = run_rivals(rows, shift, thresholds, size.shifts, _SEED)
                say(rival_line(cells))
                results += cells
    return results


def _decays(people: Population, size: Size) -> list[DecayCell]:
    ordered = sorted(decaying_functions(people), key=lambda function: -function[1])
    return [run_decay(people, function, size.decays, _SEED) for function in ordered[: size.functions]]


def _worse(people: Population, size: Size, say: Say) -> tuple[list[ShiftCell], list[Judged]]:
    """Rows with typing errors or blur: how soon they are found, and whether they are harm."""
    shifts, harms = [], []
    for corruption in [item for item in CORRUPTIONS if item.problem == people.problem][-size.corruptions :]:
        rows = corrupted(people, corruption, seed=_SEED)
        for functions in (True, False):
            cell = run_shift(rows, Shift(1.0, 20, functions=functions), size.shifts, _SEED)
            seen = "with functions" if functions else "without functions"
            shifts.append(cell.model_copy(update={"kind": f"{corruption.kind}, from check 20 on, {seen}"}))
            say(_shift_line(shifts[-1]))
        harm, falls = run_harm(rows, WORSE, size.harms, _SEED)
        harms.append((harm.model_copy(update={"kind": corruption.kind}), falls))
        say(harm_line(harms[-1][0]))
    return shifts, harms


def _harms(people: Population, size: Size, say: Say) -> list[Judged]:
    results = []
    for mix in MIXES:
        results.append(run_harm(people, mix, size.harms, _SEED))
        say(harm_line(results[-1][0]))
    return results


def missed(
    nulls: Sequence[NullCell],
    shifts: Sequence[ShiftCell],
    decays: Sequence[DecayCell],
    cost: CheckCost,
    *,
    quick: bool,
) -> list[str]:
    """Name the targets that are missed, a line each.

    Parameters
    ----------
    nulls, shifts, decays : sequence of cells
        What was measured.
    cost : CheckCost
        Of a check.
    quick : bool
        Of few streams, a share misses its target only where its 95% bound does.

    Returns
    -------
    list of str
    """
    lines = []
    for null in nulls:
        rate = lower_bound(null.alarms, null.streams) if quick else null.rate
        if rate > ALARMS or (not quick and null.upper > ALARMS_UPPER):
            lines.append(f"{_null_line(null)}: at most {ALARMS:.1%} are asked, upper bound {ALARMS_UPPER:.1%}")
    targets = {shift.kind: shift.median for shift in SHIFTS if shift.median is not None}
    for cell in shifts:
        if cell.kind not in targets:
            continue
        if _reached(cell.caught, cell.streams, quick=quick) < CAUGHT:
            lines.append(f"{_shift_line(cell)}: {CAUGHT:.0%} are asked")
        if cell.median_rows is None or cell.median_rows > targets[cell.kind]:
            lines.append(f"{_shift_line(cell)}: a median of {targets[cell.kind]} is asked")
    lines += [
        f"{_decay_line(cell)}: {CAUGHT:.0%} are asked"
        for cell in decays
        if _reached(cell.named_first, cell.streams, quick=quick) < CAUGHT
    ]
    if max(cost.milliseconds_first, cost.milliseconds_last) > MILLISECONDS:
        lines.append(f"a check takes {cost.milliseconds_last:.0f} ms, at most {MILLISECONDS:.0f} ms are asked")
    return lines


def _reached(share: float, streams: int, *, quick: bool) -> float:
    return upper_bound(round(share * streams), streams) if quick else share


def check_cost() -> CheckCost:
    """Measure the processor time of a check of 100 rows of 384 features and 40 functions, at the start and after a year.

    Returns
    -------
    CheckCost
    """
    rng = np.random.default_rng(_SEED)
    names = Names(("no", "yes"), tuple(f"function_{j}" for j in range(40)))
    settings = SequentialSettings(horizon=CHECKS, min_reference=2, strata=(), weights={})
    stream = start(_made("reference", 1300, rng), names, settings, alpha=0.05)
    spent = []
    for check in range(CHECKS):
        batch = _made(f"check {check}", 100, rng)
        before = time.process_time()
        stream = advance(stream, batch)
        spent.append(1000.0 * (time.process_time() - before))
    first, last = (rounded(np.median(part)) for part in (spent[:20], spent[-20:]))
    return CheckCost(milliseconds_first=first, milliseconds_last=last, state_bytes=len(stream.state.to_bytes()))


def _made(name: str, count: int, rng: np.random.Generator) -> Batch:
    features = rng.normal(size=(count, 384)).astype(np.float32)
    sure = rng.uniform(0.5, 1.0, count)
    votes = np.where(rng.random((count, 40)) < _COVERAGE, rng.integers(0, 2, (count, 40)), -1).astype(np.int16)
    ids = tuple(f"{name}/{k}" for k in range(count))
    rows = Rows(features, np.stack([1.0 - sure, sure], axis=1), votes)
    return Batch(name, ids, rows, pl.DataFrame(), pl.DataFrame(), fingerprint=name)


def _said(say: Say, line: Callable[..., str], cell: object) -> Any:
    say(line(cell))
    return cell


def _null_line(cell: NullCell) -> str:
    return (
        f"{cell.problem}, {cell.kind}: {cell.alarms} of {cell.streams} streams alarm, upper 95% bound {cell.upper:.1%}"
    )


def _shift_line(cell: ShiftCell) -> str:
    rows = "none" if cell.median_rows is None else f"{cell.median_rows} rows"
    last = "none" if cell.p90_rows is None else f"{cell.p90_rows} rows"
    return f"{cell.problem}, {cell.kind}: {cell.caught:.0%} caught, median {rows}, 90% {last}, {cell.early} early"


def _decay_line(cell: DecayCell) -> str:
    rows = "none" if cell.median_rows is None else f"{cell.median_rows} rows"
    kind = "" if cell.coverage >= COMMON else ", rare"
    return (
        f"{cell.problem}, {cell.function} (coverage {cell.coverage:.2f}{kind}) is right by chance: named first in "
        f"{cell.named_first:.0%} within {cell.rows_allowed} rows, median {rows}"
    )

"""Simulated years of all triggers, and whether this monitor retrains needlessly less often than the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import numpy as np

from tidemill.apps.studies.driftbench.evidently_drift import evidently
from tidemill.apps.studies.driftbench.population import Population
from tidemill.apps.studies.driftbench.year import Trigger, World, run_year, summed
from tidemill.apps.studies.driftbench.year_triggers import BatchTrigger, EvidentlyTrigger, SequentialTrigger
from tidemill.reports.driftbench import YearCell

FEWER: Final = 0.8
EQUAL: Final = 0.005
"""Mean accuracies that differ by less are equal."""


def run_years(
    people: Population, years: int, seed: int, *, state: Path | None, say: Callable[[str], None]
) -> list[YearCell]:
    """Follow years of each trigger.

    Parameters
    ----------
    people
        Rows of a packaged problem.
    years, seed
        How many, and where chance begins.
    state
        Folder below which Evidently's environment is kept; None: without Evidently.
    say
        Called with each trigger's years.

    Returns
    -------
    list of YearCell
        One for each trigger, that of this monitor first.
    """
    cells: dict[str, list[YearCell]] = {}
    with evidently(state) if state is not None else nullcontext() as rival:
        for year in range(years):
            world = World.of(people, np.random.default_rng([seed, year]))
            triggers: list[Trigger] = [SequentialTrigger(world), BatchTrigger(world)]
            triggers += [EvidentlyTrigger(world, rival)] if rival is not None else []
            for trigger in triggers:
                cell = run_year(world, trigger, np.random.default_rng([seed, year, 1]))
                cells.setdefault(trigger.name, []).append(cell)
    results = [summed(one) for one in cells.values()]
    for cell in results:
        say(year_line(cell))
    return results


def missed_years(cells: Sequence[YearCell], *, quick: bool) -> list[str]:
    """Name the targets that are missed.

    Parameters
    ----------
    cells
        Of each problem, that of this monitor first.
    quick
        Of one year nothing is asked.

    Returns
    -------
    list of str
    """
    lines = []
    for problem in dict.fromkeys(cell.problem for cell in cells):
        ours, *others = [cell for cell in cells if cell.problem == problem]
        for other in others:
            if other.needless - ours.needless < FEWER * other.needless:
                lines.append(f"{year_line(ours)}; {other.trigger}: {other.needless}; {FEWER:.0%} fewer are asked")
            if ours.accuracy < other.accuracy - EQUAL:
                lines.append(f"{year_line(ours)}; {other.trigger} has an accuracy of {other.accuracy:.3f}")
    return [] if quick else lines


def year_line(cell: YearCell) -> str:
    """Say what was measured of a trigger.

    Parameters
    ----------
    cell
        Of its years.

    Returns
    -------
    str
    """
    return (
        f"{cell.problem}, {cell.years} simulated years, {cell.trigger}: {cell.retrains} retrains, {cell.needless} of them needless, "
        f"mean accuracy {cell.accuracy:.3f}, {cell.labels} labels asked for"
    )

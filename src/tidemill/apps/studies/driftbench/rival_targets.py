"""Whether the stream finds changes as soon as the best of its rivals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidemill.apps.studies.driftbench.rivals import best_of
from tidemill.reports.driftbench import RivalCell, ShiftCell

FACTOR: Final = 1.25
NO_WORSE: Final = 0.8
BETTER: Final = 0.5


def missed_rivals(shifts: Sequence[ShiftCell], rivals: Sequence[RivalCell], *, quick: bool) -> list[str]:
    """Name the targets that are missed.

    In at least four of five kinds of change the stream needs at most 1.25 times the rows of the best rival, and in half of them
    fewer. Rows are those until half of the streams have alarmed; where they are the same, those until nine in ten have. Weakly
    embedded rows count too.

    Parameters
    ----------
    shifts
        What the stream needs.
    rivals
        What rivals need.
    quick
        Of a few streams nothing is asked.

    Returns
    -------
    list of str
    """
    pairs = pairs_of(shifts, rivals)
    if quick or not pairs:
        return []
    no_worse = sum(_rows(ours.median_rows) <= FACTOR * _rows(best.median_rows) for ours, best in pairs)
    better = sum(_place(ours) < _place(best) for ours, best in pairs)
    lines = []
    if no_worse < NO_WORSE * len(pairs):
        lines.append(
            f"rivals: in {no_worse} of {len(pairs)} kinds of change at most {FACTOR:g} times the rows of the best, {NO_WORSE:.0%} are asked"
        )
    if better < BETTER * len(pairs):
        lines.append(
            f"rivals: in {better} of {len(pairs)} kinds of change fewer rows than the best, {BETTER:.0%} are asked"
        )
    return lines


def pairs_of(shifts: Sequence[ShiftCell], rivals: Sequence[RivalCell]) -> list[tuple[ShiftCell, RivalCell]]:
    """Put each kind of change beside its best rival.

    Parameters
    ----------
    shifts
        What the stream needs.
    rivals
        What rivals need.

    Returns
    -------
    list of (ShiftCell, RivalCell)
        Of kinds with rivals.
    """
    result = []
    for cell in shifts:
        same = [one for one in rivals if (one.problem, one.kind) == (cell.problem, cell.kind)]
        if same:
            result.append((cell, best_of(same)))
    return result


def rival_line(cells: Sequence[RivalCell]) -> str:
    """Say what was measured of the best rival.

    Parameters
    ----------
    cells
        Of one kind of change.

    Returns
    -------
    str
    """
    best = best_of(cells)
    rows = "none" if best.median_rows is None else f"{best.median_rows} rows"
    return f"{best.problem}, {best.kind}: best rival {best.rival} on {best.window_rows} rows, {best.caught:.0%} caught, median {rows}"


def _rows(count: int | None) -> float:
    return float("inf") if count is None else float(count)


def _place(cell: ShiftCell | RivalCell) -> tuple[float, float]:
    return _rows(cell.median_rows), _rows(cell.p90_rows)

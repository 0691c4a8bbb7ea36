"""Which targets of harm are missed, over all mixes of a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidemill.apps.studies.driftbench.cells import upper_bound
from tidemill.reports.driftbench import HarmCell, HarmRanking

AUC: Final = {"spam": 0.97, "solar": 0.95}
COVERED: Final = 0.95
RIGHT: Final = 0.95


def missed_harm(cells: Sequence[HarmCell], rankings: Sequence[HarmRanking], *, quick: bool) -> list[str]:
    """Name the targets that are missed, a line each.

    What is made without labels, the interval and the ranking, counts where rows were not picked by gold. Verdicts with labels count
    there too, unless the fall is near the tolerated one, which no number of labels would settle.

    Parameters
    ----------
    cells : sequence of HarmCell
        What was measured.
    rankings : sequence of HarmRanking
        Of harmful against benign batches.
    quick : bool
        Of few batches, a share misses its target only where its 95% bound does.

    Returns
    -------
    list of str
    """
    lines = []
    for problem in sorted({cell.problem for cell in cells}):
        own = [cell for cell in cells if cell.problem == problem]
        clear = [cell for cell in own if cell.effect != "between"]
        plain = [cell for cell in own if not cell.hard]
        covered, right = _share(plain, "covered", quick=quick), _share(clear, "right", quick=quick)
        if covered < COVERED:
            lines.append(
                f"{problem}, the interval of the accuracy covers in {covered:.1%} of batches: {COVERED:.0%} are asked"
            )
        if right < RIGHT:
            lines.append(f"{problem}, harm is decided rightly with labels in {right:.1%}: {RIGHT:.0%} are asked")
    for one in rankings:
        target = AUC.get(one.problem)
        if not one.hard and target is not None and one.auc < target:
            lines.append(f"{one.problem}, harmful against benign without labels: AUC {one.auc:.3f}, {target} are asked")
    return lines


def _share(cells: Sequence[HarmCell], field: str, *, quick: bool) -> float:
    """Of all batches; 1 where there are none."""
    trials = sum(cell.draws for cell in cells)
    hits = round(sum(getattr(cell, field) * cell.draws for cell in cells))
    if not trials:
        return 1.0
    return upper_bound(hits, trials) if quick else hits / trials


def harm_line(cell: HarmCell) -> str:
    """Say what was measured of a mix.

    Parameters
    ----------
    cell : HarmCell
        Of the mix.

    Returns
    -------
    str
    """
    hard = ", hard" if cell.hard else ""
    return (
        f"{cell.problem}, {cell.kind} ({cell.effect}{hard}): accuracy {cell.accuracy:.2f}, covered {cell.covered:.0%}, width "
        f"{cell.width:.2f}, right {cell.right:.0%} with {cell.median_labels} labels, {cell.decided_alone:.0%} decided without"
    )

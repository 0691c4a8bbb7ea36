"""One plot of the findings: a row of panels per new batch, the same bytes for the same findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tidemill.common.plot_texts import plain_texts
from tidemill.reports.monitor import BatchDrift, Drift, FunctionTests, Shift, Watched

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEFORE: Final = "#8c8c8c"
AFTER: Final = "#00798c"
ALARM: Final = "#d1495b"
_TOLD: Final = 14
_NEWEST: Final = 8  # batches that are drawn


@plain_texts()
def draw(drift: Drift, path: Path) -> None:
    """Draw the findings; without new batches the plot says why there are none.

    Parameters
    ----------
    drift
        Content of ``drift.json``.
    path : Path
        PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    judged = dict([(name, finding) for name, finding in drift.batches.items() if finding.judged][-_NEWEST:])
    heights = [0.9 + 0.24 * max(5, min(_TOLD, len(_functions(item)))) for item in judged.values()]
    watched = () if drift.stream is None else drift.stream.watched
    heights = [0.7 + 0.24 * len(watched), *heights]
    figure = Figure(figsize=(11, sum(heights) if judged else 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    if not judged:
        figure.text(0.5, 0.5, drift.reasons[0], ha="center", va="center", fontsize=9, wrap=True)
    else:
        grid = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        _stream(grid[0], watched)
        for part, (name, finding) in zip(grid[1:], judged.items(), strict=True):
            _batch(part, name, finding)
    figure.savefig(path, format="png", dpi=110, metadata={"Software": None})


def _stream(figure: Any, watched: tuple[Watched, ...]) -> None:
    """Evidence of the scores nearest to an alarm, as a share of what an alarm takes; beyond twice that it is cut."""
    axes = figure.subplots()
    for k, item in enumerate(watched):
        share = item.log_evidence / item.log_threshold
        axes.barh(-k, min(max(share, 0.0), 2.0), 0.6, color=ALARM if share >= 1.0 else AFTER)
    names = [f"{item.score} ({item.rows})" for item in watched]
    axes.set_yticks([-k for k in range(len(watched))], names)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xlim(0.0, 2.0)
    _plain(axes, "all new batches as one stream: log-evidence of a change, 1 is an alarm")


def _functions(finding: BatchDrift) -> dict[str, FunctionTests]:
    return {} if finding.functions is None else finding.functions.functions


def _batch(figure: Any, name: str, finding: BatchDrift) -> None:
    harm = {True: "harm", False: "no harm seen", None: "harm cannot be judged"}[finding.harm]
    title = f"{name} ({finding.rows} rows): by itself {'moved' if finding.moved else 'as the reference'}, {harm}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=ALARM if finding.harm else "black")
    left, middle, right = figure.subplots(1, 3, width_ratios=(2, 1, 1))
    _coverage(left, _functions(finding))
    _shares(middle, {} if finding.predictions is None else finding.predictions.class_shares)
    _agreement(right, finding)


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _coverage(axes: Axes, functions: dict[str, FunctionTests]) -> None:
    largest = sorted(functions, key=lambda name: (-abs(functions[name].coverage.change), name))[:_TOLD]
    for k, name in enumerate(largest):
        test = functions[name].coverage
        color = ALARM if test.moved else AFTER
        axes.plot([test.reference, test.batch], [-k, -k], color=color, linewidth=1.6, alpha=0.5)
        axes.plot(test.reference, -k, "o", color=BEFORE, markersize=5)
        axes.plot(test.batch, -k, "o", color=color, markersize=5)
    axes.set_yticks([-k for k in range(len(largest))], largest)
    axes.set_xlim(-0.02, 1.02)
    _plain(axes, "coverage per function (grey: reference; red: moved)")


def _shares(axes: Axes, shares: dict[str, Shift]) -> None:
    places = np.arange(len(shares), dtype=np.float64)
    axes.barh(-places + 0.18, [share.reference for share in shares.values()], 0.34, color=BEFORE)
    axes.barh(-places - 0.18, [share.batch for share in shares.values()], 0.34, color=AFTER)
    axes.set_yticks(-places, list(shares))
    axes.set_xlim(0.0, 1.0)
    _plain(axes, "predicted share per class")


def _agreement(axes: Axes, finding: BatchDrift) -> None:
    agreement, confidence = finding.agreement, finding.confidence
    if agreement is None or confidence is None:
        return
    sides = (
        (0, agreement.reference, confidence.reference, BEFORE),
        (-1, agreement.batch, confidence.batch, ALARM if finding.harm else AFTER),
    )
    for place, item, sure, color in sides:
        if item.score is not None and item.low is not None and item.high is not None:
            axes.plot([item.low, item.high], [place, place], color=color, linewidth=2.4, alpha=0.5)
            axes.plot(item.score, place, "o", color=color, markersize=6)
        axes.plot(sure, place - 2.5, "s", color=color, markersize=5)
    labels = ["agrees, before", "agrees, now", "confidence, before", "confidence, now"]
    axes.set_yticks([0, -1, -2.5, -3.5], labels)
    axes.set_xlim(-0.02, 1.02)
    _plain(axes, "agreement and confidence")

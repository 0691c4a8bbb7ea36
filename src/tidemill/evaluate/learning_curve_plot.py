"""A plot of learning curves: points, the law through them, and what it predicts with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tidemill.common.plot_texts import plain_texts
from tidemill.reports.evaluate import Curve, Curves, PowerLaw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI: Final = 110
_CURVES: Final = {"gold_per_class": ("gold labels", "#2e4057"), "weak_per_class": ("weakly labeled rows", "#00798c")}


@plain_texts()
def draw_curves(curves: Curves, path: Path) -> None:
    """Draw learning curves.

    Parameters
    ----------
    curves
        Content of ``curves.json``.
    path
        PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(_CURVES), sharey=True)
    for axes, (name, (words, color)) in zip(panels, _CURVES.items(), strict=True):
        curve: Curve = getattr(curves, name)
        if curve.law is None:
            axes.text(0.5, 0.5, "too few rows for a curve", ha="center", va="center", transform=axes.transAxes)
        else:
            _one(axes, curve, curve.law, color)
        axes.set(xlabel=f"{words} per class")
        axes.set_title(words, loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    panels[0].set_ylabel(f"{curves.metric.replace('_', ' ')} on test")
    figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})


def _one(axes: Axes, curve: Curve, law: PowerLaw, color: str) -> None:
    points, predicted = curve.points, [(row.rows, row.score, row.low, row.high) for row in curve.predictions]
    shown = [
        (rows, score, low, high)
        for rows, score, low, high in predicted
        if score is not None and low is not None and high is not None
    ]
    most = max(p.rows for p in points)
    axes.plot([p.rows for p in points], [p.score for p in points], "o", color=color, alpha=0.45, markersize=4)
    for start, end, line in ((min(p.rows for p in points), most, "-"), (most, _far(most, shown), ":")):
        span = np.geomspace(start, end, 60)
        axes.plot(span, law.limit - law.gap * span**-law.rate, line, color=color, linewidth=1.6)
    for rows, score, low, high in shown:
        around = [[max(0.0, score - low)], [max(0.0, high - score)]]
        axes.errorbar(rows, score, around, fmt="D", color="#d1495b", markersize=5, capsize=4, linewidth=1.6)
        text = f"{score:.3f}\n[{low:.3f}, {high:.3f}]"
        place: dict[str, Any] = {
            "xytext": (0, -12),
            "textcoords": "offset points",
            "ha": "center",
            "va": "top",
            "fontsize": 7.5,
        }
        axes.annotate(text, (rows, low), **place)
    axes.set_xscale("log")
    ticks = [10**k for k in range(1, 5) if 10**k <= 1.5 * _far(most, shown)]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xlim(right=2.2 * _far(most, shown))


def _far(most: int, shown: Sequence[tuple[int, float, float, float]]) -> float:
    return float(max([most, *(row[0] for row in shown)]))

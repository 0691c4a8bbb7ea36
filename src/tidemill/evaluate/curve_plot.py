"""learning curves -> a picture: points, the law through them, and what it predicts with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

_DPI: Final = 110
_COLORS: Final = {"gold_per_class": "#2e4057", "weak_per_class": "#00798c"}


def draw_curves(told: Mapping[str, Any], path: Path) -> None:
    """Curves as ``curves.json`` holds them -> PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, color in _COLORS.items():
        curve = told[name]
        law, shown = curve["law"], [row for row in curve["predictions"] if "score" in row]
        points = curve["points"]
        axes.plot([p["rows"] for p in points], [p["score"] for p in points], "o", color=color, alpha=0.5, markersize=4)
        span = np.geomspace(min(p["rows"] for p in points), max([p["rows"] for p in points + shown]), 80)
        axes.plot(span, law["limit"] - law["gap"] * span ** -law["rate"], color=color, label=name.replace("_", " "))
        for row in shown:
            axes.plot([row["rows"]] * 2, [row["low"], row["high"]], color=color, linewidth=3, alpha=0.35)
    axes.set_xscale("log")
    axes.set(xlabel="rows per class", ylabel=str(told["metric"]).replace("_", " "))
    axes.set_title("learning curves on test (bars: predictions with their interval)", loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})

"""A picture of an ensemble's report: accuracy and gain of each model, and what leaving each out costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.common.plot_texts import plain_texts
from tidemill.reports.train import EnsembleReport
from tidemill.train.end_model.stacking import WAYS

_DPI: Final = 110
_PLAIN: Final = "#8c8c8c"
_WHOLE: Final = "#00798c"
_HEAD: Final = "#2e4057"
_LOST: Final = "#d1495b"


@plain_texts()
def draw_comparison(report: EnsembleReport, path: Path) -> None:
    """Draw a report, the same bytes for the same report.

    Parameters
    ----------
    report
        Report with ``lines``.
    path
        PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines, without = report.lines or {}, report.without or {}
    figure = Figure(figsize=(11.0, 1.6 + 0.32 * len(lines)), layout="constrained")
    FigureCanvasAgg(figure)
    accuracy, gained, left_out = figure.subplots(1, 3)
    names = list(lines)
    colors = [_HEAD if name == "head" else _WHOLE if name in WAYS else _PLAIN for name in names]
    _bars(accuracy, names, [lines[name].accuracy for name in names], colors)
    accuracy.set_xlim(max(0.0, min(figures.accuracy[1] for figures in lines.values()) - 0.05), 1.0)
    accuracy.set_title("accuracy (balanced where classes are)", loc="left", fontsize=10)
    _bars(gained, names, [lines[name].gain for name in names], colors)
    gained.set_title("gain over the head alone", loc="left", fontsize=10)
    gained.set_xlabel(f"less {report.judged_by}", fontsize=9)
    losses = [without[name].gain for name in without]
    _bars(
        left_out,
        [f"without {name}" for name in without],
        losses,
        [_LOST if figures[2] < 0 else _PLAIN for figures in losses],
    )
    left_out.set_title(f"{report.way} without one of its models", loc="left", fontsize=10)
    left_out.set_xlabel("gain; red: significantly worse without it", fontsize=9)
    used = f"the {report.way} is the end model" if report.used else "the head alone is the end model"
    figure.suptitle(f"{used}; {report.rows or 0:,} held-out rows, 95% intervals", fontsize=10, x=0.01, ha="left")
    figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})


def _bars(axes: Any, names: Sequence[str], estimates: Sequence[Sequence[float]], colors: Sequence[str]) -> None:
    positions = range(len(names))
    means = [mean for mean, _, _ in estimates]
    ends = [
        [max(mean - low, 0.0) for mean, low, _ in estimates],
        [max(high - mean, 0.0) for mean, _, high in estimates],
    ]
    axes.barh(positions, means, color=list(colors), height=0.62, alpha=0.85)
    axes.errorbar(means, positions, xerr=ends, fmt="none", ecolor="#222222", elinewidth=1.1, capsize=3)
    axes.set_yticks(positions, names, fontsize=9)
    axes.invert_yaxis()
    axes.axvline(0.0, color="#222222", linewidth=0.8)
    axes.tick_params(axis="x", labelsize=8)
    axes.locator_params(axis="x", nbins=6)
    axes.spines[["top", "right"]].set_visible(False)

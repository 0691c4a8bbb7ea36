"""Plots of tables of scores, the same bytes for the same tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from tidemill.common.plot_texts import plain_texts
from tidemill.evaluate.baselines import (
    CHAMPION,
    END_MODEL,
    GOLD_CEILING,
    LABEL_MODEL,
    MAJORITY_CLASS,
    MAJORITY_VOTE,
    ORDER,
)
from tidemill.evaluate.run import Evaluated
from tidemill.evaluate.score_table import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS: Final = {
    MAJORITY_CLASS: "#8c8c8c",
    MAJORITY_VOTE: "#c99700",
    LABEL_MODEL: "#d1495b",
    END_MODEL: "#00798c",
    CHAMPION: "#5b4b8a",
    GOLD_CEILING: "#2e4057",
}
_DPI: Final = 110
_CONFUSED: Final = 20
"""Classes that the picture of confusions shows."""
_PANELS: Final = 10
"""Classes that the picture of thresholds shows."""
_UPRIGHT: Final = 8
"""Classes whose names stand side by side."""
_LONG: Final = 30
"""Characters of a class's name that are shown."""
_SHARES: Final = ("accuracy", "balanced_accuracy", "f1", "auc")
_SOME: Final = 5  # rows of a bin, of fewer the share that is right is luck: a dot that no line joins


@plain_texts()
def draw(done: Evaluated, folder: Path, classes: Sequence[str]) -> None:
    """Draw calibration, confusion, scores, slices and thresholds.

    Parameters
    ----------
    done
        Scores, verdict and tables of the evaluation.
    folder
        Where the PNG files are written.
    classes
        Names of the classes in the order of their indices.
    """
    metric = done.metrics.metric
    _save(_scores(done.scores), folder / "scores.png")
    _save(_slices(done.scores, metric), folder / "slices.png")
    _save(_calibration(done.reliability_table), folder / "calibration.png")
    _save(_confusion(done.confusion_table, classes), folder / "confusion.png")
    _save(
        _thresholds(done.thresholds, _most_confused(done.confusion_table, classes, _PANELS)), folder / "thresholds.png"
    )


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _empty(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no gold rows in split test", ha="center", va="center", transform=axes.transAxes)


def _dots(axes: Axes, table: pl.DataFrame, places: Sequence[float], *, names: Sequence[str]) -> None:
    """One dot with its interval per row of the table, at the given heights."""
    score, low, high = (table[name].to_numpy() for name in ("score", "low", "high"))
    for k, name in enumerate(names):
        color = COLORS[name]
        axes.plot([low[k], high[k]], [places[k]] * 2, color=color, linewidth=2.4, alpha=0.45, solid_capstyle="round")
        axes.plot(score[k], places[k], "o", color=color, markersize=6)


def _scores(scores: pl.DataFrame) -> Figure:
    figure = _figure(13, 3.0)
    panels = figure.subplots(1, len(_SHARES), sharey=True)
    whole = scores.filter(pl.col("slice") == ALL)
    for axes, metric in zip(panels, _SHARES, strict=True):
        table = whole.filter((pl.col("metric") == metric) & pl.col("score").is_not_null())
        names = table["model"].to_list()
        if not names:
            _empty(axes)
            continue
        places = [-ORDER.index(name) for name in names]
        _dots(axes, table, places, names=names)
        axes.set_yticks(places, [_words(name) for name in names])
        _plain(axes, _words(metric))
    return figure


def _slices(scores: pl.DataFrame, metric: str) -> Figure:
    shown = (END_MODEL, CHAMPION, GOLD_CEILING)
    wanted = (pl.col("metric") == metric) & pl.col("model").is_in(shown) & pl.col("score").is_not_null()
    table = scores.filter(wanted)
    names = table["slice"].unique(maintain_order=True).to_list()
    figure = _figure(8, 1.2 + 0.42 * max(len(names), 2))
    axes = figure.subplots()
    if not names:
        _empty(axes)
        return figure
    for offset, model in zip((0.2, 0.0, -0.2), shown, strict=True):
        part = table.filter(pl.col("model") == model)
        places = [offset - names.index(name) for name in part["slice"]]
        _dots(axes, part, places, names=[model] * part.height)
        if part.height:
            axes.plot([], [], "o", color=COLORS[model], label=_words(model))
    rows = dict(table.select("slice", "rows").iter_rows())
    axes.set_yticks([-k for k in range(len(names))], [f"{name} ({rows[name]})" for name in names])
    _plain(axes, f"{_words(metric)} per slice of test (rows)")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _calibration(table: pl.DataFrame) -> Figure:
    figure = _figure(5, 4.6)
    axes = figure.subplots()
    if not table.height:
        _empty(axes)
        return figure
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
    for (name,), part in table.group_by("model", maintain_order=True):
        size = 12 + 160 * np.sqrt(part["rows"].to_numpy() / table["rows"].max())
        some = part.filter(pl.col("rows") >= _SOME)
        axes.plot(some["confidence"], some["accuracy"], color=COLORS[str(name)], linewidth=1.2, label=_words(str(name)))
        axes.scatter(part["confidence"], part["accuracy"], s=size, color=COLORS[str(name)], alpha=0.6)
    axes.set(xlabel="confidence of the predicted class", ylabel="share that is right")
    lowest = min(float(table["confidence"].min() or 0), float(table["accuracy"].min() or 0))  # type: ignore[arg-type]
    axes.set_xlim(max(0.0, lowest - 0.05), 1.02)
    axes.set_ylim(max(0.0, lowest - 0.05), 1.05)
    _plain(axes, "calibration on test (dot: rows in the bin)")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _most_confused(table: pl.DataFrame, classes: Sequence[str], most: int) -> list[str]:
    """Those classes that have most errors, in their order; all where they are no more than that."""
    if len(classes) <= most:
        return list(classes)
    wrong = table.filter(pl.col("actual") != pl.col("predicted"))
    errors = Counter(wrong["actual"].to_list()) + Counter(wrong["predicted"].to_list())
    chosen = set(sorted(classes, key=lambda name: -errors[name])[:most])
    return [name for name in classes if name in chosen]


def _of_all(shown: Sequence[str], classes: Sequence[str]) -> str:
    return "" if len(shown) == len(classes) else f", {len(shown)} of {len(classes)} classes, those with most errors"


def _confusion(table: pl.DataFrame, every: Sequence[str]) -> Figure:
    classes = _most_confused(table, every, _CONFUSED)
    size = 2.6 + 0.6 * len(classes)
    figure = _figure(size + 0.6, size)
    axes = figure.subplots()
    counts = {(a, p): n for a, p, n in table.group_by("actual", "predicted").len().iter_rows()}
    grid = np.array([[counts.get((a, p), 0) for p in classes] for a in classes], dtype=np.float64)
    shares = grid / np.maximum(grid.sum(axis=1, keepdims=True), 1.0)
    axes.imshow(shares, cmap="GnBu", vmin=0.0, vmax=1.0)
    for i, j in np.ndindex(*grid.shape):
        color = "white" if shares[i, j] > 0.6 else "black"  # noqa: PLR2004 - where black on the color map gets dim
        axes.text(j, i, f"{int(grid[i, j])}\n{shares[i, j]:.1%}", ha="center", va="center", color=color, fontsize=9)
    names = [name if len(name) <= _LONG else f"{name[:_LONG]}…" for name in classes]
    axes.set_xticks(range(len(classes)), names, rotation=90 if len(classes) > _UPRIGHT else 0)
    axes.set_yticks(range(len(classes)), names)
    axes.set(xlabel="predicted by the end model", ylabel="gold")
    axes.set_title(f"confusion on test{_of_all(classes, every)}", loc="left", fontsize=11)
    return figure


def _thresholds(table: pl.DataFrame, classes: Sequence[str]) -> Figure:
    figure = _figure(3.2 * len(classes) + 0.8, 3.4)
    panels = np.atleast_1d(figure.subplots(1, len(classes), sharey=True))
    for axes, name in zip(panels, classes, strict=True):
        part = table.filter(pl.col("class") == name)
        for column, color in (("precision", COLORS[END_MODEL]), ("recall", COLORS[LABEL_MODEL])):
            known = part.filter(pl.col(column).is_not_null())
            axes.plot(known["threshold"], known[column], color=color, label=column)
            ends = (known[f"{column}_low"], known[f"{column}_high"])
            axes.fill_between(known["threshold"], *ends, color=color, alpha=0.18, linewidth=0)
        axes.set(xlabel="least probability", xlim=(0, 1), ylim=(0, 1.03))
        _plain(axes, f"{name[:_LONG]} on test")
    panels[0].legend(frameon=False, fontsize=8)
    return figure

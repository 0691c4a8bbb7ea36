"""Plots of a search: loss by trial and backbone, importance of the settings, and the loss along each of them."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.plot_texts import plain_texts

_COLOURS: Final = ("#00798c", "#d1495b", "#edae49", "#66a182", "#2e4057", "#8d5a97")
_ENOUGH: Final = 10  # trials from which on a forest says anything of settings
_COLUMNS: Final = 5
_META: Final = {"format": "png", "dpi": 110, "metadata": {"Software": None}}


def ended(study: Any) -> list[Any]:
    """List the trials in the space that were not cut short.

    Parameters
    ----------
    study
        Optuna's study.

    Returns
    -------
    list of optuna.trial.FrozenTrial
        Completed ones, and pruned ones with the loss of their folds so far as their value.
    """
    return [
        trial
        for trial in study.trials
        if trial.state.name in ("COMPLETE", "PRUNED") and trial.params and trial.value is not None
    ]


def importance(study: Any) -> dict[str, float]:
    """Compute the share of the losses' variance that each setting explains (functional ANOVA).

    Parameters
    ----------
    study
        Optuna's study.

    Returns
    -------
    dict of str to float
        Share in [0, 1] by setting; empty where trials are too few or all losses equal.

    References
    ----------
    Hutter, F., Hoos, H. and Leyton-Brown, K. (2014). An Efficient Approach for Assessing Hyperparameter Importance.
    ICML.
    """
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    trials = ended(study)
    if len(trials) < _ENOUGH or len({trial.value for trial in trials}) == 1:
        return {}
    whole = optuna.create_study()
    for trial in trials:
        whole.add_trial(
            optuna.trial.create_trial(params=trial.params, distributions=trial.distributions, value=trial.value)
        )
    result = get_param_importances(whole, evaluator=FanovaImportanceEvaluator(n_trees=32, max_depth=16, seed=0))
    return {name.partition(":")[0]: share for name, share in result.items()}


@plain_texts()
def draw(leaderboard: pl.DataFrame, worth: dict[str, float], measure: str, path: Path) -> None:
    """Draw the loss of each trial, the least so far, and the importances.

    Parameters
    ----------
    leaderboard
        Table of trials, as ``leaderboard`` makes it.
    worth
        Importance of each setting.
    measure
        What the loss is.
    path
        PNG file.
    """
    figure, (left, right) = _figure((10.5, 4.0), 1, 2, width_ratios=[3, 2])
    table = leaderboard.sort("trial")
    for colour, name in zip(_cycle(), table["backbone"].unique(maintain_order=True), strict=False):
        mine = table.filter(backbone=name)
        whole, pruned = (mine.filter(state=state) for state in ("whole", "pruned"))
        left.plot(whole["trial"], whole["loss"], "o", color=colour, alpha=0.7, label=f"backbone {name}")
        left.plot(pruned["trial"], pruned["loss"], "x", color=colour, alpha=0.4)
    whole = table.filter(state="whole")
    if whole.height:
        left.step(
            whole["trial"], whole["loss"].cum_min(), where="post", color="#444444", linewidth=1, label="least so far"
        )
        low, high = (float(value) for value in (table["loss"].min(), whole["loss"].max()))  # type: ignore[arg-type]
        if low < high:
            left.set_ylim(*_span(low, high))
        left.legend(frameon=False, fontsize=8)
    left.set(xlabel="trial (0: the settings there are; x: pruned)", ylabel="loss on unseen rows")
    left.set_title(measure, loc="left", fontsize=9)
    names = list(worth)[::-1]
    right.barh(names, [worth[name] for name in names], color=_COLOURS[0])
    message = "share of the losses' variance by setting" if worth else "too few trials to weigh settings"
    right.set_title(message, loc="left", fontsize=9)
    right.tick_params(labelsize=8)
    if not worth:
        right.set_axis_off()
    figure.savefig(path, **_META)


@plain_texts()
def draw_settings(study: Any, path: Path) -> None:
    """Draw the loss of trials along each setting, later ones darker, pruned ones as crosses.

    Parameters
    ----------
    study
        Optuna's study.
    path
        Image file to write; its suffix names the format.
    """
    trials = ended(study)
    names = list(trials[-1].params) if trials else ["no trial yet"]
    lines = math.ceil(len(names) / _COLUMNS)
    figure, grid = _figure((2.2 * _COLUMNS, 1.9 * lines), lines, _COLUMNS, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        _slice(axes, name, [trial for trial in trials if name in trial.params])
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    losses = [trial.value for trial in trials if trial.state.name == "COMPLETE"]
    if losses and min(losses) < max(losses):
        grid.flat[0].set_ylim(*_span(min(losses), max(losses)))
    for line in grid:
        line[0].set_ylabel("loss", fontsize=8)
    figure.savefig(path, **_META)


def _slice(axes: Any, name: str, trials: list[Any]) -> None:
    axes.set_title(name.partition(":")[0], fontsize=9, loc="left")
    axes.tick_params(labelsize=7)
    if not trials:
        return
    distribution, places = trials[0].distributions[name], [trial.params[name] for trial in trials]
    if hasattr(distribution, "choices"):
        places = [distribution.choices.index(value) for value in places]
        axes.set_xticks(range(len(distribution.choices)), [_short(trial) for trial in distribution.choices])
        axes.set_xlim(-0.5, len(distribution.choices) - 0.5)
        places = list(places + np.random.default_rng(0).uniform(-0.2, 0.2, len(places)))
    elif distribution.log:
        axes.set_xscale("log")
        axes.set_xlim(distribution.low, distribution.high)
    elif isinstance(distribution.low, int):
        axes.set_xticks(range(distribution.low, distribution.high + 1))
    for state, marker in (("PRUNED", "x"), ("COMPLETE", "o")):
        mine = [
            (place, trial.value, trial.number)
            for place, trial in zip(places, trials, strict=True)
            if trial.state.name == state
        ]
        if mine:
            across, losses, order = zip(*mine, strict=True)
            options = {"cmap": "viridis_r", "vmin": 0, "vmax": trials[-1].number, "alpha": 0.8, "linewidths": 0.8}
            axes.scatter(across, losses, c=order, s=14, marker=marker, **options)


def _short(choice: Any) -> str:
    return "\n".join(textwrap.wrap(str(choice).replace("_", " "), 9, break_long_words=False)[:2])


def _span(low: float, high: float) -> tuple[float, float]:
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _figure(size: tuple[float, float], rows: int, columns: int, **options: Any) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    share = {"width_ratios": options.pop("width_ratios")} if "width_ratios" in options else {}
    grid = figure.subplots(rows, columns, gridspec_kw=share, **options)
    for axes in np.asarray(grid).flat:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, grid


def _cycle() -> list[str]:
    return list(_COLOURS) * 4

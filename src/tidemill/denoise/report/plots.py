"""Plots that explain a label model: accuracies, agreement of functions, posteriors, calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.common.files import make_folder
from tidemill.common.plot_texts import plain_texts
from tidemill.contracts import ABSTAIN, NO_GOLD, Probabilities, Votes
from tidemill.reports.denoise import Explanation, FunctionQuality

PLAIN: Final = {"metadata": {"Software": None}, "dpi": 110}
"""The same plot is the same bytes."""
MOST: Final = 40
"""Functions in one plot, those that vote most first."""
BINS: Final = 10

_CLASSES: Final = 8
"""Classes that one picture shows."""
_LONG: Final = 30
"""Characters of a class's name that a legend shows."""


@plain_texts()
def draw(
    folder: Path, explanation: Explanation, votes: Votes, probabilities: Probabilities, *, gold: Any = None
) -> list[Path]:
    """Draw the plots.

    Parameters
    ----------
    folder
        Where they are written.
    explanation
        As ``explain`` makes it.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    gold : (n_rows,), optional
        Class index or ``NO_GOLD``; calibration is drawn where there is any.

    Returns
    -------
    list of Path
        PNG files.
    """
    make_folder(folder)
    figures = {
        "accuracies.png": _accuracies(explanation.functions),
        "agreement.png": _agreement(votes, list(explanation.functions)),
        "posteriors.png": _posteriors(probabilities, list(explanation.classes)),
    }
    if gold is not None and (np.asarray(gold) != NO_GOLD).any():
        figures["calibration.png"] = _calibration(probabilities, np.asarray(gold))
    for name, figure in figures.items():
        figure.savefig(folder / name, **PLAIN)
    return [folder / name for name in figures]


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _accuracies(functions: dict[str, FunctionQuality]) -> Any:
    """The functions that vote most are on top."""
    shown = sorted((item for item in functions.items() if item[1].votes), key=lambda item: item[1].votes)[-MOST:]
    figure, axes = _axes(6.0, 1.2 + 0.22 * len(shown))
    middle = np.array([about.accuracy for _, about in shown])
    ends = np.array([about.interval for _, about in shown]).reshape(-1, 2)
    axes.errorbar(middle, range(len(shown)), xerr=np.abs(ends.T - middle), fmt="o", markersize=4, capsize=2)
    axes.set_yticks(range(len(shown)), [name for name, _ in shown], fontsize=7)
    axes.set(xlim=(0, 1.02), xlabel="learned accuracy where it votes, 90% interval")
    return figure


def _agreement(votes: Votes, names: list[str]) -> Any:
    kept = np.argsort(-(votes != ABSTAIN).sum(axis=0), kind="stable")[:MOST]
    figure, axes = _axes(1.5 + 0.2 * len(kept), 1.2 + 0.2 * len(kept))
    shown = axes.imshow(correlations(votes[:, kept]), vmin=-1, vmax=1, cmap="RdBu_r")
    labels = [names[j] for j in kept]
    axes.set_xticks(range(len(kept)), labels, rotation=90, fontsize=6)
    axes.set_yticks(range(len(kept)), labels, fontsize=6)
    figure.colorbar(shown, label="correlation of saying the same")
    return figure


def correlations(votes: Votes) -> Any:
    """Correlate what functions vote, abstains included, over all symbols.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.

    Returns
    -------
    (n_functions, n_functions)
        From -1 to 1.

    Examples
    --------
    >>> correlations(np.array([[0, 0], [1, 1], [-1, -1], [0, 0]], dtype=np.int16)).round(2)
    array([[1., 1.],
           [1., 1.]])
    """
    total = np.zeros((votes.shape[1], votes.shape[1]))
    for symbol in np.unique(votes):
        given = (votes == symbol).astype(np.float64)
        centred = given - given.mean(axis=0)
        total += centred.T @ centred
    spread = np.sqrt(np.maximum(np.diag(total), 1e-12))
    return total / np.outer(spread, spread)


def _posteriors(probabilities: Probabilities, classes: list[str]) -> Any:
    """The classes with the highest mean probability; the others would cover one another."""
    figure, axes = _axes(6.0, 3.2)
    shown = sorted(np.argsort(-probabilities.mean(axis=0), kind="stable")[:_CLASSES].tolist())
    labels = [classes[k] if len(classes[k]) <= _LONG else f"{classes[k][:_LONG]}…" for k in shown]
    axes.hist([probabilities[:, k] for k in shown], bins=20, range=(0, 1), label=labels, histtype="step")
    axes.set(xlabel="probability", ylabel="rows", yscale="symlog")
    rest = len(classes) - len(shown)
    axes.legend(fontsize=7, title=f"and {rest} more classes" if rest else None, title_fontsize=7)
    return figure


def _calibration(probabilities: Probabilities, gold: Any) -> Any:
    labeled = np.flatnonzero(gold != NO_GOLD)
    confidence, right = probabilities[labeled].max(axis=1), probabilities[labeled].argmax(axis=1) == gold[labeled]
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = np.maximum(np.bincount(place, minlength=BINS), 1)
    filled = np.flatnonzero(np.bincount(place, minlength=BINS))
    figure, axes = _axes(4.0, 4.0)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    mean_sure, mean_right = (np.bincount(place, weights=value, minlength=BINS) / rows for value in (confidence, right))
    axes.plot(mean_sure[filled], mean_right[filled], marker="o")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the likeliest class", ylabel="share that is right")
    return figure

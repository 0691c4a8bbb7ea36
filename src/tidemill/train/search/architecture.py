"""A starting point for the shape of a network: how many lines the decision boundary needs.

Ahmed Gad, "Beginners Ask: How Many Hidden Layers/Neurons to Use in Artificial Neural Networks?" (2018): draw the boundary
with straight lines; the first hidden layer has a neuron per line, each next layer joins lines two by two, and the output
joins what is left. Here the lines are counted by fitting: the narrowest layer of sigmoid neurons, each a soft line, that
separates the classes as well as any wider one. Where one line does, no hidden layer is needed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.common.plot_texts import plain_texts
from tidemill.contracts import DataError, Features
from tidemill.train.deadline import check_deadline
from tidemill.train.row_weights import Ints

WIDEST: Final = 8
_RESTARTS: Final = 8
_MOST_ROWS: Final = 1_000
_MOST_DIMENSIONS: Final = 64
_SPLIT_FROM: Final = 60  # with fewer rows none can be held out
_SLACK: Final = 0.01
_PATIENCE: Final = 3  # lines more that may be tried in vain
_DPI: Final = 110


@dataclass(frozen=True)
class Suggestion:
    """Sizes of hidden layers, and why; a starting point, no more."""

    hidden: tuple[int, ...]
    why: str


def suggest_architecture(features: Features, classes: Ints, *, seed: int = 0) -> Suggestion:
    """Suggest sizes of hidden layers to start from.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    classes : (n_rows,)
        Class indices.
    seed
        Draws the rows looked at and where fits begin; as many begin as make the answer hang little on it.

    Returns
    -------
    Suggestion

    Raises
    ------
    DataError
        There are not two classes.

    Examples
    --------
    >>> suggest_architecture(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])).hidden
    (2,)
    """
    if len(np.unique(classes)) < 2:  # noqa: PLR2004 - with one class there is no boundary
        raise DataError(f"{len(classes)} rows of one class have no boundary to draw")
    rows, labels = _reduced(features, np.asarray(classes), seed)
    accuracy = {0: _accuracy(rows, labels, 0, seed)}
    lines = 0
    for width in range(2, WIDEST + 1):
        if accuracy[lines] >= 1.0 - _SLACK or width > lines + _PATIENCE:
            break
        accuracy[width] = _accuracy(rows, labels, width, seed)
        if accuracy[width] > accuracy[lines] + _margin(accuracy[lines], len(rows)):
            lines = width
    return Suggestion(_merge_layers(lines), _why(lines, accuracy))


def _margin(share: float, rows: int) -> float:
    """How much higher another model's accuracy may be by luck: two standard errors."""
    return max(_SLACK, 2.0 * float(np.sqrt(share * (1.0 - share) / rows))) if rows >= _SPLIT_FROM else _SLACK


def _merge_layers(lines: int) -> tuple[int, ...]:
    """List the sizes of hidden layers: the lines, then what joins them two by two; none for a single line.

    Examples
    --------
    >>> _merge_layers(2), _merge_layers(4), _merge_layers(0), _merge_layers(5)
    ((2,), (4, 2), (), (5, 3, 2))
    """
    layers: list[int] = []
    while lines > 1:
        layers.append(lines)
        lines = (lines + 1) // 2
    return tuple(layers)


def _reduced(features: Features, classes: Ints, seed: int) -> tuple[Any, Any]:
    from sklearn.decomposition import PCA

    kept = np.random.default_rng(seed).permutation(len(features))[:_MOST_ROWS]
    rows = np.asarray(features, dtype=np.float64)[kept]
    spread = rows.std(axis=0)
    rows = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if rows.shape[1] > _MOST_DIMENSIONS:
        rows = PCA(_MOST_DIMENSIONS, random_state=seed).fit_transform(rows)
    return rows, classes[kept]


def _accuracy(rows: Any, classes: Any, width: int, seed: int) -> float:
    """Accuracy on rows that were not fitted on; on all rows where these are few. Width 0: a single line."""
    if len(rows) < _SPLIT_FROM:
        return _fitted_accuracy(rows, classes, (rows, classes), width, seed)
    part = np.random.default_rng([seed, 3]).permutation(len(rows)) % 2
    shares = [
        _fitted_accuracy(rows[part != k], classes[part != k], (rows[part == k], classes[part == k]), width, seed)
        for k in (0, 1)
    ]
    return float(np.mean(shares))


def _fitted_accuracy(rows: Any, classes: Any, held_out: tuple[Any, Any], width: int, seed: int) -> float:
    """Accuracy of the best of several starts by what it was fitted on."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    if width == 0:
        return float(LogisticRegression(C=10.0, max_iter=500).fit(rows, classes).score(*held_out))
    options: dict[str, Any] = {"activation": "tanh", "solver": "lbfgs", "alpha": 1e-3, "max_iter": 400}
    models = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a start that does not settle loses to one that does
        for start in range(_RESTARTS):
            check_deadline()
            model = MLPClassifier((width,), random_state=seed + start, **options).fit(rows, classes)
            models.append((model.score(rows, classes), -start, model))
            if models[-1][0] == 1.0:
                break
    return float(max(models, key=lambda candidate: candidate[:2])[2].score(*held_out))


def _why(lines: int, accuracy: dict[int, float]) -> str:
    seen = ", ".join(f"{max(width, 1)}: {share:.1%}" for width, share in accuracy.items())
    start = f"{lines} lines draw the boundary" if lines else "one line draws the boundary, so no hidden layer is needed"
    return f"{start} (accuracy by number of lines: {seen}). A starting point, not an optimum: search from here"


@plain_texts()
def draw_network(inputs: int, suggestion: Suggestion, outputs: int, path: Path) -> None:
    """Draw a network, at most a dozen neurons of a layer shown.

    Parameters
    ----------
    inputs, outputs
        Sizes of the first and the last layer.
    suggestion
        Sizes of hidden layers.
    path
        PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes: Sequence[int] = (inputs, *suggestion.hidden, outputs)
    figure = Figure(figsize=(1.8 * len(sizes) + 1.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    shown = [np.linspace(-1, 1, min(size, 12) + 2)[1:-1] for size in sizes]
    for layer in range(len(sizes) - 1):
        for start in shown[layer]:
            for end in shown[layer + 1]:
                axes.plot([layer, layer + 1], [start, end], color="#bbbbbb", linewidth=0.5, zorder=1)
    names = ["inputs", *(["lines", *["joined"] * len(sizes)][: len(sizes) - 2]), "classes"]
    for layer, (positions, size, name) in enumerate(zip(shown, sizes, names, strict=True)):
        axes.scatter([layer] * len(positions), positions, s=90, color="#00798c", zorder=2)
        axes.text(layer, -1.12, f"{size} {name}", ha="center", va="top")
    axes.set_ylim(-1.3, 1.1)
    axes.set_axis_off()
    axes.set_title("a starting point, not an optimum", loc="left", fontsize=11)
    figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})

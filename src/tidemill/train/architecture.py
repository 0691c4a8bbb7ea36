"""rows and classes -> a starting point for the shape of a network: how many lines the decision boundary needs.

Ahmed Gad, "Beginners Ask: How Many Hidden Layers/Neurons to Use in Artificial Neural Networks?" (2018): draw the boundary
with straight lines; the first hidden layer has a neuron per line, each next layer joins lines two by two, and the output
joins what is left. Here the lines are counted by fitting: the narrowest layer of sigmoid neurons, each a soft line, that
tells the classes as well as any wider one. Where one line does, no hidden layer is needed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError, Features
from tidemill.train.deadline import in_time
from tidemill.train.teach import Ints

WIDEST: Final = 8
_RESTARTS: Final = 8
_MOST_ROWS: Final = 1_000
_MOST_DIMENSIONS: Final = 64
_SPLIT_FROM: Final = 60  # with fewer rows none can be spared to ask about
_SLACK: Final = 0.01
_PATIENCE: Final = 3  # lines more that may be tried in vain
_DPI: Final = 110


@dataclass(frozen=True)
class Suggestion:
    """Sizes of hidden layers, and why; a starting point, no more."""

    hidden: tuple[int, ...]
    why: str


def suggest_architecture(features: Features, classes: Ints, *, seed: int = 0) -> Suggestion:
    """(rows, dimensions) and (rows,) classes -> sizes of the hidden layers to start from.

    The seed draws the rows looked at and where fits begin; as many begin as make the answer hang little on it.

    Raises
    ------
    DataError
        There are not two classes.

    >>> suggest_architecture(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])).hidden
    (2,)
    """
    if len(np.unique(classes)) < 2:  # noqa: PLR2004 - with one class there is no boundary
        raise DataError(f"{len(classes)} rows of one class have no boundary to draw")
    rows, labels = _reduced(features, np.asarray(classes), seed)
    told = {0: _told(rows, labels, 0, seed)}
    lines = 0
    for width in range(2, WIDEST + 1):
        if told[lines] >= 1.0 - _SLACK or width > lines + _PATIENCE:
            break
        told[width] = _told(rows, labels, width, seed)
        if told[width] > told[lines] + _chance(told[lines], len(rows)):
            lines = width
    return Suggestion(merged(lines), _why(lines, told))


def _chance(share: float, rows: int) -> float:
    """Share of rows told rightly -> how much more another model may tell by luck: two standard errors."""
    return max(_SLACK, 2.0 * float(np.sqrt(share * (1.0 - share) / rows))) if rows >= _SPLIT_FROM else _SLACK


def merged(lines: int) -> tuple[int, ...]:
    """Number of lines -> sizes of hidden layers: the lines, then what joins them two by two; none for a single line.

    >>> merged(2), merged(4), merged(0), merged(5)
    ((2,), (4, 2), (), (5, 3, 2))
    """
    layers: list[int] = []
    while lines > 1:
        layers.append(lines)
        lines = (lines + 1) // 2
    return tuple(layers)


def _reduced(features: Features, classes: Ints, seed: int) -> tuple[Any, Any]:
    """Rows -> at most a thousand of them, standardised, in at most 64 directions."""
    from sklearn.decomposition import PCA

    kept = np.random.default_rng(seed).permutation(len(features))[:_MOST_ROWS]
    rows = np.asarray(features, dtype=np.float64)[kept]
    spread = rows.std(axis=0)
    rows = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if rows.shape[1] > _MOST_DIMENSIONS:
        rows = PCA(_MOST_DIMENSIONS, random_state=seed).fit_transform(rows)
    return rows, classes[kept]


def _told(rows: Any, classes: Any, width: int, seed: int) -> float:
    """Rows, classes and a width (0: a single line) -> share of unseen rows told rightly, of all where rows are few."""
    if len(rows) < _SPLIT_FROM:
        return _fitted(rows, classes, (rows, classes), width, seed)
    part = np.random.default_rng([seed, 3]).permutation(len(rows)) % 2
    shares = [
        _fitted(rows[part != k], classes[part != k], (rows[part == k], classes[part == k]), width, seed) for k in (0, 1)
    ]
    return float(np.mean(shares))


def _fitted(rows: Any, classes: Any, asked: tuple[Any, Any], width: int, seed: int) -> float:
    """The best of several starts by what it learned from -> the share of the rows asked about that it tells."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    if width == 0:
        return float(LogisticRegression(C=10.0, max_iter=500).fit(rows, classes).score(*asked))
    options: dict[str, Any] = {"activation": "tanh", "solver": "lbfgs", "alpha": 1e-3, "max_iter": 400}
    models = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a start that does not settle loses to one that does
        for start in range(_RESTARTS):
            in_time()
            model = MLPClassifier((width,), random_state=seed + start, **options).fit(rows, classes)
            models.append((model.score(rows, classes), -start, model))
            if models[-1][0] == 1.0:
                break
    return float(max(models, key=lambda one: one[:2])[2].score(*asked))


def _why(lines: int, told: dict[int, float]) -> str:
    seen = ", ".join(f"{max(width, 1)}: {share:.1%}" for width, share in told.items())
    start = f"{lines} lines draw the boundary" if lines else "one line draws the boundary, so no hidden layer is needed"
    return f"{start} (rows told rightly by number of lines: {seen}). A starting point, not an optimum: search from here"


def diagram(inputs: int, suggestion: Suggestion, outputs: int, path: Path) -> None:
    """Sizes and a PNG file's path -> the network drawn, at most a dozen neurons of a layer shown."""
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
    for layer, (places, size, name) in enumerate(zip(shown, sizes, names, strict=True)):
        axes.scatter([layer] * len(places), places, s=90, color="#00798c", zorder=2)
        axes.text(layer, -1.12, f"{size} {name}", ha="center", va="top")
    axes.set_ylim(-1.3, 1.1)
    axes.set_axis_off()
    axes.set_title("a starting point, not an optimum", loc="left", fontsize=11)
    figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})

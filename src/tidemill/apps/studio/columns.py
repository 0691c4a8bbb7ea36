"""What values a column has, or a statistic of the images: bars of which functions are made, and limits are set on."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.studio.rows import view_labels
from tidemill.apps.studio.workspace import TriedRows, Workspace
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import NO_GOLD, ConfigError
from tidemill.label.engine.row_applier import STATISTIC
from tidemill.label.run import visible_columns
from tidemill.reports.studio import ColumnBar, ColumnValues

_BARS: Final = 30
_VALUES: Final = 20
_FAR: Final = 3
_NOT_ASKED: Final = frozenset({"row_id", "key", "batch", "split", "image", "text"})
_UNKNOWN: Final = -1
_ABOUT: Final = {
    "width": "pixels from left to right",
    "height": "pixels from top to bottom",
    "aspect": "width by height",
    "mean": "mean brightness, from 0 (black) to 1",
    "dark_level": "brightness below which the darkest tenth lies",
    "bright_level": "brightness above which the brightest tenth lies",
    "line_depth": "how dark the most crack-like dark line is",
    "line_contrast": "how surely that line stands out",
}


def columns_of(workspace: Workspace) -> list[str]:
    """List the columns that functions may ask beside the text or the image.

    Parameters
    ----------
    workspace
        The problem.

    Returns
    -------
    list of str
        With the statistics of images, each as ``image.…``.
    """
    view = workspace.view
    seen = visible_columns(view.raw.head(0), view.settings.hidden_columns).columns
    return [*(name for name in seen if name not in _NOT_ASKED), *statistic_columns(workspace)]


def statistic_columns(workspace: Workspace) -> list[str]:
    """List the statistics of images.

    Parameters
    ----------
    workspace
        The problem.

    Returns
    -------
    list of str
        Empty where rows are texts.
    """
    if workspace.view.problem.modality != "image":
        return []
    from tidemill.label.image_statistics.statistics import NAMES

    return [f"{STATISTIC}{name}" for name in NAMES]


def column_values(workspace: Workspace, column: str) -> ColumnValues:
    """Count the values of a column, by the classes that the rows have.

    Parameters
    ----------
    workspace
        The problem.
    column
        Its name.

    Returns
    -------
    ColumnValues
        Of all rows, or of a sample while the statistic of all images is being measured.

    Raises
    ------
    ConfigError
        Functions may ask no such column.
    """
    known = columns_of(workspace)
    if column not in known:
        raise ConfigError(f"there is no column {column!r}{did_you_mean(column, known)}")
    rows = workspace.rows()
    if column.startswith(STATISTIC):
        name = column.removeprefix(STATISTIC)
        measured = workspace.statistics([name], rows)
        if measured is None:
            rows = workspace.rows(is_sample=True)
            measured = workspace.statistics([name], rows)
        assert measured is not None  # noqa: S101 - those of a sample are measured at once
        values = measured[column]
    else:
        values = workspace.view.raw[column]
    return workspace.kept(("column", column, rows.is_sample), lambda: _counted(workspace, column, values, rows))


def _counted(workspace: Workspace, column: str, values: pl.Series, rows: TriedRows) -> ColumnValues:
    kind = _kind(values)
    by, classes = _classes(workspace, rows)
    known = values.fill_nan(None) if values.dtype.is_float() else values
    is_there = known.is_not_null().to_numpy()
    there, of_row = known.filter(pl.Series(is_there)), classes[is_there]
    names = workspace.view.classes
    bars = _histogram(there, of_row, names) if kind == "number" else _values(there, of_row, names)
    return ColumnValues(
        column=column,
        kind=kind,
        rows=len(values),
        missing=len(values) - len(there),
        different=there.n_unique(),
        by=by,
        about=_about(column),
        bars=tuple(bars),
    )


def _about(column: str) -> str:
    """What a statistic of images measures, as its function says."""
    name = column.removeprefix(STATISTIC)
    if name == column:
        return ""
    from tidemill.label.image_statistics.colours import COLOURS
    from tidemill.label.image_statistics.grey import BRIGHT, DARK, EDGE, STATISTICS

    function = STATISTICS.get(name) or COLOURS.get(name)
    words = _ABOUT[name] if function is None else (function.__doc__ or "").split("\n", 1)[0].replace("`", "")
    for constant, value in (("DARK", DARK), ("BRIGHT", BRIGHT), ("EDGE", EDGE)):
        words = words.replace(constant, f"{value:g}")
    return words.removeprefix("Compute ").removesuffix(".")


def _kind(values: pl.Series) -> Literal["number", "flag", "value"]:
    if values.dtype == pl.Boolean:
        return "flag"
    return "number" if values.dtype.is_numeric() else "value"


def _classes(workspace: Workspace, rows: TriedRows) -> tuple[Literal["label", "gold", ""], npt.NDArray[np.int64]]:
    """By the label model where it has spoken, else by people."""
    view, places = workspace.view, rows.places
    labels = view_labels(view)
    if labels is not None:
        return "label", labels[places].argmax(axis=1).astype(np.int64)
    gold = view.gold[places].astype(np.int64)
    return ("gold" if (gold != NO_GOLD).any() else ""), np.where(gold == NO_GOLD, _UNKNOWN, gold)


def _values(values: pl.Series, classes: npt.NDArray[Any], names: tuple[str, ...]) -> list[ColumnBar]:
    table = pl.DataFrame({"value": values.cast(pl.String), "class": classes})
    common = table.group_by("value").len().sort(["len", "value"], descending=[True, False]).head(_VALUES)
    return [
        ColumnBar(
            value=value,
            low=None,
            high=None,
            rows=rows,
            classes=_by_class(table.filter(pl.col("value") == value)["class"].to_numpy(), names),
        )
        for value, rows in common.iter_rows()
    ]


def _histogram(values: pl.Series, classes: npt.NDArray[Any], names: tuple[str, ...]) -> list[ColumnBar]:
    numbers = values.cast(pl.Float64).to_numpy()
    is_finite = np.isfinite(numbers)
    numbers, classes = numbers[is_finite], classes[is_finite]
    if not len(numbers):
        return []
    edges = _edges(numbers, whole=values.dtype.is_integer())
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    return [
        ColumnBar(
            value=None,
            low=float(edges[bar]),
            high=float(edges[bar + 1]),
            rows=int((place == bar).sum()),
            classes=_by_class(classes[place == bar], names),
        )
        for bar in range(len(edges) - 1)
    ]


def _edges(numbers: npt.NDArray[np.float64], *, whole: bool) -> npt.NDArray[np.float64]:
    low, high = _range(numbers)
    if whole and high - low < _BARS:
        return np.arange(low, high + 2)
    return np.linspace(low, high if high > low else low + 1, _BARS + 1)


def _range(numbers: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Least and greatest number, or the middle 99% where a few that lie far off would leave no room for it."""
    low, high = float(numbers.min()), float(numbers.max())
    inner = np.quantile(numbers, [0.005, 0.995], method="nearest")
    return (low, high) if high - low <= _FAR * (inner[1] - inner[0]) else (float(inner[0]), float(inner[1]))


def _by_class(classes: npt.NDArray[Any], names: tuple[str, ...]) -> dict[str, int]:
    return {name: int((classes == place).sum()) for place, name in enumerate(names)}

"""Functions that say whether a row belongs to a slice, by which evaluate cuts scores; they vote on nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from tidemill.contracts import FunctionError
from tidemill.label.folder import run_file
from tidemill.label.rows import Row


@dataclasses.dataclass(frozen=True)
class SlicingFunction:
    """A name and what says whether a row is in the slice."""

    name: str
    function: Callable[[Row], bool]

    def __call__(self, row: Row) -> bool:
        """Row → whether it is in the slice."""
        return self.function(row)


def slicing_function(*, name: str | None = None) -> Callable[[Callable[[Row], bool]], SlicingFunction]:
    """Name (default: the function's) → decorator.

    >>> @slicing_function()
    ... def short(row):
    ...     return len(row.text) < 20
    >>> short.name, short(Row({"text": "tide"}))
    ('short', True)
    """
    return lambda function: SlicingFunction(name or function.__name__, function)


def load_slices(folder: Path) -> list[SlicingFunction]:
    """Folder of a problem's ``*.py`` → its slicing functions, by name.

    Raises
    ------
    FunctionError
        Two have one name.
    """
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    found = [value for path in files for value in vars(run_file(path)).values() if isinstance(value, SlicingFunction)]
    names = [one.name for one in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise FunctionError(f"{folder}: two slicing functions are named {twice[0]!r}; rename one")
    return sorted(found, key=lambda one: one.name)


def slice_rows(functions: Sequence[SlicingFunction], rows: pl.DataFrame) -> pl.DataFrame:
    """Slicing functions and raw rows → table of row_id and a column of true and false per function.

    Raises
    ------
    FunctionError
        A function raises, or answers with something else; function and row are named.
    """
    columns: dict[str, list[bool]] = {one.name: [] for one in functions}
    for values in rows.iter_rows(named=True):
        row = Row(values)
        for one in functions:
            columns[one.name].append(_asked(one, row, str(values["row_id"])))
    return pl.DataFrame(
        {"row_id": rows["row_id"]} | {name: pl.Series(v, dtype=pl.Boolean) for name, v in columns.items()}
    )


def _asked(function: SlicingFunction, row: Row, row_id: str) -> bool:
    try:
        answer: object = function(row)
    except Exception as error:
        raise FunctionError(f"slicing function {function.name} failed on row {row_id}: {error!r}") from error
    if not isinstance(answer, bool | np.bool_):
        raise FunctionError(f"slicing function {function.name} said {answer!r} of row {row_id}; promised True or False")
    return bool(answer)

"""Slicing functions: which rows belong to a slice, by which evaluate cuts scores; they vote on nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from tidemill.contracts import FunctionError
from tidemill.label.functions.loading import run_file
from tidemill.label.functions.row import Row


@dataclasses.dataclass(frozen=True)
class SlicingFunction:
    """A named function of a row that decides whether the row is in the slice."""

    name: str
    function: Callable[[Row], bool]

    def __call__(self, row: Row) -> bool:
        """Tell whether a row is in the slice."""
        return self.function(row)


def slicing_function(*, name: str | None = None) -> Callable[[Callable[[Row], bool]], SlicingFunction]:
    """Decorate a function of a row that decides whether it is in the slice.

    Parameters
    ----------
    name
        Name of the slice; by default the function's.

    Returns
    -------
    Callable
        Decorator of ``f(row)``, which returns True or False.

    Examples
    --------
    >>> @slicing_function()
    ... def short(row):
    ...     return len(row.text) < 20
    >>> short.name, short(Row({"text": "tide"}))
    ('short', True)
    """
    return lambda function: SlicingFunction(name or function.__name__, function)


def load_slices(folder: Path) -> list[SlicingFunction]:
    """Load the slicing functions of a folder's ``*.py`` files.

    Parameters
    ----------
    folder
        Folder of Python files, which are run; names that begin with ``_`` are left out. It need not exist.

    Returns
    -------
    list of SlicingFunction
        In alphabetical order of their names.

    Raises
    ------
    FunctionError
        Two slicing functions have the same name.
    """
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    functions = [
        value for path in files for value in vars(run_file(path)).values() if isinstance(value, SlicingFunction)
    ]
    names = [function.name for function in functions]
    if twice := [name for name in names if names.count(name) > 1]:
        raise FunctionError(f"{folder}: two slicing functions are named {twice[0]!r}; rename one")
    return sorted(functions, key=lambda function: function.name)


def slice_rows(functions: Sequence[SlicingFunction], rows: pl.DataFrame) -> pl.DataFrame:
    """Ask slicing functions of rows.

    Parameters
    ----------
    functions
        Slicing functions.
    rows
        Raw rows with ``row_id``.

    Returns
    -------
    polars.DataFrame
        ``row_id`` and a boolean column per function.

    Raises
    ------
    FunctionError
        A function raises, or answers with something else; function and row are named.
    """
    columns: dict[str, list[bool]] = {function.name: [] for function in functions}
    for values in rows.iter_rows(named=True):
        row = Row(values)
        for function in functions:
            columns[function.name].append(_asked(function, row, str(values["row_id"])))
    return pl.DataFrame(
        {"row_id": rows["row_id"]} | {name: pl.Series(v, dtype=pl.Boolean) for name, v in columns.items()}
    )


def _asked(function: SlicingFunction, row: Row, row_id: str) -> bool:
    try:
        answer: object = function(row)
    except Exception as error:
        raise FunctionError(f"slicing function {function.name} failed on row {row_id}: {error!r}") from error
    if not isinstance(answer, bool | np.bool_):
        raise FunctionError(
            f"slicing function {function.name} returned {answer!r} for row {row_id}; it must return True or False"
        )
    return bool(answer)

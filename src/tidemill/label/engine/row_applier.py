"""Python functions of a row, asked function by function over a block of rows.

The rows of a block are shared, so that a preprocessor memoizes and an image is decoded once for all functions; then
they are let go. The position asked last is kept in two numbers, which a watcher may read from another process.
"""

from __future__ import annotations

import contextlib
import copy
import numbers
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
import polars as pl

from tidemill.common.progress import progress
from tidemill.contracts import ABSTAIN, DataError, Votes, not_class
from tidemill.label.engine.failures import Failure, OnError, can_be_interrupted, traceback_of
from tidemill.label.functions.labeling_function import LabelingFunction
from tidemill.label.functions.row import Row, picture_of, values_of

STATISTIC: Final = "image."
_BLOCK: Final = 256
_BLOCK_OF_IMAGES: Final = 16
_NO_FUNCTION: Final = -1


class Position(Protocol):
    """Two numbers: the index of the function that runs, and of the row."""

    def __setitem__(self, index: int, value: int, /) -> None: ...


class RowApplier:
    """Row functions; a wrong answer goes to ``on_error`` and becomes an abstain.

    Parameters
    ----------
    functions
        Labeling functions of a row.
    n_classes
        Number of classes.
    on_error
        Called with each failure.
    position
        Two numbers that are set to the index of the function that runs and of the row.
    skip
        Called with indices of a function and a row; true where the function is not applied.
    """

    def __init__(
        self,
        functions: Sequence[LabelingFunction],
        *,
        n_classes: int,
        on_error: OnError,
        position: Position | None = None,
        skip: Callable[[int, int], bool] | None = None,
    ) -> None:
        self.functions = functions
        self.n_classes = n_classes
        self.on_error = on_error
        self.position: Position = [_NO_FUNCTION, 0] if position is None else position
        self.skip = skip

    def ask(self, table: pl.DataFrame, *, statistics: Sequence[str] = ()) -> tuple[Votes, pl.DataFrame]:
        """Ask all functions of all rows.

        Parameters
        ----------
        table
            Rows with ``row_id``.
        statistics
            Names of image statistics to compute on the way.

        Returns
        -------
        votes : (n_rows, n_functions)
            int16.
        polars.DataFrame
            The statistics as columns ``image.…``.

        Raises
        ------
        DataError
            A row's image cannot be read.
        """
        votes = np.full((table.height, len(self.functions)), ABSTAIN, dtype=np.int16)
        measured = np.zeros((table.height, len(statistics)))
        size = _BLOCK_OF_IMAGES if "image" in table.columns else _BLOCK
        starts = range(0, table.height, size)
        for start in progress(starts, total=table.height, name="label", size=size):
            rows = [Row(values) for values in table.slice(start, size).iter_rows(named=True)]
            for j in range(len(self.functions)):
                votes[start : start + len(rows), j] = self._column(j, rows, start)
            for i, row in enumerate(rows if statistics else (), start):
                measured[i] = _measured(row, i, statistics)
        self.position[0] = _NO_FUNCTION
        return votes, pl.DataFrame(measured, schema=[f"{STATISTIC}{name}" for name in statistics])

    def refuse_changes(self, table: pl.DataFrame) -> None:
        """Report each function that changes the values of its row.

        Each function runs once more, on a copy of each row; what it raises is not reported a second time.

        Parameters
        ----------
        table : (n_rows, …)
            Raw rows as labeling functions see them.
        """
        for i, values in enumerate(table.iter_rows(named=True)):
            for j, function in enumerate(self.functions):
                row, before = Row(copy.deepcopy(values)), repr(values)
                self.position[0], self.position[1] = j, i
                if self.skip is not None and self.skip(j, i):
                    continue
                with contextlib.suppress(Exception):  # it was reported when it was asked
                    function(row)
                if repr(values_of(row)) != before:
                    reason = "changed its row; labeling functions share it, so write a preprocessor"
                    self.on_error(Failure(function.name, function.where, i, row.row_id, reason))

    def _column(self, j: int, rows: Sequence[Row], start: int) -> list[int]:
        function, position, valid = self.functions[j], self.position, range(self.n_classes)
        position[0] = j
        votes = []
        for i, row in enumerate(rows, start):
            position[1] = i
            if self.skip is not None and self.skip(j, i):
                votes.append(ABSTAIN)
                continue
            vote: object
            try:
                vote = function(row)
            except BaseException as error:  # noqa: BLE001 - a user's function may raise anything; it is named below
                vote = self._raised(error, row, i)
            votes.append(
                vote if type(vote) is int and (vote in valid or vote == ABSTAIN) else self._wrong(j, vote, row, i)
            )
        return votes

    def _raised(self, error: BaseException, row: Row, i: int) -> _Raised:
        if isinstance(error, KeyboardInterrupt) and can_be_interrupted():
            raise error
        if isinstance(error, DataError):  # the row itself cannot be read, whoever asks
            raise DataError(f"row {i} (row_id {row.row_id}): {error}") from error
        missing = ", ".join(name for name, value in values_of(row).items() if value is None)
        hint = f"\nThe row has no {missing}: return ABSTAIN where a value is None" if missing else ""
        return _Raised(f"raised\n{traceback_of(error)}{hint}")

    def _wrong(self, j: int, vote: object, row: Row, i: int) -> int:
        """What is no plain class or abstain is checked, and reported where it is no vote."""
        checked = vote if isinstance(vote, _Raised) else check_vote(vote, self.n_classes)
        if isinstance(checked, int):
            return checked
        function = self.functions[j]
        self.on_error(Failure(function.name, function.where, i, row.row_id, str(checked)))
        return ABSTAIN


class _Raised(str):
    """A traceback, which no labeling function can return as its vote."""

    __slots__ = ()


def check_vote(vote: object, n_classes: int) -> int | str:
    """Check what a labeling function returned.

    Parameters
    ----------
    vote
        Whatever it returned.
    n_classes
        Number of classes.

    Returns
    -------
    int or str
        The vote, or what is wrong with it.

    Examples
    --------
    >>> check_vote(1, 2), check_vote(7, 2)
    (1, 'returned 7, which is neither ABSTAIN (-1), nor a class in 0..1, nor not_class of one')
    """
    if vote is None:
        return "returned None: some path through it has no return; end it with `return ABSTAIN`"
    if isinstance(vote, bool | np.bool_) or not isinstance(vote, numbers.Integral):
        return (
            f"returned {vote!r} ({type(vote).__name__}); return the index or name of a class, ABSTAIN or not_class(k)"
        )
    if not not_class(n_classes - 1) <= int(vote) < n_classes:
        return (
            f"returned {vote}, which is neither ABSTAIN (-1), nor a class in 0..{n_classes - 1}, nor not_class of one"
        )
    return int(vote)


def _measured(row: Row, i: int, names: Sequence[str]) -> list[float]:
    try:
        statistics = picture_of(row).stats
    except DataError as error:
        raise DataError(f"row {i} (row_id {row.row_id}): {error}") from error
    return [statistics[name] for name in names]

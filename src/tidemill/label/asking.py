"""Rows and Python functions of a row → votes, asked function by function over a block of rows.

The rows of a block are shared, so that a preprocessor memoizes and an image is decoded once for all functions; then
they are let go. The place asked last is kept in two numbers, which a watcher may read from another process.
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
from tidemill.label.failures import Failure, OnError, traceback_of
from tidemill.label.functions import LabelingFunction
from tidemill.label.rows import Row, picture_of, values_of

STATISTIC: Final = "image."
_BLOCK: Final = 256
_BLOCK_OF_IMAGES: Final = 16
_NOBODY: Final = -1


class Place(Protocol):
    """Two numbers: which function is asked, and of which row."""

    def __setitem__(self, index: int, value: int, /) -> None: ...


class Asker:
    """Row functions, asked; what they answer wrongly is told to ``on_error`` and becomes an abstain.

    Parameters
    ----------
    place
        Two numbers that tell which function (by its index) is asked of which row; ``skip`` says where not to ask.
    """

    def __init__(
        self,
        functions: Sequence[LabelingFunction],
        *,
        n_classes: int,
        on_error: OnError,
        place: Place | None = None,
        skip: Callable[[int, int], bool] | None = None,
    ) -> None:
        self.functions = functions
        self.n_classes = n_classes
        self.on_error = on_error
        self.place: Place = [_NOBODY, 0] if place is None else place
        self.skip = skip

    def ask(self, table: pl.DataFrame, *, statistics: Sequence[str] = ()) -> tuple[Votes, pl.DataFrame]:
        """Table → (rows, functions) votes, and the wanted image statistics as columns ``image.…``."""
        votes = np.full((table.height, len(self.functions)), ABSTAIN, dtype=np.int8)
        measured = np.zeros((table.height, len(statistics)))
        size = _BLOCK_OF_IMAGES if "image" in table.columns else _BLOCK
        starts = range(0, table.height, size)
        for start in progress(starts, total=table.height, name="label", size=size):
            rows = [Row(values) for values in table.slice(start, size).iter_rows(named=True)]
            for j in range(len(self.functions)):
                votes[start : start + len(rows), j] = self._column(j, rows, start)
            for i, row in enumerate(rows if statistics else (), start):
                measured[i] = _measured(row, i, statistics)
        self.place[0] = _NOBODY
        return votes, pl.DataFrame(measured, schema=[f"{STATISTIC}{name}" for name in statistics])

    def refuse_changes(self, table: pl.DataFrame) -> None:
        """Rows → nothing; a function that changes what stands in its row is told of."""
        for i, values in enumerate(table.iter_rows(named=True)):
            for j, function in enumerate(self.functions):
                row, before = Row(copy.deepcopy(values)), repr(values)
                self.place[0], self.place[1] = j, i
                if self.skip is not None and self.skip(j, i):
                    continue
                with contextlib.suppress(Exception):  # it was told of when it was asked
                    function(row)
                if repr(values_of(row)) != before:
                    reason = "changed its row; labeling functions share it, so write a preprocessor"
                    self.on_error(Failure(function.name, function.where, i, row.row_id, reason))

    def _column(self, j: int, rows: Sequence[Row], start: int) -> list[int]:
        """One function on a block of rows → its votes."""
        function, place, valid = self.functions[j], self.place, range(self.n_classes)
        place[0] = j
        votes = []
        for i, row in enumerate(rows, start):
            place[1] = i
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
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, DataError):  # the row itself cannot be read, whoever asks
            raise DataError(f"row {i} (row_id {row.row_id}): {error}") from error
        return _Raised(f"raised\n{traceback_of(error)}")

    def _wrong(self, j: int, vote: object, row: Row, i: int) -> int:
        """An answer that is not a plain class or abstain → the vote, or an abstain that is told of."""
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
    """What a labeling function returned → the vote, or what is wrong with it.

    >>> check_vote(1, 2), check_vote(7, 2)
    (1, 'returned 7, which is neither ABSTAIN (-1), nor a class in 0..1, nor not_class of one')
    """
    if vote is None:
        return "returned None: some path through it has no return; end it with `return ABSTAIN`"
    if isinstance(vote, bool | np.bool_) or not isinstance(vote, numbers.Integral):
        return f"returned {vote!r} ({type(vote).__name__}); return a class index, ABSTAIN or not_class(k)"
    if not not_class(n_classes - 1) <= int(vote) < n_classes:
        return (
            f"returned {vote}, which is neither ABSTAIN (-1), nor a class in 0..{n_classes - 1}, nor not_class of one"
        )
    return int(vote)


def _measured(row: Row, i: int, names: Sequence[str]) -> list[float]:
    try:
        found = picture_of(row).stats
    except DataError as error:
        raise DataError(f"row {i} (row_id {row.row_id}): {error}") from error
    return [found[name] for name in names]

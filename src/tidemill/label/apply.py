"""rows and labeling functions -> votes.

Python row functions see the rows one by one in a single pass, in which an image is decoded at most once; declared and
batch functions then see the whole table, with the image statistics as columns ``image.…`` where it holds images.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import ABSTAIN, DataError, Votes, not_class
from tidemill.label.declared import AnyFunction, DeclaredLabelingFunction
from tidemill.label.failures import Failure, OnError, fail, traceback_of
from tidemill.label.functions import BatchLabelingFunction, LabelingFunction
from tidemill.label.marked import near
from tidemill.label.rows import Row, picture_of
from tidemill.progress import progress

STATISTIC: Final = "image."
_CHUNK: Final = 1024


def apply(rows: pl.DataFrame, functions: Sequence[AnyFunction], *, n_classes: int, on_error: OnError = fail) -> Votes:
    """Rows and labeling functions → (rows, functions) int8 votes.

    Parameters
    ----------
    on_error
        Gets each failure: ``fail`` raises at the first; a ``Quarantine`` collects them, and the vote is an abstain.

    Raises
    ------
    FunctionError
        A function raised or returned a wrong vote; it and the row are named.

    Examples
    --------
    >>> from tidemill.label import keyword_functions
    >>> rows = pl.DataFrame({"row_id": ["a", "b"], "text": ["you won a prize", "see you"]})
    >>> apply(rows, keyword_functions("says_*", {"prize": ["prize"], "you": ["you"]}, vote=1), n_classes=2)
    array([[ 1,  1],
           [-1,  1]], dtype=int8)
    """
    votes = np.full((rows.height, len(functions)), ABSTAIN, dtype=np.int8)
    asked = _Asked(n_classes, on_error)
    by_row = [(j, function) for j, function in enumerate(functions) if isinstance(function, LabelingFunction)]
    statistics = _pass_over_rows(rows, by_row, votes, asked, wanted=_wants_statistics(rows, functions))
    table = rows if statistics is None else rows.hstack(statistics)
    for j, function in enumerate(functions):
        if not isinstance(function, LabelingFunction):
            votes[:, j] = asked.of_table(function, table)
    return votes


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


def _wants_statistics(rows: pl.DataFrame, functions: Sequence[AnyFunction]) -> bool:
    if "image" not in rows.columns:
        return False
    return any(
        isinstance(function, BatchLabelingFunction)
        or (
            isinstance(function, DeclaredLabelingFunction)
            and any(name.startswith(STATISTIC) for name in function.expression().meta.root_names())
        )
        for function in functions
    )


def _pass_over_rows(
    rows: pl.DataFrame, functions: Sequence[tuple[int, LabelingFunction]], votes: Votes, asked: _Asked, *, wanted: bool
) -> pl.DataFrame | None:
    """Fill the votes of row functions; rows → image statistics, where wanted."""
    if not functions and not wanted:
        return None
    statistics: list[dict[str, float]] = []
    named = (Row(values) for values in rows.iter_rows(named=True, buffer_size=_CHUNK))
    for i, row in enumerate(progress(named, total=rows.height, name="label")):
        for j, function in functions:
            votes[i, j] = asked.of_row(function, row, i)
        if wanted:
            statistics.append(_statistics(row, i))
    return pl.DataFrame(statistics, schema=_schema(statistics)) if wanted else None


def _statistics(row: Row, i: int) -> dict[str, float]:
    try:
        return {f"{STATISTIC}{name}": float(value) for name, value in picture_of(row).stats.items()}
    except DataError as error:
        raise DataError(f"row {i} (row_id {row.row_id}): {error}") from error


def _schema(statistics: Sequence[dict[str, float]]) -> dict[str, Any]:
    return dict.fromkeys(statistics[0] if statistics else [], pl.Float64)


class _Asked:
    """Labeling functions, asked one by one; what they answer wrongly is told to ``on_error`` and becomes an abstain."""

    def __init__(self, n_classes: int, on_error: OnError) -> None:
        self.n_classes, self.on_error = n_classes, on_error

    def of_row(self, function: LabelingFunction, row: Row, i: int) -> int:
        """Row function and row → vote."""
        try:
            vote = check_vote(function(row), self.n_classes)
        except DataError as error:  # the row itself cannot be read, whoever asks
            raise DataError(f"row {i} (row_id {row.row_id}): {error}") from error
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything; it is named, not swallowed
            vote = f"raised\n{traceback_of(error)}"
        if isinstance(vote, int):
            return vote
        self.on_error(Failure(function.name, function.where, i, row.row_id, vote))
        return ABSTAIN

    def of_table(self, function: DeclaredLabelingFunction | BatchLabelingFunction, table: pl.DataFrame) -> Votes:
        """Declared or batch function and table → (rows,) votes."""
        try:
            answer = _answer(function, table)
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything; it is named, not swallowed
            answer = f"raised\n{traceback_of(error)}"
        if isinstance(answer, str):
            self.on_error(Failure(function.name, function.where, None, None, answer))
            return np.full(table.height, ABSTAIN, dtype=np.int8)
        return self._checked(function, answer, table["row_id"])

    def _checked(self, function: AnyFunction, votes: pl.Series, row_ids: pl.Series) -> Votes:
        wrong = ~votes.is_between(not_class(self.n_classes - 1), self.n_classes - 1).fill_null(value=False)
        for i in wrong.arg_true():
            reason = str(check_vote(votes[i], self.n_classes))
            self.on_error(Failure(function.name, function.where, i, row_ids[i], reason))
        return pl.select(pl.when(wrong).then(ABSTAIN).otherwise(votes).cast(pl.Int8)).to_series().to_numpy()


def _answer(function: DeclaredLabelingFunction | BatchLabelingFunction, table: pl.DataFrame) -> pl.Series | str:
    """Labeling function and table → votes, or what is wrong."""
    return (
        _declared_votes(function, table)
        if isinstance(function, DeclaredLabelingFunction)
        else _batch_votes(function, table)
    )


def _declared_votes(function: DeclaredLabelingFunction, table: pl.DataFrame) -> pl.Series | str:
    expression = function.expression()
    missing = [name for name in expression.meta.root_names() if name not in table.columns]
    if missing:
        return f"there is no column {missing[0]!r}{near(missing[0], table.columns)}"
    try:
        return table.select(expression).to_series()
    except pl.exceptions.PolarsError as error:
        return f"cannot be asked of these columns: {str(error).splitlines()[0]}"


def _batch_votes(function: BatchLabelingFunction, table: pl.DataFrame) -> pl.Series | str:
    answer: object = function(table)
    if isinstance(answer, pl.Expr):
        answer = table.select(answer).to_series()
    if isinstance(answer, np.ndarray) and answer.ndim == 1:
        answer = pl.Series(answer)
    if not isinstance(answer, pl.Series):
        return f"returned {type(answer).__name__}; return a Polars expression, a series or an array, a vote per row"
    if len(answer) != table.height:
        return f"returned {len(answer)} votes for {table.height} rows"
    if not answer.dtype.is_integer():
        return f"returned votes of type {answer.dtype}; return integers"
    return answer

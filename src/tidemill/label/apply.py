"""rows and labeling functions -> votes, here and now, in this process.

Python functions of a row are asked first, which decodes an image at most once; declared and batch functions then see
the table, with the image statistics that they read as columns ``image.…``. ``tidemill.label.engine`` does the same for
batches of rows, in worker processes, and keeps what it has asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, Votes, not_class
from tidemill.label.asking import STATISTIC, Asker, Place, check_vote
from tidemill.label.compiled import columns_of, compiled_votes
from tidemill.label.declared import AnyFunction, DeclaredLabelingFunction
from tidemill.label.failures import Failure, OnError, fail, traceback_of
from tidemill.label.functions import BatchLabelingFunction, LabelingFunction

TableFunction = DeclaredLabelingFunction | BatchLabelingFunction
_NOBODY: Final = -1


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
    by_row = {j: function for j, function in enumerate(functions) if isinstance(function, LabelingFunction)}
    by_table = {j: function for j, function in enumerate(functions) if not isinstance(function, LabelingFunction)}
    asker = Asker(list(by_row.values()), n_classes=n_classes, on_error=on_error)
    names = wanted_statistics(list(by_table.values()), rows.columns)
    votes[:, list(by_row)], statistics = asker.ask(rows, statistics=names) if by_row or names else _nothing(rows)
    table = rows.hstack(statistics) if names else rows
    votes[:, list(by_table)] = table_votes(list(by_table.values()), table, n_classes=n_classes, on_error=on_error)
    return votes


def wanted_statistics(functions: Sequence[TableFunction], columns: Sequence[str]) -> list[str]:
    """Declared and batch functions → names of the image statistics that they read; a batch function may read any."""
    if "image" not in columns or not functions:
        return []
    from tidemill.label.images import NAMES

    if any(isinstance(function, BatchLabelingFunction) for function in functions):
        return list(NAMES)
    read = {name for function in functions for name in columns_of(function)}  # type: ignore[arg-type]
    return [name for name in NAMES if f"{STATISTIC}{name}" in read]


def table_votes(
    functions: Sequence[TableFunction],
    table: pl.DataFrame,
    *,
    n_classes: int,
    on_error: OnError,
    place: Place | None = None,
) -> Votes:
    """Declared and batch functions and a table with all their columns → (rows, functions) votes."""
    place = [_NOBODY, 0] if place is None else place
    votes = np.full((table.height, len(functions)), ABSTAIN, dtype=np.int8, order="F")
    asked = _Asked(n_classes, on_error)
    declared = {
        j: one for j, one in enumerate(functions) if isinstance(one, DeclaredLabelingFunction) and _fits(one, table)
    }
    together = _compiled(list(declared.values()), table, n_classes)
    if together is not None:
        votes[:, list(declared)] = together
    for j, function in enumerate(functions):
        if together is None or j not in declared:
            place[0] = j
            votes[:, j] = asked.of_table(function, table)
    place[0] = _NOBODY
    return votes


def _nothing(rows: pl.DataFrame) -> tuple[Votes, pl.DataFrame]:
    return np.full((rows.height, 0), ABSTAIN, dtype=np.int8), pl.DataFrame()


def _fits(function: DeclaredLabelingFunction, table: pl.DataFrame) -> bool:
    return set(columns_of(function)) <= set(table.columns)


def _compiled(functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame, n_classes: int) -> Votes | None:
    """Declared functions → votes; None where one of them cannot be asked or votes wrongly, so that it is found."""
    try:
        votes = compiled_votes(functions, table)
    except pl.exceptions.PolarsError:
        return None
    wrong = votes.size and (votes.min() < not_class(n_classes - 1) or votes.max() >= n_classes)
    return None if wrong else votes


class _Asked:
    """Functions of a table, asked one by one; what they answer wrongly is told to ``on_error`` and becomes an abstain."""

    def __init__(self, n_classes: int, on_error: OnError) -> None:
        self.n_classes, self.on_error = n_classes, on_error

    def of_table(self, function: TableFunction, table: pl.DataFrame) -> Votes:
        """Declared or batch function and table → (rows,) votes."""
        try:
            answer = _answer(function, table)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a user's function may raise anything; it is named, not swallowed
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


def _answer(function: TableFunction, table: pl.DataFrame) -> pl.Series | str:
    """Labeling function and table → votes, or what is wrong."""
    return (
        _declared_votes(function, table)
        if isinstance(function, DeclaredLabelingFunction)
        else _batch_votes(function, table)
    )


def _declared_votes(function: DeclaredLabelingFunction, table: pl.DataFrame) -> pl.Series | str:
    missing = [name for name in columns_of(function) if name not in table.columns]
    if missing:
        return f"there is no column {missing[0]!r}{did_you_mean(missing[0], _readable(table.columns))}"
    try:
        return table.select(function.expression()).to_series()
    except pl.exceptions.PolarsError as error:
        return f"cannot be asked of these columns: {str(error).splitlines()[0]}"


def _readable(columns: Sequence[str]) -> list[str]:
    """Columns of a table → those, and the image statistics where it holds images."""
    if "image" not in columns:
        return list(columns)
    from tidemill.label.images import NAMES

    return [*columns, *(f"{STATISTIC}{name}" for name in NAMES)]


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

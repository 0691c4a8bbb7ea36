"""Apply labeling functions to rows here and now, in this process.

Python functions of a row run first, which decodes an image at most once; declared and batch functions then see the
table, with the image statistics that they read as columns ``image.…``. ``engine.incremental`` does the same for batches of
rows, in worker processes, and keeps what it has asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, Votes, not_class
from tidemill.label.conditions.generated import GENERATED
from tidemill.label.conditions.vote_names import unclear_numbers, unclear_vote, vote_of
from tidemill.label.engine.failures import Failure, OnError, can_be_interrupted, fail, traceback_of
from tidemill.label.engine.row_applier import STATISTIC, Position, RowApplier, check_vote
from tidemill.label.engine.unread_values import conditions_of
from tidemill.label.engine.vectorised import columns_of, vectorised_votes
from tidemill.label.functions.declared import AnyFunction, DeclaredLabelingFunction
from tidemill.label.functions.labeling_function import BatchLabelingFunction, LabelingFunction

TableFunction = DeclaredLabelingFunction | BatchLabelingFunction
_NO_FUNCTION: Final = -1


def apply(rows: pl.DataFrame, functions: Sequence[AnyFunction], *, n_classes: int, on_error: OnError = fail) -> Votes:
    """Apply labeling functions to rows.

    Parameters
    ----------
    rows
        Raw rows as labeling functions see them, with ``row_id``.
    functions
        Labeling functions of any kind.
    n_classes
        Number of classes.
    on_error
        Called with each failure: ``fail`` raises at the first; a ``Quarantine`` collects them, and the vote is an abstain.

    Returns
    -------
    (n_rows, n_functions)
        int16 votes.

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
           [-1,  1]], dtype=int16)
    """
    votes = np.full((rows.height, len(functions)), ABSTAIN, dtype=np.int16)
    by_row = {j: function for j, function in enumerate(functions) if isinstance(function, LabelingFunction)}
    by_table = {j: function for j, function in enumerate(functions) if not isinstance(function, LabelingFunction)}
    applier = RowApplier(list(by_row.values()), n_classes=n_classes, on_error=on_error)
    names = required_statistics(list(by_table.values()), rows.columns)
    votes[:, list(by_row)], statistics = applier.ask(rows, statistics=names) if by_row or names else _no_votes(rows)
    table = rows.hstack(statistics) if names else rows
    votes[:, list(by_table)] = table_votes(list(by_table.values()), table, n_classes=n_classes, on_error=on_error)
    return votes


def required_statistics(functions: Sequence[TableFunction], columns: Sequence[str]) -> list[str]:
    """List the image statistics that declared and batch functions read; a batch function may read any.

    Parameters
    ----------
    functions
        Declared and batch functions.
    columns
        Columns of the rows.

    Returns
    -------
    list of str
        Names without ``image.``; empty where the rows hold no images.
    """
    if "image" not in columns or not functions:
        return []
    from tidemill.label.image_statistics.statistics import NAMES

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
    position: Position | None = None,
) -> Votes:
    """Apply declared and batch functions to a table that has all their columns.

    Parameters
    ----------
    functions
        Declared and batch functions.
    table
        Rows with ``row_id``, image statistics and features among the columns.
    n_classes
        Number of classes.
    on_error
        Called with each failure.
    position
        Set to the index of the function that runs, for a watcher.

    Returns
    -------
    (n_rows, n_functions)
        int16 votes.
    """
    position = [_NO_FUNCTION, 0] if position is None else position
    votes = np.full((table.height, len(functions)), ABSTAIN, dtype=np.int16, order="F")
    one_by_one = _TableFunctions(n_classes, on_error)
    declared = {
        j: function
        for j, function in enumerate(functions)
        if isinstance(function, DeclaredLabelingFunction) and _fits(function, table)
    }
    together = _vectorised(list(declared.values()), table, n_classes)
    if together is not None:
        votes[:, list(declared)] = together
    for j, function in enumerate(functions):
        if together is None or j not in declared:
            position[0] = j
            votes[:, j] = one_by_one.of_table(function, table)
    position[0] = _NO_FUNCTION
    return votes


def _no_votes(rows: pl.DataFrame) -> tuple[Votes, pl.DataFrame]:
    return np.full((rows.height, 0), ABSTAIN, dtype=np.int16), pl.DataFrame()


def _fits(function: DeclaredLabelingFunction, table: pl.DataFrame) -> bool:
    """Whether the columns are there and of types on which its conditions mean something."""
    schema = table.schema
    return set(columns_of(function)) <= set(schema) and all(
        condition.fits(schema) for condition in conditions_of(function.condition)
    )


def _vectorised(functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame, n_classes: int) -> Votes | None:
    """None where one of them cannot be asked or votes wrongly, so that it is found one by one."""
    try:
        votes = vectorised_votes(functions, table)
    except (pl.exceptions.PolarsError, ValueError):  # a condition's own function raises ValueError
        return None
    wrong = votes.size and (votes.min() < not_class(n_classes - 1) or votes.max() >= n_classes)
    return None if wrong else votes


class _TableFunctions:
    """Functions of a table, asked one by one; a wrong answer goes to ``on_error`` and becomes an abstain."""

    def __init__(self, n_classes: int, on_error: OnError) -> None:
        self.n_classes, self.on_error = n_classes, on_error

    def of_table(self, function: TableFunction, table: pl.DataFrame) -> Votes:
        try:
            answer = _votes_or_reason(function, table)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and can_be_interrupted():
                raise
            answer = f"raised\n{traceback_of(error)}"
        if isinstance(answer, str):
            self.on_error(Failure(function.name, function.where, None, None, answer))
            return np.full(table.height, ABSTAIN, dtype=np.int16)
        return self._checked(function, answer, table["row_id"])

    def _checked(self, function: AnyFunction, votes: pl.Series, row_ids: pl.Series) -> Votes:
        wrong = ~votes.is_between(not_class(self.n_classes - 1), self.n_classes - 1).fill_null(value=False)
        for i in wrong.arg_true():
            reason = str(check_vote(votes[i], self.n_classes))
            self.on_error(Failure(function.name, function.where, i, row_ids[i], reason))
        return pl.select(pl.when(wrong).then(ABSTAIN).otherwise(votes).cast(pl.Int16)).to_series().to_numpy()


def _votes_or_reason(function: TableFunction, table: pl.DataFrame) -> pl.Series | str:
    return (
        _declared_votes(function, table)
        if isinstance(function, DeclaredLabelingFunction)
        else _batch_votes(function, table)
    )


def _declared_votes(function: DeclaredLabelingFunction, table: pl.DataFrame) -> pl.Series | str:
    missing = [name for name in columns_of(function) if name not in table.columns]
    if missing and missing[0].startswith(GENERATED):
        return (
            "its votes are generated for all rows of a problem at once: run the label stage, `dvc repro label@PROBLEM`"
        )
    if missing:
        return f"there is no column {missing[0]!r}{did_you_mean(missing[0], _readable(table.columns))}"
    reason = "their types differ from what it reads"
    if _fits(function, table):
        try:
            return table.select(function.expression()).to_series()
        except (pl.exceptions.PolarsError, ValueError) as error:
            reason = str(error).splitlines()[0]
    unfit = (condition.unfit(table) for condition in conditions_of(function.condition))
    found = next((reason for reason in unfit if reason), None) or _of_columns(function, table, reason)
    return f"cannot be applied to these columns: {found}"


def _of_columns(function: DeclaredLabelingFunction, table: pl.DataFrame, reason: str) -> str:
    kinds = ", ".join(f"{name} ({table.schema[name]})" for name in dict.fromkeys(columns_of(function)))
    return f"{kinds}: {reason}"


def _readable(columns: Sequence[str]) -> list[str]:
    if "image" not in columns:
        return list(columns)
    from tidemill.label.image_statistics.statistics import NAMES

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
    if answer.dtype in {pl.String, pl.Categorical, pl.Enum}:
        return _votes_of_names(answer.cast(pl.String), function.classes)
    if not answer.dtype.is_integer():
        return f"returned votes of type {answer.dtype}; return integers, or names of classes"
    if unclear := unclear_numbers(function.classes) & set(answer.unique()):
        return unclear_vote(min(unclear), function.classes)
    return answer


def _votes_of_names(answer: pl.Series, classes: Sequence[str]) -> pl.Series | str:
    names = answer.drop_nulls().unique().to_list()
    votes = {name: ABSTAIN if name == "ABSTAIN" else vote_of(name, classes) for name in names}
    unknown = sorted(name for name, vote in votes.items() if vote is None)
    if unknown:
        return f"returned {unknown[0]!r}, and there is no such class{did_you_mean(unknown[0], classes)}"
    return answer.replace_strict(votes, default=None, return_dtype=pl.Int16)

"""What passes between stages: the constants, table contracts and errors that every package shares.

The errors are in ``tidemill.errors``, which imports nothing, for commands that only look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, ConfigDict

from tidemill.errors import (
    ConfigError,
    DataError,
    FunctionError,
    InputError,
    NoRowsError,
    NotFittedError,
    PackageError,
    PublishError,
    RequestError,
    RunError,
    SuiteError,
    TidemillError,
)
from tidemill.stage_names import STAGES

__all__ = [
    "ABSTAIN",
    "FEATURES",
    "NO_GOLD",
    "OUTLIER",
    "SPLITS",
    "STAGES",
    "Column",
    "ConfigError",
    "Contract",
    "DataError",
    "Features",
    "FunctionError",
    "InputError",
    "NoRowsError",
    "NotFittedError",
    "PackageError",
    "Probabilities",
    "Problem",
    "PublishError",
    "RequestError",
    "RunError",
    "Settings",
    "SuiteError",
    "TidemillError",
    "Votes",
    "answers_contract",
    "check",
    "gold_contract",
    "labels_contract",
    "not_class",
    "predictions_contract",
    "probability_columns",
    "raw_contract",
    "votes_contract",
]

ABSTAIN: Final = -1
"""The only -1: a labeling function does not vote on a row. Crash and tie are other things."""

NO_GOLD: Final = -1
"""A row that no person has labeled, in a gold column."""

SPLITS: Final = ("train", "dev", "valid", "test")
"""train and dev rows train the end model; experts look at dev; the gate reads valid; test is only reported."""

Votes = npt.NDArray[np.int16]
"""(rows, functions): a class index, ``ABSTAIN``, or ``not_class(k)``."""
Probabilities = npt.NDArray[np.float64]
"""(rows, classes): each row sums to 1."""
Features = npt.NDArray[np.float32]
"""(rows, dimensions) from a frozen backbone."""


def not_class(k: int) -> int:
    """Encode the vote "any class but k".

    Parameters
    ----------
    k
        Class index.

    Returns
    -------
    int
        Below ``ABSTAIN``.

    Raises
    ------
    TypeError
        It is no number, as the name of a class.

    Examples
    --------
    >>> not_class(0), not_class(3)
    (-2, -5)
    """
    try:
        return -2 - k
    except TypeError:
        raise TypeError(
            f"not_class takes the index of a class, not {k!r}: a vote against a class by its name is `return 'not NAME'`"
        ) from None


class Settings(BaseModel):
    """Base of every stage's settings: frozen, and an unknown key fails. Defaults live in ``conf/`` only."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Settings):
    """One thing to classify."""

    name: str
    modality: Literal["text", "image"]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """What one column promises; a table may lack one that is ``optional``."""

    name: str
    dtype: Any
    nullable: bool = False
    unique: bool = False
    values: tuple[Any, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False


@dataclass(frozen=True)
class Contract:
    """What one table promises; ``others`` is what every further column promises (None: there is none)."""

    name: str
    columns: tuple[Column, ...]
    others: Column | None = None
    sums_to_one: bool = False
    min_rows: int = 1
    key: str = field(default="row_id")

    def column(self, name: str) -> Column | None:
        """Look up what a column promises.

        Parameters
        ----------
        name
            Name of a column of the table.

        Returns
        -------
        Column or None
            None where the table may not have it.
        """
        return next((column for column in self.columns if column.name == name), self.others)

    def other_names(self, names: Sequence[str]) -> list[str]:
        """List the columns that the contract does not name.

        Parameters
        ----------
        names
            Columns of a table.

        Returns
        -------
        list of str
            In their order.
        """
        named = {column.name for column in self.columns}
        return [name for name in names if name not in named]


_ROW_ID = Column("row_id", pl.String, unique=True)
_BATCH = Column("batch", pl.String)
_SPLIT = Column("split", pl.String, values=SPLITS)


def raw_contract(modality: str, meta: dict[str, Any]) -> Contract:
    """Make the contract of ``raw/<batch>.parquet``.

    Parameters
    ----------
    modality
        ``text`` or ``image``; the content column is called so and holds a string, or PNG or JPEG bytes.
    meta
        Types of the metadata columns.

    Returns
    -------
    Contract
        Columns that ingest writes of each row.
    """
    content = Column("text", pl.String) if modality == "text" else Column("image", pl.Binary)
    key = Column("key", pl.String)
    extra = tuple(Column(name, dtype, nullable=True) for name, dtype in meta.items())
    return Contract("raw", (_ROW_ID, key, _BATCH, _SPLIT, content, *extra))


def gold_contract(n_classes: int) -> Contract:
    """Make the contract of ``gold/<batch>.parquet`` and ``dev/<batch>.parquet``.

    Parameters
    ----------
    n_classes
        Number of classes.

    Returns
    -------
    Contract
        Columns ``row_id`` and ``gold``.
    """
    gold = Column("gold", pl.Int16, minimum=NO_GOLD, maximum=n_classes - 1)
    return Contract("gold", (_ROW_ID, gold), min_rows=0)


def answers_contract(n_classes: int) -> Contract:
    """Make the contract of ``answers.parquet``: a row for each person, of rows of train and dev that several have answered.

    Parameters
    ----------
    n_classes
        Number of classes.

    Returns
    -------
    Contract
        Columns ``row_id``, ``who`` and ``label``.
    """
    label = Column("label", pl.Int16, minimum=0, maximum=n_classes - 1)
    return Contract("answers", (Column("row_id", pl.String), Column("who", pl.String), label), min_rows=0)


FEATURES: Final = Contract("features", (_ROW_ID, Column("feature", pl.Array)))


def votes_contract(n_classes: int) -> Contract:
    """Make the contract of ``votes.parquet``: an int16 column per labeling function.

    Parameters
    ----------
    n_classes
        Number of classes.

    Returns
    -------
    Contract
    """
    vote = Column("*", pl.Int16, minimum=not_class(n_classes - 1), maximum=n_classes - 1)
    return Contract("votes", (_ROW_ID, _BATCH, _SPLIT), others=vote)


def labels_contract(classes: Sequence[str]) -> Contract:
    """Make the contract of ``labels.parquet``: a probability column per class, in class order.

    Parameters
    ----------
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    Contract
    """
    columns = tuple(Column(name, pl.Float64, minimum=0.0, maximum=1.0) for name in probability_columns(classes))
    return Contract("labels", (_ROW_ID, *columns), sums_to_one=True)


OUTLIER: Final = "outlier"
"""Column of how unlike the rows that it knows a model finds a row: above 1 it is none of the above."""


def predictions_contract(classes: Sequence[str], *, outliers: bool = False) -> Contract:
    """Make the contract of ``predictions.parquet``, which is shaped as ``labels.parquet``.

    Parameters
    ----------
    classes
        Names of the classes in the order of their indices.
    outliers
        With a column of outlier scores.

    Returns
    -------
    Contract
    """
    more = (Column(OUTLIER, pl.Float64, minimum=0.0, maximum=float("inf")),) if outliers else ()
    return Contract("predictions", (*labels_contract(classes).columns, *more), sums_to_one=True)


def probability_columns(classes: Sequence[str]) -> list[str]:
    """Name the probability columns of classes.

    Parameters
    ----------
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    list of str
        ``p_<class>``, in the order of the classes.

    Examples
    --------
    >>> probability_columns(["ham", "spam"])
    ['p_ham', 'p_spam']
    """
    return [f"p_{name}" for name in classes]


def check(table: pl.DataFrame, contract: Contract, *, where: str) -> pl.DataFrame:
    """Check that a table keeps its contract.

    Parameters
    ----------
    table
        Table to check.
    contract
        What the table promises.
    where
        Name of the table, for the error.

    Returns
    -------
    polars.DataFrame
        The same table.

    Raises
    ------
    DataError
        Names the table, the first row, the column, the value and what was promised.
    """
    _check_columns(table, contract, where)
    if table.height < contract.min_rows:
        raise DataError(f"{where}: {table.height} rows, at least {contract.min_rows} promised")
    for name in _suspects(table, contract):
        column = contract.column(name)
        if column is not None:
            _check_values(table[name], column, contract, table, where)
    if contract.sums_to_one:
        _check_sums(table, contract, where)
    return table


def _suspects(table: pl.DataFrame, contract: Contract) -> list[str]:
    return [name for name in table.columns if not _is_plainly_right(table[name], contract.column(name))]


def _is_plainly_right(series: pl.Series, column: Column | None) -> bool:
    """Whether the least and the greatest value tell that a column of whole numbers is as promised."""
    if column is None or column.unique or column.values is not None or not series.dtype.is_integer():
        return False
    if column.minimum is None or column.maximum is None or (series.null_count() and not column.nullable):
        return False
    least, greatest = series.min(), series.max()
    return least is None or bool(column.minimum <= least and greatest <= column.maximum)  # type: ignore[operator]


def _check_columns(table: pl.DataFrame, contract: Contract, where: str) -> None:
    missing = [column.name for column in contract.columns if column.name not in table.columns and not column.optional]
    if missing:
        of_classes = all(any(name.startswith("p_") for name in names) for names in (missing[:1], table.columns))
        remedy = "; where a class was added, the next `tidemill run` makes the table anew" if of_classes else ""
        raise DataError(f"{where}: column {missing[0]!r} is missing; it has {', '.join(table.columns)}{remedy}")
    if contract.others is None and (unknown := contract.other_names(table.columns)):
        raise DataError(f"{where}: column {unknown[0]!r} is not in the contract of {contract.name}")
    for name, dtype in table.schema.items():
        column = contract.column(name)
        if column is not None and dtype != column.dtype and dtype.base_type() != column.dtype:
            raise DataError(f"{where}: column {name!r} is {dtype}, promised {column.dtype}")


def _check_values(series: pl.Series, column: Column, contract: Contract, table: pl.DataFrame, where: str) -> None:
    if not column.nullable:
        _refuse(series.is_null(), series, table, contract, f"{where}, column {series.name}", "is missing")
    if column.unique and series.n_unique() < len(series):
        _refuse(series.is_duplicated(), series, table, contract, f"{where}, column {series.name}", "is there twice")
    promised = _outside(series, column)
    if promised is not None:
        bad, text = promised
        _refuse(bad, series, table, contract, f"{where}, column {series.name}", text)


def _outside(series: pl.Series, column: Column) -> tuple[pl.Series, str] | None:
    if column.dtype == pl.Binary:
        return series.bin.size() == 0, "has no bytes"
    if column.values is not None:
        return ~series.is_in(list(column.values)), f"is none of {', '.join(map(str, column.values))}"
    if column.minimum is None or column.maximum is None:
        return None
    bad = (series < column.minimum) | (series > column.maximum)
    if series.dtype.is_float():
        bad = bad | series.is_nan()
    return bad, f"is not in {column.minimum}..{column.maximum}"


def _refuse(
    bad: pl.Series, series: pl.Series, table: pl.DataFrame, contract: Contract, where: str, promised: str
) -> None:
    count = int(bad.fill_null(value=False).sum())
    if not count:
        return
    first = int(bad.fill_null(value=False).arg_max() or 0)
    key = table[contract.key][first] if contract.key in table.columns else first
    raise DataError(f"row {first} ({contract.key} {key}) of {where}: {series[first]!r} {promised}; {count} such rows")


def _check_sums(table: pl.DataFrame, contract: Contract, where: str) -> None:
    names = [column.name for column in contract.columns if column.dtype == pl.Float64 and column.name != OUTLIER]
    sums = table.select(pl.sum_horizontal(names)).to_series()
    bad = (sums - 1.0).abs() > 1e-6  # noqa: PLR2004 - rounding of a float64 sum
    if bad.any():
        first = int(bad.arg_max() or 0)
        raise DataError(f"row {first} of {where}: probabilities sum to {sums[first]:.6f}, promised 1")

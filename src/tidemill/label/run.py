"""raw rows, gold of the development split and a folder of functions -> votes and their analysis table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import NO_GOLD, ConfigError, DataError, Votes
from tidemill.label.analysis import printable, summary
from tidemill.label.apply import apply
from tidemill.label.declared import AnyFunction, DeclaredLabelingFunction
from tidemill.label.evidence import FEATURE
from tidemill.label.failures import Failure, OnError, Quarantine, fail
from tidemill.label.folder import load_functions
from tidemill.label.marked import near
from tidemill.label.quality import again, quality
from tidemill.label.settings import LabelSettings

_UNSEEN: Final = ("key", "batch", "split")
"""Where a row comes from, which is not what it says; a labeling function that read it would not meet it again."""


@dataclass(frozen=True)
class Labeled:
    """What the label stage writes, and what it tells."""

    votes: pl.DataFrame
    summary: pl.DataFrame
    quality: pl.DataFrame
    failures: list[Failure]


def label(
    rows: pl.DataFrame,
    dev: pl.DataFrame,
    folder: Path,
    *,
    classes: Sequence[str],
    settings: LabelSettings,
    features: Callable[[], pl.DataFrame] | None = None,
) -> Labeled:
    """Raw rows and a folder of labeling functions → votes of every row; gold of ``dev`` enters the analysis alone.

    Parameters
    ----------
    features
        Gives ``feature`` by ``row_id``; asked only where a function looks at it.

    Raises
    ------
    FunctionError, ConfigError
        As ``load_functions`` and ``apply``; a hidden column is not there.
    """
    functions = load_functions(folder, classes=classes)
    quarantine = Quarantine(limit=settings.max_failures)
    on_error: OnError = fail if settings.on_error == "fail" else quarantine
    table = seen(rows, settings.hidden)
    if features is not None and wants_features(functions):
        table = with_features(table, features())
    votes = apply(table, functions, n_classes=len(classes), on_error=on_error)
    names = [function.name for function in functions]
    second = again(table, functions, votes, number=settings.suite.rows_asked_twice, n_classes=len(classes))
    checked = quality(votes, names, second, classes=classes)
    counted = summary(votes, names, n_classes=len(classes), gold=gold_of(rows, dev))
    told = counted.with_columns(pl.Series("Failures", [quarantine.counts[name] for name in names], dtype=pl.Int64))
    return Labeled(votes_table(rows, functions, votes), printable(told), checked, quarantine.failures)


def seen(rows: pl.DataFrame, hidden: Sequence[str]) -> pl.DataFrame:
    """Raw rows → the columns that labeling functions may see.

    >>> seen(pl.DataFrame({"row_id": ["a"], "split": ["dev"], "text": ["hi"], "group": ["x"]}), ["group"]).columns
    ['row_id', 'text']
    """
    for name in hidden:
        if name not in rows.columns:
            raise ConfigError(f"label.hidden: there is no column {name!r}{near(name, rows.columns)}")
    return rows.select(pl.exclude(*_UNSEEN, *hidden))


def wants_features(functions: Sequence[AnyFunction]) -> bool:
    """Labeling functions → whether a condition of one compares features."""
    return any(
        isinstance(function, DeclaredLabelingFunction) and FEATURE in function.expression().meta.root_names()
        for function in functions
    )


def with_features(rows: pl.DataFrame, features: pl.DataFrame) -> pl.DataFrame:
    """Rows and features by ``row_id`` → rows with the column ``feature``.

    Raises
    ------
    DataError
        A row has none.
    """
    joined = rows.join(features.select("row_id", FEATURE), on="row_id", how="left", maintain_order="left")
    if joined[FEATURE].has_nulls():
        row = joined.filter(pl.col(FEATURE).is_null())["row_id"][0]
        raise DataError(f"row {row} has no feature: run the embed stage, or `dvc repro`")
    return joined


def gold_of(rows: pl.DataFrame, dev: pl.DataFrame) -> npt.NDArray[np.int8]:
    """Raw rows and gold of some of them → (rows,) gold, ``NO_GOLD`` elsewhere."""
    joined = rows.select("row_id").join(dev, on="row_id", how="left", maintain_order="left")
    return joined["gold"].fill_null(NO_GOLD).to_numpy()


def votes_table(rows: pl.DataFrame, functions: Sequence[AnyFunction], votes: Votes) -> pl.DataFrame:
    """Raw rows and (rows, functions) votes → a table of int8 columns beside row_id, batch and split."""
    columns = [pl.Series(function.name, votes[:, j], dtype=pl.Int8) for j, function in enumerate(functions)]
    return rows.select("row_id", "batch", "split").hstack(columns)

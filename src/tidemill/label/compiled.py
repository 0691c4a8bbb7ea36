"""Declared labeling functions and a table → their votes, in as few passes over the columns as they can share.

All keyword lists of a column are found in one pass (``keywords.Sweep``); everything else becomes one selection, in which
Polars computes shared parts once. Blocks of rows run on threads: both let go of Python's lock.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import ABSTAIN, Votes
from tidemill.label.condition import Condition
from tidemill.label.conditions import Keywords
from tidemill.label.declared import DeclaredLabelingFunction
from tidemill.label.keywords import Sweep, can_sweep

_BLOCK: Final = 32_768
_PATTERNS: Final = 14  # where both take the same time, on texts of 50 to 100 characters
_SWEPT: Final = " swept "  # begins with a space: no column of a table is named so


class _Swept(Condition):
    """A condition whose answers stand in a column already."""

    column: str

    def expression(self) -> pl.Expr:
        """The column."""
        return pl.col(self.column)


@dataclass(frozen=True)
class _Plan:
    """What is swept, per column of text, and the expression of every function on the table with the swept columns."""

    sweeps: dict[str, Sweep]
    expressions: list[pl.Expr]


def compiled_votes(functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame) -> Votes:
    """Declared functions and a table with all their columns → (rows, functions) votes.

    Raises
    ------
    PolarsError
        A function cannot be asked of these columns.

    Examples
    --------
    >>> from tidemill.label import keyword_functions
    >>> functions = keyword_functions("says_*", {"prize": ["prize"], "you": ["you"]}, vote=1)
    >>> compiled_votes(functions, pl.DataFrame({"text": ["you won a prize", "see you"]})).tolist()
    [[1, 1], [-1, 1]]
    """
    plan = _plan(functions, table.schema)
    votes = np.full((table.height, len(functions)), ABSTAIN, dtype=np.int8, order="F")
    starts = range(0, table.height, _BLOCK) if functions else range(0)

    def fill(start: int) -> None:
        block = table.slice(start, _BLOCK)
        votes[start : start + block.height] = _block_votes(plan, block)

    if len(starts) < 2:  # noqa: PLR2004 - one block needs no thread
        for start in starts:
            fill(start)
        return votes
    with ThreadPoolExecutor(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()) as pool:
        list(pool.map(fill, starts))
    return votes


def _block_votes(plan: _Plan, block: pl.DataFrame) -> Any:
    swept = [
        answer.alias(_name(column, j))
        for column, sweep in plan.sweeps.items()
        for j, answer in enumerate(sweep(block[column]))
    ]
    return block.with_columns(swept).lazy().select(plan.expressions).collect().to_numpy()


def _plan(functions: Sequence[DeclaredLabelingFunction], schema: pl.Schema) -> _Plan:
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    lists = [one for function in functions for one in _keyword_lists(function.condition)]
    swept: dict[str, dict[Keywords, int]] = {name: {} for name in texts if _pays(lists, name)}
    rewritten = [dataclasses.replace(one, condition=_rewritten(one.condition, swept)) for one in functions]
    expressions = [one.expression().alias(str(j)) for j, one in enumerate(rewritten)]
    return _Plan({column: Sweep(list(noted)) for column, noted in swept.items() if noted}, expressions)


def _keyword_lists(condition: Condition) -> Iterator[Keywords]:
    parts = getattr(condition, "of", ())
    for part in (parts,) if isinstance(parts, Condition) else parts if isinstance(parts, tuple) else ():
        if isinstance(part, Condition):
            yield from _keyword_lists(part)
    if isinstance(condition, Keywords) and can_sweep(condition):
        yield condition


def _pays(lists: Sequence[Keywords], column: str) -> bool:
    """Lists of keywords and a column → whether one pass for all costs less than a pattern for each."""
    mine = {one for one in lists if one.column == column}
    return sum(_patterns(one) for one in mine) >= _PATTERNS


def _patterns(condition: Keywords) -> float:
    """List of keywords → how many short patterns its expression costs; where words are counted, one each."""
    counts = condition.match == "all" or (condition.at_least or 1) > 1
    return len(condition.words) if counts else 1 + len(condition.words) / 8


def _rewritten(condition: Condition, swept: dict[str, dict[Keywords, int]]) -> Condition:
    """Condition → the same with its keyword lists as columns; the lists are noted."""
    if isinstance(condition, Keywords):
        if condition.column not in swept or not can_sweep(condition):
            return condition
        noted = swept[condition.column]
        return _Swept(column=_name(condition.column, noted.setdefault(condition, len(noted))))
    parts = getattr(condition, "of", None)
    if isinstance(parts, Condition):
        return condition.model_copy(update={"of": _rewritten(parts, swept)})
    if isinstance(parts, tuple):
        return condition.model_copy(update={"of": tuple(_rewritten(one, swept) for one in parts)})
    return condition


def columns_of(function: DeclaredLabelingFunction) -> Iterator[str]:
    """Declared function → the columns it reads."""
    yield from function.expression().meta.root_names()


def _name(column: str, j: int) -> str:
    return f"{_SWEPT}{j} {column}"

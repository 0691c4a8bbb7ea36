"""Votes of declared labeling functions, in as few passes over the columns as they can share.

All keyword lists of a column are found in one pass (``KeywordMatcher``); everything else becomes one selection, in which
Polars computes shared parts once. Blocks of rows run on threads: both let go of Python's lock.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.machine import cores
from tidemill.contracts import ABSTAIN, Votes
from tidemill.label.conditions.base import Condition
from tidemill.label.conditions.words import Keywords
from tidemill.label.engine.keyword_matcher import KeywordMatcher, can_match
from tidemill.label.functions.declared import DeclaredLabelingFunction

_BLOCK: Final = 32_768
_PATTERNS: Final = 14  # where both take the same time, on texts of 50 to 100 characters
_MATCHED: Final = " swept "  # begins with a space: no column of a table is named so


class _Matched(Condition):
    """A condition whose answers stand in a column already."""

    column: str

    def expression(self) -> pl.Expr:
        """The column."""
        return pl.col(self.column)


@dataclass(frozen=True)
class _Plan:
    """The matchers of each text column, and every function's expression on the table with the matched columns."""

    matchers: dict[str, KeywordMatcher]
    expressions: list[pl.Expr]


def vectorised_votes(functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame) -> Votes:
    """Apply declared functions to a table that has all their columns.

    Parameters
    ----------
    functions
        Declared labeling functions.
    table
        Rows.

    Returns
    -------
    (n_rows, n_functions)
        int16 votes.

    Raises
    ------
    PolarsError
        A function cannot be asked of these columns.

    Examples
    --------
    >>> from tidemill.label import keyword_functions
    >>> functions = keyword_functions("says_*", {"prize": ["prize"], "you": ["you"]}, vote=1)
    >>> vectorised_votes(functions, pl.DataFrame({"text": ["you won a prize", "see you"]})).tolist()
    [[1, 1], [-1, 1]]
    """
    plan = _plan(functions, table.schema)
    votes = np.full((table.height, len(functions)), ABSTAIN, dtype=np.int16, order="F")
    starts = range(0, table.height, _BLOCK) if functions else range(0)

    def fill(start: int) -> None:
        block = table.slice(start, _BLOCK)
        votes[start : start + block.height] = _block_votes(plan, block)

    if len(starts) < 2:  # noqa: PLR2004 - one block needs no thread
        for start in starts:
            fill(start)
        return votes
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(fill, starts))
    return votes


def _block_votes(plan: _Plan, block: pl.DataFrame) -> Any:
    matched = [
        answer.alias(_name(column, j))
        for column, matcher in plan.matchers.items()
        for j, answer in enumerate(matcher(block[column]))
    ]
    return block.with_columns(matched).lazy().select(plan.expressions).collect().to_numpy()


def _plan(functions: Sequence[DeclaredLabelingFunction], schema: pl.Schema) -> _Plan:
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    lists = [keywords for function in functions for keywords in _keyword_lists(function.condition)]
    matched: dict[str, dict[Keywords, int]] = {name: {} for name in texts if _pays(lists, name)}
    rewritten = [
        dataclasses.replace(function, condition=_rewritten(function.condition, matched)) for function in functions
    ]
    expressions = [function.expression().alias(str(j)) for j, function in enumerate(rewritten)]
    return _Plan({column: KeywordMatcher(list(noted)) for column, noted in matched.items() if noted}, expressions)


def _keyword_lists(condition: Condition) -> Iterator[Keywords]:
    parts = getattr(condition, "of", ())
    for part in (parts,) if isinstance(parts, Condition) else parts if isinstance(parts, tuple) else ():
        if isinstance(part, Condition):
            yield from _keyword_lists(part)
    if isinstance(condition, Keywords) and can_match(condition):
        yield condition


def _pays(lists: Sequence[Keywords], column: str) -> bool:
    """One pass for all lists against a pattern for each."""
    own = {keywords for keywords in lists if keywords.column == column}
    return sum(_patterns(keywords) for keywords in own) >= _PATTERNS


def _patterns(condition: Keywords) -> float:
    """How many short patterns the expression costs; where words are counted, one each."""
    counts = condition.match == "all" or (condition.at_least or 1) > 1
    return len(condition.words) if counts else 1 + len(condition.words) / 8


def _rewritten(condition: Condition, matched: dict[str, dict[Keywords, int]]) -> Condition:
    """Keyword lists become columns and are noted in ``matched``."""
    if isinstance(condition, Keywords):
        if condition.column not in matched or not can_match(condition):
            return condition
        noted = matched[condition.column]
        return _Matched(column=_name(condition.column, noted.setdefault(condition, len(noted))))
    parts = getattr(condition, "of", None)
    if isinstance(parts, Condition):
        return condition.model_copy(update={"of": _rewritten(parts, matched)})
    if isinstance(parts, tuple):
        return condition.model_copy(update={"of": tuple(_rewritten(part, matched) for part in parts)})
    return condition


def columns_of(function: DeclaredLabelingFunction) -> Iterator[str]:
    """List the columns that a declared function reads.

    Parameters
    ----------
    function
        Labeling function from a YAML file.

    Yields
    ------
    str
        Name of a column; one that is read twice may come twice.
    """
    yield from function.expression().meta.root_names()


def _name(column: str, j: int) -> str:
    return f"{_MATCHED}{j} {column}"

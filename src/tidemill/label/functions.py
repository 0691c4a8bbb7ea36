"""Python functions → labeling functions, with Snorkel's conventions.

A labeling function votes: a class index, ``ABSTAIN``, or ``not_class(k)``. A row function sees one row; a batch function
sees the whole table and answers for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import polars as pl

from tidemill.label.rows import Row, draft_of, final, memo_of

BatchVotes = pl.Expr | pl.Series | npt.NDArray[Any]


class Preprocessor:
    """A change to a row before a labeling function sees it; the row it is given is a copy.

    With ``memoize`` it runs once per row, however many labeling functions name it.
    """

    def __init__(self, name: str, f: Callable[[Any], Any], *, memoize: bool = False) -> None:
        self.name = name
        self.f = f
        self.memoize = memoize

    def __call__(self, row: Any) -> Any:
        """Row → the changed copy."""
        if not isinstance(row, Row):
            return self._run(row)
        if not self.memoize:
            return self._run(draft_of(row))
        memo = memo_of(row)
        if id(self) not in memo:
            memo[id(self)] = self._run(draft_of(row))
        return memo[id(self)]

    def _run(self, row: Any) -> Any:
        changed = self.f(row)
        if changed is None:
            raise ValueError(f"preprocessor {self.name} returned None; end it with `return row`")
        return final(changed)


class LabelingFunction:
    """A Python function that votes on one row.

    Parameters
    ----------
    resources
        Further arguments of the function, by name.
    pre
        Preprocessors, run in order on a copy of the row.
    """

    def __init__(
        self,
        name: str,
        f: Callable[..., int],
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Preprocessor] | None = None,
    ) -> None:
        self.name = name
        self.f = f
        self.resources = dict(resources or {})
        self.pre = tuple(pre or ())

    @property
    def where(self) -> str:
        """``file:line`` of the function."""
        return source_of(self.f)

    def __call__(self, row: Any) -> int:
        """Row → vote."""
        for preprocessor in self.pre:
            row = preprocessor(row)
        return self.f(row, **self.resources)

    def __repr__(self) -> str:
        return f"LabelingFunction {self.name}"


class BatchLabelingFunction:
    """A Python function that votes on all rows of a table: a Polars expression or series, or an integer array."""

    def __init__(self, name: str, f: Callable[..., BatchVotes], resources: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.f = f
        self.resources = dict(resources or {})

    @property
    def where(self) -> str:
        """``file:line`` of the function."""
        return source_of(self.f)

    def __call__(self, rows: pl.DataFrame) -> BatchVotes:
        """Table → votes of all its rows."""
        return self.f(rows, **self.resources)

    def __repr__(self) -> str:
        return f"BatchLabelingFunction {self.name}"


def labeling_function(
    name: str | None = None, resources: Mapping[str, Any] | None = None, pre: Sequence[Preprocessor] | None = None
) -> Callable[[Callable[..., int]], LabelingFunction]:
    """Decorate a function of a row: ``f(row, **resources)`` → vote.

    >>> @labeling_function()
    ... def short(row):
    ...     return 0 if len(row.text) < 10 else -1
    >>> short, short(Row({"text": "ok lor"}))
    (LabelingFunction short, 0)
    """
    _needs_parentheses(name, "labeling_function")
    return lambda f: LabelingFunction(name or _name_of(f), f, resources, pre)


def batch_labeling_function(
    name: str | None = None, resources: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., BatchVotes]], BatchLabelingFunction]:
    """Decorate a function of a table: ``f(rows, **resources)`` → votes of all rows.

    >>> @batch_labeling_function()
    ... def short(rows):
    ...     return pl.when(pl.col("text").str.len_chars() < 10).then(0).otherwise(-1)
    >>> short
    BatchLabelingFunction short
    """
    _needs_parentheses(name, "batch_labeling_function")
    return lambda f: BatchLabelingFunction(name or _name_of(f), f, resources)


def preprocessor(name: str | None = None, *, memoize: bool = False) -> Callable[[Callable[[Any], Any]], Preprocessor]:
    """Decorate a function that changes a copy of the row and returns it.

    >>> @preprocessor(memoize=True)
    ... def lowered(row):
    ...     row.lower = row.text.lower()
    ...     return row
    >>> lowered(Row({"text": "WIN"})).lower
    'win'
    """
    _needs_parentheses(name, "preprocessor")
    return lambda f: Preprocessor(name or _name_of(f), f, memoize=memoize)


def source_of(f: Callable[..., Any]) -> str:
    """Python function → ``file:line``, the file relative to the working folder where it lies in it."""
    code = getattr(f, "__code__", None)
    if code is None:
        return ""
    file = Path(code.co_filename)
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return f"{shown}:{code.co_firstlineno}"


def _name_of(f: Callable[..., Any]) -> str:
    return str(getattr(f, "__name__", type(f).__name__))


def _needs_parentheses(name: object, decorator: str) -> None:
    if name is not None and not isinstance(name, str):
        raise TypeError(f"@{decorator} is missing its parentheses: write @{decorator}()")

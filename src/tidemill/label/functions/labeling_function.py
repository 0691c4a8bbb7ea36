"""Labeling functions in Python, with Snorkel's conventions.

A labeling function votes: a class index, ``ABSTAIN``, or ``not_class(k)``. A row function sees one row; a batch function
sees the whole table and votes on all rows at once.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, FunctionError
from tidemill.label.conditions.vote_names import unclear_numbers, unclear_vote, vote_of
from tidemill.label.functions.row import Row, draft_of, final_row, memo_of

_made: ContextVar[list[LabelingFunction | BatchLabelingFunction] | None] = ContextVar("made", default=None)
BatchVotes = pl.Expr | pl.Series | npt.NDArray[Any]


class Preprocessor:
    """A change to a row before a labeling function sees it; the row it is given is a copy.

    Parameters
    ----------
    name
        Its name, for errors.
    f
        Changes the row it is given and returns it.
    memoize
        Run once per row, however many labeling functions name it.
    """

    def __init__(self, name: str, f: Callable[[Any], Any], *, memoize: bool = False) -> None:
        self.name = name
        self.f = f
        self.memoize = memoize

    def __call__(self, row: Any) -> Any:
        """Give the changed copy of a row."""
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
        return final_row(changed)


class LabelingFunction:
    """A Python function that votes on one row.

    Parameters
    ----------
    name
        Its name, which becomes a column's.
    f
        ``f(row, **resources)`` returns a vote.
    resources
        Further arguments of the function, by name.
    pre
        Preprocessors, run in order on a copy of the row.
    classes
        Names of the classes, where the function returns a name (``"spam"``, ``"not spam"``) in place of an index.
    """

    classes: tuple[str, ...]
    unclear: frozenset[int] = frozenset()
    """Numbers that are the name of one class and vote for another, where the classes have names."""

    def __init__(
        self,
        name: str,
        f: Callable[..., int | str],
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Preprocessor] | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.f = f
        self.resources = dict(resources or {})
        self.pre = tuple(pre or ())
        if classes is not None:
            _name_classes(self, classes)
        _remember(self)

    @property
    def where(self) -> str:
        """``file:line`` of the function."""
        return _source_of(self.f)

    def __call__(self, row: Any) -> int:
        """Vote on a row."""
        for preprocessor in self.pre:
            row = preprocessor(row)
        vote = self.f(row, **self.resources)
        if type(vote) is not int:
            vote = _single(vote)
            if isinstance(vote, str):
                return self._vote_of(vote)
        if self.unclear and isinstance(vote, int | np.integer) and not isinstance(vote, bool) and vote in self.unclear:
            raise FunctionError(unclear_vote(int(vote), self.classes))
        return vote

    def __repr__(self) -> str:
        return f"LabelingFunction {self.name}"

    def with_classes(self, classes: Sequence[str]) -> LabelingFunction:
        """Copy the function with names of classes, which it may return; one that has names keeps them.

        Parameters
        ----------
        classes
            Names of the classes.

        Returns
        -------
        LabelingFunction
            A copy, or the function itself where it has names.
        """
        if hasattr(self, "classes"):
            return self
        named = copy.copy(self)
        _name_classes(named, classes)
        return named

    def _vote_of(self, name: str) -> int:
        classes: tuple[str, ...] = getattr(self, "classes", ())
        if name == "ABSTAIN" and name not in classes:
            return ABSTAIN
        vote = vote_of(name, classes)
        if vote is None:
            named = any(not class_name.isdecimal() for class_name in classes)
            unnamed = "; name the classes: @labeling_function(classes=[...]), or --classes"
            hint = did_you_mean(name, classes) if named else unnamed
            raise FunctionError(f"returned {name!r}, and there is no such class{hint}")
        return vote


def _name_classes(function: LabelingFunction, classes: Sequence[str]) -> None:
    function.classes = tuple(classes)
    if unclear := unclear_numbers(classes):  # set where there are some: what is set is part of a function's fingerprint
        function.unclear = unclear


class BatchLabelingFunction:
    """A Python function that votes on all rows of a table.

    Parameters
    ----------
    name
        Its name, which becomes a column's.
    f
        ``f(rows, **resources)`` returns a Polars expression or series, or an array, a vote per row: indices or names of classes.
    resources
        Further arguments of the function, by name.
    """

    classes: tuple[str, ...] = ()

    def __init__(self, name: str, f: Callable[..., BatchVotes], resources: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.f = f
        self.resources = dict(resources or {})
        _remember(self)

    @property
    def where(self) -> str:
        """``file:line`` of the function."""
        return _source_of(self.f)

    def __call__(self, rows: pl.DataFrame) -> BatchVotes:
        """Vote on all rows of a table."""
        return self.f(rows, **self.resources)

    def __repr__(self) -> str:
        return f"BatchLabelingFunction {self.name}"

    def with_classes(self, classes: Sequence[str]) -> BatchLabelingFunction:
        """Give the same function with names of classes, which it may return in place of indices.

        Parameters
        ----------
        classes
            Names of the classes.

        Returns
        -------
        BatchLabelingFunction
        """
        named = copy.copy(self)
        named.classes = tuple(classes)
        return named


@contextlib.contextmanager
def functions_made() -> Iterator[list[LabelingFunction | BatchLabelingFunction]]:
    """List the functions that lines of a file itself make inside the block, whether anything keeps them or not.

    Those that are made inside a function of the file are left out: it may well choose among them.

    Yields
    ------
    list
        Grows as functions are made.
    """
    made: list[LabelingFunction | BatchLabelingFunction] = []
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def _remember(function: LabelingFunction | BatchLabelingFunction) -> None:
    made, frame = _made.get(), inspect.currentframe()
    if made is None:
        return
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    if frame is not None and frame.f_code.co_name == "<module>":
        made.append(function)


def labeling_function(
    name: str | None = None,
    resources: Mapping[str, Any] | None = None,
    pre: Sequence[Preprocessor] | None = None,
    classes: Sequence[str] | None = None,
) -> Callable[[Callable[..., int | str]], LabelingFunction]:
    """Decorate a function of a row.

    Parameters
    ----------
    name
        Name of the labeling function; by default the function's.
    resources
        Further arguments of the function, by name.
    pre
        Preprocessors, run in order on a copy of the row.
    classes
        Names of the classes, in the order of their indices, where the function returns names of classes; an ``LFApplier``
        with names gives its own to functions without.

    Returns
    -------
    Callable
        Decorator of ``f(row, **resources)``, which returns a vote: the index of a class or its name, ``ABSTAIN``, or
        ``not_class(k)``.

    Examples
    --------
    >>> @labeling_function()
    ... def short(row):
    ...     return 0 if len(row.text) < 10 else -1
    >>> short, short(Row({"text": "ok lor"}))
    (LabelingFunction short, 0)
    >>> @labeling_function(classes=["ham", "spam"])
    ... def shouts(row):
    ...     return "spam" if row.text.isupper() else "not spam"
    >>> shouts(Row({"text": "WIN"})), shouts(Row({"text": "ok lor"}))
    (1, -3)
    """
    _needs_parentheses(name, "labeling_function")
    return lambda f: LabelingFunction(name or _name_of(f), f, resources, pre, classes)


def batch_labeling_function(
    name: str | None = None, resources: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., BatchVotes]], BatchLabelingFunction]:
    """Decorate a function of a table.

    Parameters
    ----------
    name
        Name of the labeling function; by default the function's.
    resources
        Further arguments of the function, by name.

    Returns
    -------
    Callable
        Decorator of ``f(rows, **resources)``, which returns a vote per row.

    Examples
    --------
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

    Parameters
    ----------
    name
        Name of the preprocessor; by default the function's.
    memoize
        Run once per row, however many labeling functions name it.

    Returns
    -------
    Callable
        Decorator of ``f(row)``.

    Examples
    --------
    >>> @preprocessor(memoize=True)
    ... def lowered(row):
    ...     row.lower = row.text.lower()
    ...     return row
    >>> lowered(Row({"text": "WIN"})).lower
    'win'
    """
    _needs_parentheses(name, "preprocessor")
    return lambda f: Preprocessor(name or _name_of(f), f, memoize=memoize)


def _single(value: Any) -> Any:
    """``numpy.where`` gives an array without dimensions for one row."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _source_of(f: Callable[..., Any]) -> str:
    """Locate a Python function as ``file:line``, the file as it was loaded."""
    code = getattr(f, "__code__", None)
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _name_of(f: Callable[..., Any]) -> str:
    return str(getattr(f, "__name__", type(f).__name__))


def _needs_parentheses(name: object, decorator: str) -> None:
    if name is not None and not isinstance(name, str):
        raise TypeError(f"@{decorator} is missing its parentheses: write @{decorator}()")

"""Weaker forms of a condition: rows that a weaker form finds and the condition does not are near misses.

>>> from tidemill.label.conditions.words import Keywords
>>> [weak.at_least for weak in weakened(Keywords(kind="keywords", words=("a", "b"), at_least=2))]
[1]
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import polars as pl

from tidemill.label.conditions.base import Condition, Limits
from tidemill.label.conditions.labeled_examples import Neighbours, Prototype
from tidemill.label.conditions.registry import All, AnyOf, Cases, Not
from tidemill.label.conditions.text import Fuzzy
from tidemill.label.conditions.words import Keywords, Regex

_GIVE: Final = 0.1
"""Share of a limit by which it is moved."""
_LIKENESS: Final = 80.0
_SHORTEST: Final = 5
"""Letters of a word below which almost any word is like it."""


def near_misses(condition: Condition) -> pl.Expr | None:
    """Build the expression of the rows that match a weaker form of the condition and not the condition.

    Parameters
    ----------
    condition
        A condition of any kind.

    Returns
    -------
    polars.Expr or None
        None where no form is weaker.
    """
    weaker = [weak.expression() for weak in weakened(condition)]
    if not weaker:
        return None
    return pl.any_horizontal(weaker) & ~condition.expression().fill_null(value=False)


@functools.singledispatch
def weakened(condition: Condition) -> list[Condition]:
    """Weaken a condition in one respect each.

    Parameters
    ----------
    condition
        A condition of any kind.

    Returns
    -------
    list of Condition
        Empty where nothing can give.
    """
    if isinstance(condition, Limits):
        return [condition.model_copy(update=_moved(condition))]
    return []


@weakened.register
def _(condition: Keywords) -> list[Condition]:
    if condition.near is not None:
        wider = condition.near.model_copy(update={"within": 2 * condition.near.within + 1})
        return [condition.model_copy(update={"near": wider})]
    wanted = len(condition.words) if condition.match == "all" else condition.at_least or 1
    if wanted > 1:
        return [condition.model_copy(update={"match": "any", "at_least": wanted - 1})]
    if condition.case:
        return [condition.model_copy(update={"case": False})]
    long = tuple(word for word in condition.words if len(word) >= _SHORTEST)
    return [Fuzzy(kind="fuzzy", words=long, column=condition.column, at_least=_LIKENESS)] if long else []


@weakened.register
def _(condition: Regex) -> list[Condition]:
    if condition.at_least > 1:
        return [condition.model_copy(update={"at_least": condition.at_least - 1})]
    if "ignore_case" not in condition.flags:
        return [condition.model_copy(update={"flags": (*condition.flags, "ignore_case")})]
    return []


@weakened.register
def _(condition: Fuzzy) -> list[Condition]:
    return [condition.model_copy(update={"at_least": condition.at_least * (1 - _GIVE)})]


@weakened.register
def _(condition: Prototype) -> list[Condition]:
    return [condition.model_copy(update={"at_least": condition.at_least - _GIVE, "margin": condition.margin - _GIVE})]


@weakened.register
def _(condition: Neighbours) -> list[Condition]:
    return [condition.model_copy(update={"share": condition.share - 1 / condition.k})]


@weakened.register
def _(condition: All) -> list[Condition]:
    """One part weakened, or an exception among the parts left out."""
    result = _one_part(condition, condition.of)
    for place, part in enumerate(condition.of):
        rest = (*condition.of[:place], *condition.of[place + 1 :])
        if isinstance(part, Not) and rest:
            result.append(condition.model_copy(update={"of": rest}))
    return result


@weakened.register
def _(condition: AnyOf) -> list[Condition]:
    return _one_part(condition, condition.of)


@weakened.register
def _(condition: Cases) -> list[Condition]:
    return [
        condition.model_copy(
            update={"of": (*condition.of[:place], case.model_copy(update={"when": weak}), *condition.of[place + 1 :])}
        )
        for place, case in enumerate(condition.of)
        for weak in weakened(case.when)
    ]


def _one_part(whole: Condition, parts: tuple[Any, ...]) -> list[Condition]:
    return [
        whole.model_copy(update={"of": (*parts[:place], weak, *parts[place + 1 :])})
        for place, part in enumerate(parts)
        for weak in weakened(part)
    ]


def _moved(limits: Limits) -> dict[str, Any]:
    lower: Callable[[float], float] = lambda x: x - _GIVE * (abs(x) or 1.0)  # noqa: E731
    upper: Callable[[float], float] = lambda x: x + _GIVE * (abs(x) or 1.0)  # noqa: E731
    sides = {"above": lower, "at_least": lower, "below": upper, "at_most": upper}
    moved: dict[str, Any] = {
        name: side(limit) for name, side in sides.items() if (limit := getattr(limits, name)) is not None
    }
    if limits.between is not None:
        moved["between"] = (lower(limits.between[0]), upper(limits.between[1]))
    return moved

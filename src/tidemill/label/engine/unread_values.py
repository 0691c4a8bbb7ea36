"""Values that declared functions could not read and so abstained on: dates of another form, answers that are no class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from tidemill.label.conditions.base import Condition, Unread
from tidemill.label.functions.declared import DeclaredLabelingFunction


@dataclass(frozen=True)
class UnreadOf:
    """What one function could not read of one column; that of two batches adds up.

    Parameters
    ----------
    function
        Its name.
    found
        How many values, of how many, and the first.
    """

    function: str
    found: Unread

    def __add__(self, other: UnreadOf) -> UnreadOf:
        """Add what was found in another batch."""
        return UnreadOf(self.function, self.found + other.found)

    def __str__(self) -> str:
        found = self.found
        if not found.count or not found.tells:
            return ""
        return (
            f"{self.function}: {found.count:,} of {found.known:,} {found.what}, such as {found.first!r}: {found.effect}"
        )


def unread_values(
    functions: Sequence[DeclaredLabelingFunction], table: pl.DataFrame
) -> dict[tuple[str, str], UnreadOf]:
    """Ask the conditions of functions which values of a table they cannot read.

    Parameters
    ----------
    functions
        Declared labeling functions.
    table
        The rows.

    Returns
    -------
    dict
        By name of the function and what it is that cannot be read. Nothing for columns that are not there, which is told elsewhere.
    """
    results: dict[tuple[str, str], UnreadOf] = {}
    for function in functions:
        for condition in conditions_of(function.condition):
            found = condition.unread(table)
            if found is not None and found.known:
                results[function.name, found.what] = UnreadOf(function.name, found)
    return results


def conditions_of(condition: Condition) -> Iterator[Condition]:
    """List a condition and those that it joins.

    Parameters
    ----------
    condition
        Condition of any kind.

    Yields
    ------
    Condition
        The condition itself first.
    """
    yield condition
    inside = getattr(condition, "of", ())
    for part in inside if isinstance(inside, tuple) else (inside,):
        asked = getattr(part, "when", part)
        if isinstance(asked, Condition):
            yield from conditions_of(asked)

"""Functions whose vote does not depend on the row: they vote on none, or vote the same on all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_ENOUGH: Final = 100
"""Rows below which a function may well find none, or all alike."""
_NAMED: Final = 5


def constant_functions(
    names: Sequence[str], fires: Sequence[int], polarity: Sequence[frozenset[int]], rows: int
) -> list[str]:
    """Say which functions vote on no row, and which vote the same on every row.

    Parameters
    ----------
    names
        Names of the functions.
    fires : (n_functions,)
        Rows on which each votes.
    polarity : (n_functions,)
        The different votes of each.
    rows
        Number of rows.

    Returns
    -------
    list of str
        At most two sentences, with what to look at; empty below 100 rows.

    Examples
    --------
    >>> constant_functions(["f", "g"], [0, 40], [frozenset(), frozenset({1})], 120)
    ['f votes on none of 120 rows: look whether its pattern, column and limits are written as they are meant']
    """
    if rows < _ENOUGH:
        return []
    silent = [name for name, votes in zip(names, fires, strict=True) if not votes]
    same = [
        name for name, votes, values in zip(names, fires, polarity, strict=True) if votes == rows and len(values) == 1
    ]
    notes = []
    if silent:
        one = len(silent) == 1
        notes.append(
            f"{_listed(silent)} {'votes' if one else 'vote'} on none of {rows:,} rows: look whether {'its' if one else 'their'} "
            f"pattern, column and limits are written as they are meant"
        )
    if same:
        one = len(same) == 1
        notes.append(
            f"{_listed(same)} {'casts' if one else 'cast'} the same vote on all {rows:,} rows, which tells no row from another: "
            "write a condition that only some rows meet"
        )
    return notes


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

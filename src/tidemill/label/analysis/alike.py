"""Functions that vote alike on every row: written twice, or made in a loop and bound to its last value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

_FEW: Final = 10
"""Votes below which functions from different lines may well be alike by chance."""


class Placed(Protocol):
    """What has a name and a place in a file."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def where(self) -> str:
        """``file:line``."""


def alike_functions(functions: Sequence[Placed], digests: Sequence[int], fires: Sequence[int]) -> list[str]:
    """Say which functions vote alike on every row.

    Parameters
    ----------
    functions
        Labeling functions.
    digests : (n_functions,)
        A hash of each function's votes on all rows.
    fires : (n_functions,)
        Rows on which each votes.

    Returns
    -------
    list of str
        A sentence per group of functions, with what to do.
    """
    groups: dict[tuple[int, int], list[Placed]] = {}
    for function, digest, votes in zip(functions, digests, fires, strict=True):
        if votes:
            groups.setdefault((digest, votes), []).append(function)
    lines = [_about(group, votes) for (_, votes), group in groups.items() if len(group) > 1]
    return [line for line in lines if line]


def _about(group: Sequence[Placed], votes: int) -> str:
    names = f"{', '.join(item.name for item in group[:-1])} and {group[-1].name}"
    places = {item.where for item in group}
    if len(places) == 1 and next(iter(places)):
        return (
            f"{names} vote alike on every row ({next(iter(places))}): functions made in a loop all see its last value; bind each to "
            "its own, as in `lambda row, word=word: …`, or give it as a resource"
        )
    if votes < _FEW:
        return ""
    return f"{names} vote alike on every row ({votes:,} votes): the label model counts one opinion {len(group)} times; keep one"

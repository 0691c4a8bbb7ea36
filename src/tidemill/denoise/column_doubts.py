"""Columns that may be no function's votes: all of a file are asked about in one message."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidemill.contracts import DataError

_NOT_VOTES: Final = re.compile(
    r"((y|gold|true|manual|human|expert|hand|reference|correct)[ _-]?)?(label|class|answer|annotation|category|target|truth)s?"
    r"|majority([ _-]?(vote|label))?|consensus([ _-]?label)?|(final|adjudicated|aggregated|resolved)([ _-]?label)?"
    r"|.*[ _-]gold|_*gold(en)?[ _-]?(label|class|answer)?s?|y|y[ _-]?true|gold|golds|gold[ _-]?standard|ground[ _-]?truth|gt|human|manual|expert|annotators?|index|idx|level_0",
    re.IGNORECASE,
)
"""Whole names of columns that need a decision where their values could be votes."""
QUOTES: Final = "''"
"""An empty name, for a shell."""


@dataclass(frozen=True)
class Doubt:
    """Why a column or worker may be no function.

    Parameters
    ----------
    name
        Of the column.
    message
        Where it is the only one.
    reason
        Predicate of the name, where there are others.
    """

    name: str
    message: str
    reason: str


def doubtful_names(names: Sequence[str], what: str, file: str) -> list[Doubt]:
    """Find names that say that a column is gold or an index.

    Parameters
    ----------
    names
        Of columns or workers.
    what
        Which of the two, for the message.
    file
        Name of the file.

    Returns
    -------
    list of Doubt
        In the order of the names.
    """
    return [
        Doubt(
            name,
            f"{file}: is {what} {name!r} a function's votes, or gold or an index? Leave it out with "
            f"--not-columns {name or QUOTES}, or name all {what}s that are votes in --columns",
            "is named as gold or an index is",
        )
        for name in names
        if _NOT_VOTES.fullmatch(name.strip()) or not name.strip()
    ]


def refuse_doubtful(doubts: Sequence[Doubt], what: str, file: str) -> None:
    """Ask about all of them at once.

    Parameters
    ----------
    doubts
        What was found; none passes.
    what
        ``column`` or ``worker``.
    file
        Name of the file.

    Raises
    ------
    DataError
        There are some; names them, and one option for all.
    """
    if not doubts:
        return
    if len(doubts) == 1:
        raise DataError(doubts[0].message)
    reasons = "; ".join(f"{doubt.name!r} {doubt.reason}" for doubt in doubts)
    raise DataError(
        f"{file}: are these {len(doubts)} {what}s functions' votes? {reasons}. Leave out those that are not, all with "
        f"--not-columns {shlex.quote(','.join(doubt.name for doubt in doubts))}, or name all {what}s that are votes in --columns"
    )

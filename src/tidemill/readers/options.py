"""Options of a file that is read; everything left out is detected by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

BadRows = Literal["refuse", "quarantine"]
QUARANTINE: Final = "--bad-rows quarantine (ingest.bad_rows)"
"""How rows are set aside by who makes a problem; see ``as_setting``."""
SET_ASIDE: Final = f", or set such rows aside with {QUARANTINE}"
"""Where rows can be set aside, the end of a message about one."""


@dataclass(frozen=True)
class ReadOptions:
    """How a file is to be read.

    Parameters
    ----------
    encoding
        As Python names it; None: by byte-order mark, UTF-8, or detected and reported.
    delimiter
        One character between cells of CSV and TSV; None: found by content.
    header
        Whether the first line names the columns; None: it does, unless its cells are values of the rows below.
    bad_rows : {'refuse', 'quarantine'}
        ``refuse``: a row that cannot be read refuses the file; ``quarantine``: it is set aside with its reason.
    way_out
        End of a message about such a row: what else the person can do.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    bad_rows: BadRows = "refuse"
    way_out: str = ""


DEFAULTS = ReadOptions()


def as_setting(message: str, problem: str) -> str:
    """Name the setting that sets rows aside in place of the option, which only commands that make a problem have.

    Parameters
    ----------
    message
        About rows of a problem that is there.
    problem
        Its name.

    Returns
    -------
    str
        The message, if it names the option; others as they are.
    """
    return message.replace(
        QUARANTINE, f"ingest.bad_rows: quarantine in conf/problem/{problem}.yaml and `tidemill compose`"
    )

"""The suite that votes have to pass: a table of what is measured on them, and the contract of its limits.

A line per labeling function (does it vote the same a second time?), per class (who can vote for it?) and one of
all rows (coverage, conflict, latency). A cell that does not concern a line is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import Column, Contract, not_class
from tidemill.label.analysis.counts import VoteCounts
from tidemill.label.settings import SuiteSettings

ALL: Final = "all rows"
_MOST: Final = 2.0**53


@dataclass(frozen=True)
class Repeatability:
    """Votes that differed when functions ran a second time, and the time per row.

    Parameters
    ----------
    unstable : (n_functions,)
        Rows on which the second vote differed.
    ms_per_row
        Milliseconds; None where too few rows were measured.
    """

    unstable: npt.NDArray[np.int64]
    ms_per_row: float | None


def vote_quality(
    counts: VoteCounts, names: Sequence[str], second: Repeatability, *, classes: Sequence[str]
) -> pl.DataFrame:
    """Make the table that the suite checks.

    Parameters
    ----------
    counts
        Counts of all votes.
    names
        Names of the functions.
    second
        What asking again showed.
    classes
        Names of the classes.

    Returns
    -------
    polars.DataFrame
        Columns row_id, coverage, conflict, voters, unstable, ms_per_row.

    Examples
    --------
    >>> from tidemill.label.analysis.counts import count_votes
    >>> counts = count_votes(np.array([[0, -1], [-1, -1]], dtype=np.int16), n_classes=2)
    >>> vote_quality(counts, ["f", "g"], Repeatability(np.array([0, 1]), None), classes=["a", "b"]).rows()[-1]
    ('all rows', 0.5, 0.0, None, None, None)
    """
    functions = [
        {"row_id": f"function {name}", "unstable": int(n)} for name, n in zip(names, second.unstable, strict=True)
    ]
    voters = [{"row_id": f"class {name}", "voters": _voters(counts, k, len(classes))} for k, name in enumerate(classes)]
    whole = {
        "row_id": ALL,
        "coverage": counts.covered / counts.rows,
        "conflict": counts.conflicting / counts.rows,
        "ms_per_row": second.ms_per_row,
    }
    return pl.DataFrame([*functions, *voters, whole], schema=_SCHEMA)


def _voters(counts: VoteCounts, k: int, n_classes: int) -> int:
    """Functions that vote for a class, or against all others but it."""
    other = [not_class(other) for other in range(n_classes) if other != k] if n_classes == 2 else []  # noqa: PLR2004 - of two
    return sum(bool(values & {k, *other}) for values in counts.polarity)


def quality_contract(settings: SuiteSettings) -> Contract:
    """Make the contract of the table from the settings of the suite.

    Parameters
    ----------
    settings
        Limits of coverage and conflict (fractions of rows), of functions per class, and of milliseconds per row.

    Returns
    -------
    Contract
        A column per limit; an empty cell is within every limit.
    """
    ranges: dict[str, tuple[float, float]] = {
        "coverage": (settings.min_coverage, 1.0),
        "conflict": (0.0, settings.max_conflict),
        "voters": (settings.min_functions_per_class, _MOST),
        "unstable": (0.0, 0.0),
        "ms_per_row": (0.0, settings.max_ms_per_row),
    }
    columns = [
        Column(name, _SCHEMA[name], nullable=True, minimum=low, maximum=high) for name, (low, high) in ranges.items()
    ]
    return Contract("votes_quality", (Column("row_id", pl.String, unique=True), *columns))


_SCHEMA: Final[dict[str, Any]] = {
    "row_id": pl.String,
    "coverage": pl.Float64,
    "conflict": pl.Float64,
    "voters": pl.Int64,
    "unstable": pl.Int64,
    "ms_per_row": pl.Float64,
}

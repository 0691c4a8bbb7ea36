"""votes, and some rows asked twice -> a table of what votes have to be, and the contract that says it.

A line per labeling function (is it the same when asked again?), per class (who can vote for it?) and one of all rows
(coverage, conflict, latency). A cell that does not concern a line is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import Column, Contract, not_class
from tidemill.label.settings import SuiteSettings
from tidemill.label.tally import Tally

ALL: Final = "all rows"
_MOST: Final = 2.0**53


@dataclass(frozen=True)
class Again:
    """Votes on some rows asked a second time: how many of each function differ; and what asking took, if any was asked."""

    unstable: npt.NDArray[np.int64]
    ms_per_row: float | None


def quality(tallied: Tally, names: Sequence[str], second: Again, *, classes: Sequence[str]) -> pl.DataFrame:
    """Tally of votes → the table.

    >>> from tidemill.label.tally import tally
    >>> tallied, second = tally(np.array([[0, -1], [-1, -1]], dtype=np.int8), n_classes=2), Again(np.array([0, 1]), None)
    >>> quality(tallied, ["f", "g"], second, classes=["a", "b"]).rows()[-1]
    ('all rows', 0.5, 0.0, None, None, None)
    """
    functions = [
        {"row_id": f"function {name}", "unstable": int(n)} for name, n in zip(names, second.unstable, strict=True)
    ]
    voters = [
        {"row_id": f"class {name}", "voters": _voters(tallied, k, len(classes))} for k, name in enumerate(classes)
    ]
    whole = {
        "row_id": ALL,
        "coverage": tallied.heard / tallied.rows,
        "conflict": tallied.conflicting / tallied.rows,
        "ms_per_row": second.ms_per_row,
    }
    return pl.DataFrame([*functions, *voters, whole], schema=_SCHEMA)


def _voters(tallied: Tally, k: int, n_classes: int) -> int:
    """Functions that vote for a class, or against all others but it."""
    other = [not_class(other) for other in range(n_classes) if other != k] if n_classes == 2 else []  # noqa: PLR2004 - of two
    return sum(bool(values & {k, *other}) for values in tallied.polarity)


def quality_contract(settings: SuiteSettings) -> Contract:
    """Settings → what the table promises."""
    ranges: dict[str, tuple[float, float]] = {
        "coverage": (settings.min_coverage, 1.0),
        "conflict": (0.0, settings.max_conflict),
        "voters": (settings.min_voters, _MOST),
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

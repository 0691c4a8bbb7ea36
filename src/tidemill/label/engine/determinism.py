"""Whether functions of a table look at more than a row: they vote again on a few rows at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes
from tidemill.label.engine.worker_pool import WorkerFailure

UNSTABLE: Final = "and otherwise when applied again"
AGAIN: Final = "{other}. A vote may depend on its own row alone: no chance without a seed, no memory of other rows"
"""How a vote on the same table is told."""
APART: Final = (
    "{other}, in a table of {n} of the batch's rows. A vote may depend on its own row alone, for it is kept and must not "
    "change with the rows that arrive beside it: no neighbour, running count, rank or mean of the table (write such a mean "
    "down as a number)"
)
"""How a vote on a part of the table is told."""
_PARTS: Final = (1, 2, 4, 8)
"""Rows of the tables in which functions of a table vote again, in turn; longer where many rows are asked."""
_FEW_ROWS: Final = 128


def shuffled_parts(votes: Votes, number: int) -> list[npt.NDArray[np.int64]]:
    """Choose some rows of a batch in another order, for each function some on which it votes, in parts of at most half of it.

    The parts are short: means and ranks of a few rows are far from those of the batch, and running counts begin anew. A
    row alone has no neighbour.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        Votes on the batch.
    number
        Rows of the batch, and rows on which each function votes.

    Returns
    -------
    list of (n_part,)
        Indices of the rows of each part.
    """
    of_functions = [np.flatnonzero(column != ABSTAIN) for column in votes.T]
    chosen = [
        rows[np.linspace(0, len(rows) - 1, min(number, len(rows))).astype(np.int64)]
        for rows in (np.arange(len(votes)), *of_functions)
    ]
    rows = np.random.default_rng(0).permutation(np.unique(np.concatenate(chosen)))
    lengths = np.resize(_PARTS, len(rows)) * max(1, len(rows) // _FEW_ROWS)
    ends = np.cumsum(np.minimum(lengths, max(1, len(votes) // 2)))
    return np.split(rows, ends[ends < len(rows)])


def different_votes(
    rows: npt.NDArray[np.int64], before: Votes, now: Votes, how: str, *, but: Collection[int]
) -> list[WorkerFailure]:
    """Find the first row on which each function votes differently from before.

    Parameters
    ----------
    rows : (n_part,)
        Indices of the rows in the batch.
    before, now : (n_part, n_functions)
        Votes.
    how
        How the other vote is told: ``AGAIN`` or ``APART``.
    but
        Indices of functions that are named already.

    Returns
    -------
    list of WorkerFailure
        One for each function.
    """
    result = []
    for j in sorted({*np.flatnonzero((before != now).any(axis=0)).tolist()} - {*but}):
        i = int((before[:, j] != now[:, j]).argmax())
        other = how.format(other=now[i, j], n=len(rows))
        result.append(WorkerFailure(j, int(rows[i]), f"voted {before[i, j]}, {UNSTABLE}: {other}", transient=True))
    return result

"""Counts of pairs of votes: how often two functions give two votes on the same row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.sparse.csgraph import connected_components

from tidemill.contracts import ABSTAIN
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array, one_hot

SEPARATE: Final = 0.2
"""Share of the rows on which chance would have two functions vote together, below which they speak of different rows."""
LEAST_CHANCE: Final = 10.0
"""Rows on which chance would have them vote together from which on that is told."""


@dataclass(frozen=True)
class PairCounts:
    """How often each kind of vote is given, alone and with each other; kinds that never occur are left out."""

    functions: Any
    symbols: Any
    columns: Any
    together: Array
    rows: float
    n_classes: int
    kinds_of_rows: Any = None
    """(n_functions,) which kind of rows each function speaks of; None: all of the same."""
    rows_spoken_of: Any = None
    """(n_functions,) rows of that kind; None: all rows."""

    @property
    def rates(self) -> Array:
        """(kinds,) share of rows with this vote."""
        return np.diag(self.together) / self.rows

    @property
    def owner(self) -> Any:
        """(kinds,) the class that the vote names, or refuses."""
        return self.symbols % self.n_classes

    @property
    def apart(self) -> Any:
        """(kinds, kinds) True where the two votes are of different functions."""
        return self.functions[:, None] != self.functions[None, :]

    @property
    def overlapping(self) -> Any:
        """(kinds, kinds) False where the two votes are of functions that speak of different rows."""
        kinds = np.zeros(len(self.functions)) if self.kinds_of_rows is None else self.kinds_of_rows[self.functions]
        return kinds[:, None] == kinds[None, :]

    @property
    def chance(self) -> Array:
        """(kinds, kinds) rows on which chance would have both votes, among the rows that their functions speak of."""
        uses = np.diag(self.together)
        rows = self.rows if self.rows_spoken_of is None else self.rows_spoken_of[self.functions][:, None]
        return np.asarray(np.outer(uses, uses) / rows)


def pair_counts(rows: DistinctRows, n_classes: int, *, most: int) -> PairCounts:
    """Count how often pairs of kinds of vote are given on one row; a kind is a function and what it votes.

    Parameters
    ----------
    rows
        Distinct rows of votes, their weights and gold.
    n_classes
        Number of classes.
    most
        Kinds of vote that are counted, the most frequent.

    Returns
    -------
    PairCounts
        Pairs of kinds of vote, and how often each occurs.
    """
    one_hot_votes = one_hot(rows.votes, n_classes)
    uses = np.asarray(one_hot_votes.T @ rows.weights).ravel()
    ranked = np.argsort(-uses, kind="stable")[:most]
    columns = np.sort(ranked[uses[ranked] > 0])
    chosen = one_hot_votes[:, columns]
    together = np.asarray((chosen.T @ chosen.multiply(rows.weights[:, None])).todense(), dtype=np.float64)
    width = 2 * n_classes
    total, functions = float(rows.weights.sum()), rows.votes.shape[1]
    kinds = _kinds_of_rows(together, columns // width, columns % width, total, functions, n_classes)
    spoken_of = _rows_spoken_of(rows, kinds)
    return PairCounts(columns // width, columns % width, columns, together, total, n_classes, kinds, spoken_of)


def _kinds_of_rows(together: Array, functions: Any, symbols: Any, rows: float, n_functions: int, n_classes: int) -> Any:
    """Functions that name a common class and hardly ever vote on the same rows were written for different kinds of rows.

    That they never agree tells nothing of their precisions, and would be read as if their votes named different classes. Functions
    are of one kind where a chain of others joins them.
    """
    names = np.zeros((n_functions, n_classes), dtype=np.bool_)
    votes_for = symbols < n_classes
    names[functions[votes_for], symbols[votes_for]] = True
    of_function = np.equal.outer(np.arange(n_functions), functions).astype(np.float64)
    seen = of_function @ together @ of_function.T
    share = of_function @ np.diag(together)
    chance = np.outer(share, share) / rows
    common = (names.astype(np.float64) @ names.T) > 0
    separate = common & (chance >= LEAST_CHANCE) & (seen < SEPARATE * chance)
    if not separate.any():
        return np.zeros(n_functions, dtype=np.int64)
    return connected_components(~separate, directed=False)[1]


def _rows_spoken_of(rows: DistinctRows, kinds: Any) -> Array:
    """Rows on which a function of the kind votes, and of the rows without votes as large a share."""
    total = float(rows.weights.sum())
    if kinds.max() == 0:
        return np.full(len(kinds), total)
    votes = rows.votes != ABSTAIN
    covered = np.array([float(rows.weights @ votes[:, kinds == kind].any(axis=1)) for kind in range(kinds.max() + 1)])
    return np.asarray(np.minimum(covered * total / float(rows.weights @ votes.any(axis=1)), total)[kinds])

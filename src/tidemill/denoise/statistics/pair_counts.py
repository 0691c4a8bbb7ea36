"""Counts of pairs of votes: how often two functions give two votes on the same row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array, one_hot


@dataclass(frozen=True)
class PairCounts:
    """How often each kind of vote is given, alone and with each other; kinds that never occur are left out."""

    functions: Any
    symbols: Any
    columns: Any
    together: Array
    rows: float
    n_classes: int

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
    total = float(rows.weights.sum())
    return PairCounts(columns // width, columns % width, columns, together, total, n_classes)

"""The analysis of votes in hand, method by method as Snorkel's ``LFAnalysis``."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.common.arrays import MAX_CLASSES, n_classes_of, named_votes
from tidemill.common.frames import like
from tidemill.contracts import ABSTAIN, NO_GOLD, InputError
from tidemill.label.analysis.counts import VoteCounts, count_votes
from tidemill.label.analysis.summary import is_right, lf_summary

Array = npt.NDArray[np.float64]


class LFAnalysis:
    """Coverage, overlaps, conflicts and empirical accuracies of labeling functions.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        NumPy array, or DataFrame of pandas or Polars with a column per function.
    functions
        Labeling functions or their names; None: the columns of the DataFrame, or numbers.
    n_classes
        Number of classes; None: as many as the votes name.

    Raises
    ------
    InputError
        Something is no vote, or there are more or fewer functions than columns.

    Examples
    --------
    >>> analysis = LFAnalysis(np.array([[1, -1], [1, 0], [-1, -1], [-1, 0]]), ["shouts", "greets"])
    >>> analysis.label_coverage(), analysis.lf_conflicts().tolist(), analysis.lf_empirical_accuracies([1, 0, 0, 0]).tolist()
    (0.75, [0.25, 0.25], [0.5, 1.0])
    """

    def __init__(self, votes: Any, functions: Sequence[Any] | None = None, *, n_classes: int | None = None) -> None:
        named = named_votes(votes, n_classes)
        self.votes = named.votes
        self.n_classes = n_classes_of(named.votes) if n_classes is None else n_classes
        self.names = _names(functions, named.names, self.votes.shape[1])
        self._given = votes

    @functools.cached_property
    def counts(self) -> VoteCounts:
        """Counts that everything is made of."""
        return count_votes(self.votes, n_classes=self.n_classes)

    def label_coverage(self) -> float:
        """Compute the share of the rows with at least one vote.

        Returns
        -------
        float
            In [0, 1].
        """
        return self.counts.covered / max(len(self.votes), 1)

    def label_overlap(self) -> float:
        """Compute the share of the rows with at least two votes.

        Returns
        -------
        float
            In [0, 1].
        """
        return float(np.mean((self.votes != ABSTAIN).sum(axis=1) > 1)) if len(self.votes) else 0.0

    def label_conflict(self) -> float:
        """Compute the share of the rows whose votes no class agrees with.

        Returns
        -------
        float
            In [0, 1].
        """
        return self.counts.conflicting / max(len(self.votes), 1)

    def lf_polarities(self) -> list[list[int]]:
        """List the different votes of each function.

        Returns
        -------
        list of list of int
            Votes of each function, in ascending order, abstains left out.
        """
        return [sorted(values) for values in self.counts.polarity]

    def lf_coverages(self) -> Array:
        """Compute the share of the rows on which each function votes.

        Returns
        -------
        (n_functions,)
            In [0, 1].
        """
        return self.counts.fires / max(len(self.votes), 1)

    def lf_overlaps(self) -> Array:
        """Compute the share of the rows on which each function votes together with others.

        Returns
        -------
        (n_functions,)
            In [0, 1].
        """
        return self.counts.overlaps / max(len(self.votes), 1)

    def lf_conflicts(self) -> Array:
        """Compute the share of the rows on which each function votes and that are in conflict.

        Returns
        -------
        (n_functions,)
            In [0, 1].
        """
        return self.counts.conflicts / max(len(self.votes), 1)

    def lf_empirical_accuracies(self, gold: Any) -> Array:
        """Give the share of its votes on rows with gold that are correct, for each function.

        Parameters
        ----------
        gold : (n_rows,)
            Class index; ``NO_GOLD`` (-1) where the row has no gold.

        Returns
        -------
        (n_functions,)
            0 where a function never votes on rows with gold.
        """
        gold = self._gold(gold)
        votes, labeled = self.votes[gold != NO_GOLD], gold[gold != NO_GOLD]
        is_vote = votes != ABSTAIN
        return np.asarray((is_vote & is_right(votes, labeled)).sum(axis=0) / np.maximum(is_vote.sum(axis=0), 1))

    def lf_summary(self, gold: Any = None, weights: Any = None) -> Any:
        """Summarize each labeling function in a row of a table.

        Parameters
        ----------
        gold : (n_rows,)
            Class index, ``NO_GOLD`` (-1) where the row has no gold; gives Correct, Incorrect and Emp. Acc.
        weights : (n_functions,)
            What a label model learned of each, such as its ``accuracies_``; becomes Learned Weight.

        Returns
        -------
        polars.DataFrame or pandas.DataFrame
            Columns function, j, Polarity, Coverage, Overlaps, Conflicts, and those of ``gold`` and ``weights``; of pandas
            where the votes are.
        """
        gold = None if gold is None else self._gold(gold)
        table = lf_summary(self.votes, self.names, n_classes=self.n_classes, gold=gold, learned=weights)
        summary = like(table, self._given)
        return summary if summary is table else summary.reset_index(drop=True)

    def _gold(self, gold: Any) -> npt.NDArray[np.int16]:
        array = np.asarray(gold)
        if array.shape != (len(self.votes),):
            raise InputError(
                f"gold of shape {array.shape} for {len(self.votes)} rows: one class index a row is promised"
            )
        if array.dtype.kind not in "biu" or (array < NO_GOLD).any() or (array >= MAX_CLASSES).any():
            raise InputError(f"gold holds what is neither NO_GOLD ({NO_GOLD}) nor the index of a class")
        return array.astype(np.int16)


def _names(functions: Sequence[Any] | None, columns: tuple[str, ...] | None, count: int) -> list[str]:
    if functions is None:
        return list(columns) if columns is not None else [str(j) for j in range(count)]
    if len(functions) != count:
        raise InputError(f"{count} columns of votes for {len(functions)} labeling functions")
    return [function if isinstance(function, str) else str(function.name) for function in functions]

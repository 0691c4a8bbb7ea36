"""Sufficient statistics of every label model of votes: distinct rows and how often each came.

A batch adds to the counts, a function splits rows that were alike; neither asks for the votes that were counted before.
``refit`` on them learns what ``fit`` on all rows would, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.contracts import NO_GOLD, DataError, Votes
from tidemill.denoise.statistics.distinct_rows import row_hashes
from tidemill.denoise.statistics.gold_scores import check_gold
from tidemill.denoise.statistics.votes import check_votes


@dataclass(frozen=True)
class RowCounts:
    """Distinct rows (rows, functions), their gold or NO_GOLD, how often each came, and which of them each row is.

    Examples
    --------
    >>> monday = count_rows(np.array([[0], [1], [0]], dtype=np.int16), 2)
    >>> both = monday.with_rows(np.array([[1]], dtype=np.int16))
    >>> sorted(both.counts.tolist()), both.with_function(np.array([0, 1, 1, 1])).votes.shape
    ([2, 2], (3, 2))
    """

    n_classes: int
    votes: Votes
    gold: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    member: npt.NDArray[np.int32]

    def with_rows(self, votes: npt.NDArray[Any], *, gold: Any = None) -> RowCounts:
        """Count the rows of a new batch too.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            Votes of the same functions.
        gold : (n_rows,), optional
            Class index or ``NO_GOLD``.

        Returns
        -------
        RowCounts
            New counts.

        Raises
        ------
        DataError
            A vote is none, or the number of functions is another.
        """
        new = count_rows(votes, self.n_classes, gold=gold, functions=self.votes.shape[1])
        member = np.concatenate([self.member, new.member + len(self.counts)])
        labels, checked = np.concatenate([self.gold, new.gold]), np.concatenate([self.votes, new.votes])
        return _merged(self.n_classes, checked, labels, member)

    def with_function(self, votes: npt.NDArray[Any]) -> RowCounts:
        """Add a function, as the last one.

        Parameters
        ----------
        votes : (n_rows,)
            Its vote on every row counted so far, in the order in which they came.

        Returns
        -------
        RowCounts
            New counts.

        Raises
        ------
        DataError
            There is not one vote, an abstain included, for every row.
        """
        if len(votes) != len(self.member):
            raise DataError(f"a new function votes on {len(votes)} rows, {len(self.member)} were counted")
        checked = check_votes(np.asarray(votes).reshape(-1, 1), self.n_classes)[:, 0]
        wide = 2 * self.n_classes + 2
        keys, member = np.unique(self.member * np.int64(wide) + checked + self.n_classes + 1, return_inverse=True)
        old, new = keys // wide, (keys % wide - self.n_classes - 1).astype(np.int16)
        return _merged(self.n_classes, np.column_stack([self.votes[old], new]), self.gold[old], member)

    def without_function(self, function: int) -> RowCounts:
        """Remove a function; an edited function is one removed and one added.

        Parameters
        ----------
        function
            Its index.

        Returns
        -------
        RowCounts
            New counts.
        """
        return _merged(self.n_classes, np.delete(self.votes, function, axis=1), self.gold, self.member)


def count_rows(votes: npt.NDArray[Any], n_classes: int, *, gold: Any = None, functions: int | None = None) -> RowCounts:
    """Count rows with equal votes and gold.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.
    gold : (n_rows,), optional
        Class index or ``NO_GOLD``.
    functions
        Number of functions that is promised.

    Returns
    -------
    RowCounts
        Each combination of votes and gold once, with its count.

    Raises
    ------
    DataError
        A vote is none, gold is neither a class nor ``NO_GOLD``, or there are not as many functions as promised.
    """
    votes = check_votes(votes, n_classes, functions=functions)
    labels = np.full(len(votes), NO_GOLD) if gold is None else check_gold(gold, len(votes), n_classes)
    return _merged(n_classes, votes, labels, np.arange(len(votes)))


def _merged(n_classes: int, votes: Votes, gold: npt.NDArray[np.int64], member: npt.NDArray[Any]) -> RowCounts:
    _, first, back = np.unique(
        row_hashes(votes, gold, np.arange(votes.shape[1])), return_index=True, return_inverse=True
    )
    place = back[member].astype(np.int32)
    counts = np.bincount(place, minlength=len(first)).astype(np.int64)
    return RowCounts(n_classes, np.ascontiguousarray(votes[first]), gold[first], counts, place)

"""Answers of several people about the same rows, in the sparse form that everything in this package reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, DataError, Votes

Indices = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Answers, one a place; a person answers a row once at most.

    Parameters
    ----------
    row, annotator, label : (n_answers,)
        Index of the row, of the person, and of the class that the person names.
    n_rows, n_annotators, n_classes
        How many there are of each.

    Raises
    ------
    DataError
        A row, person or class does not exist, or a person answers a row twice.

    Examples
    --------
    >>> Answers(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 1, 0]), n_rows=2, n_annotators=2, n_classes=2).counts()
    array([[0., 2.],
           [1., 0.]])
    """

    row: Indices
    annotator: Indices
    label: Indices
    n_rows: int
    n_annotators: int
    n_classes: int

    def __post_init__(self) -> None:
        limits = {"row": self.n_rows, "annotator": self.n_annotators, "label": self.n_classes}
        for name, limit in limits.items():
            values = getattr(self, name)
            if len(values) != len(self.row):
                raise DataError(f"{len(values)} values of {name} for {len(self.row)} answers")
            bad = np.flatnonzero((values < 0) | (values >= limit))
            if len(bad):
                raise DataError(f"answer {bad[0]}: {name} {values[bad[0]]} is not in 0..{limit - 1}")
        pairs = self.row * self.n_annotators + self.annotator
        unique, first = np.unique(pairs, return_index=True)
        if len(unique) < len(pairs):
            twice = int(np.setdiff1d(np.arange(len(pairs)), first)[0])
            raise DataError(f"answer {twice}: annotator {self.annotator[twice]} answers row {self.row[twice]} twice")

    def counts(self, weights: Array | None = None) -> Array:
        """Sum up the answers of each row by class.

        Parameters
        ----------
        weights : (n_annotators,), optional
            What an answer of each person counts; None: one.

        Returns
        -------
        (n_rows, n_classes)
        """
        place = self.row * self.n_classes + self.label
        each = None if weights is None else weights[self.annotator]
        total = np.bincount(place, weights=each, minlength=self.n_rows * self.n_classes)
        return total.astype(np.float64).reshape(self.n_rows, self.n_classes)

    def kept(self, mask: npt.NDArray[np.bool_]) -> Answers:
        """Keep some answers.

        Parameters
        ----------
        mask : (n_answers,)
            Which.

        Returns
        -------
        Answers
            Of the same rows and people.
        """
        return Answers(
            self.row[mask], self.annotator[mask], self.label[mask], self.n_rows, self.n_annotators, self.n_classes
        )

    def votes(self) -> Votes:
        """Write the answers as votes: people are functions that abstain where they were not asked.

        Returns
        -------
        (n_rows, n_annotators)
            Class index, or ``ABSTAIN``.
        """
        result = np.full((self.n_rows, self.n_annotators), ABSTAIN, dtype=np.int16)
        result[self.row, self.annotator] = self.label
        return result

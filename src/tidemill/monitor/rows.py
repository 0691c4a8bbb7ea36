"""What is compared: features, predictions and votes of the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Features, Probabilities, Votes
from tidemill.reports.monitor import DetectorDrift

Array = npt.NDArray[np.float64]
_DIGITS: Final = 6


@dataclass(frozen=True)
class Rows:
    """Rows in one order: features (rows, dimensions), probabilities (rows, classes), votes (rows, functions)."""

    features: Features
    probabilities: Probabilities
    votes: Votes

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.probabilities)

    def only(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """Select rows.

        Parameters
        ----------
        mask : (n_rows,)

        Returns
        -------
        Rows
        """
        return Rows(self.features[mask], self.probabilities[mask], self.votes[mask])

    def at(self, places: npt.NDArray[np.int64]) -> Rows:
        """Select rows by their places, in the order given.

        Parameters
        ----------
        places : (n_selected,)
            A row may be taken more than once.

        Returns
        -------
        Rows
        """
        return Rows(self.features[places], self.probabilities[places], self.votes[places])


@dataclass(frozen=True)
class Names:
    """What columns of ``Rows`` are called."""

    classes: tuple[str, ...]
    functions: tuple[str, ...]


Report_co = TypeVar("Report_co", bound=DetectorDrift, covariant=True)


@dataclass(frozen=True)
class Finding(Generic[Report_co]):
    """What a detector found, and why it says drift, a sentence each."""

    report: Report_co
    reasons: tuple[str, ...]

    @property
    def drift(self) -> bool:
        """Whether it saw drift."""
        return self.report.drift


def counts(votes: Votes, n_classes: int) -> tuple[Array, Array]:
    """Count votes for each class, and votes against it.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes : int
        How many there are.

    Returns
    -------
    for_class, against_class : (n_rows, n_classes)

    Examples
    --------
    >>> voted, denied = counts(np.array([[0, 0, -3, -1]], dtype=np.int16), 2)
    >>> voted.tolist(), denied.tolist()
    ([[2.0, 0.0]], [[0.0, 1.0]])
    """
    votes_for = np.stack([(votes == k).sum(axis=1) for k in range(n_classes)], axis=1)
    denied = np.stack([(votes == -2 - k).sum(axis=1) for k in range(n_classes)], axis=1)
    return votes_for.astype(np.float64), denied.astype(np.float64)


def majority(votes: Votes, n_classes: int) -> npt.NDArray[np.int64]:
    """Compute the majority vote; a vote "not class k" is divided over the other classes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes : int
        How many there are.

    Returns
    -------
    (n_rows,)
        Class index; ``ABSTAIN`` where no function votes or classes tie.

    Examples
    --------
    >>> majority(np.array([[0, 0, 1], [1, 0, -1], [-1, -1, -1], [-2, -1, -1]], dtype=np.int16), 2)
    array([ 0, -1, -1,  1])
    """
    predicted, denied = counts(votes, n_classes)
    weight = predicted + (denied.sum(axis=1, keepdims=True) - denied) / max(n_classes - 1, 1)
    best = weight.max(axis=1)
    alone = np.isclose(weight, best[:, None]).sum(axis=1) == 1
    return np.where(alone & (best > 0), weight.argmax(axis=1), ABSTAIN)


def covered(votes: Votes) -> npt.NDArray[np.bool_]:
    """Find the rows on which a function votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)

    Returns
    -------
    (n_rows,)
    """
    return np.asarray((votes != ABSTAIN).any(axis=1))


def rounded(value: Any) -> float:
    """Round to six decimals, the same in every file.

    Parameters
    ----------
    value
        Any number.

    Returns
    -------
    float

    Examples
    --------
    >>> rounded(-1e-9)
    0.0
    """
    return round(float(value), _DIGITS) + 0.0

"""votes -> the share of votes that each class gets."""

from __future__ import annotations

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.base import Gold, LabelModel
from tidemill.denoise.patterns import Patterns
from tidemill.denoise.votes import Array, said_classes, weigh


class MajorityVote(LabelModel):
    """Votes -> the share of votes per class; a silent row is every class alike.

    A vote "not class k" is divided over the other classes.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [1, -1, -1], [-1, -1, -1]], dtype=np.int8)
    >>> MajorityVote(n_classes=2).fit(votes).predict_proba(votes).round(2)
    array([[0.67, 0.33],
           [0.  , 1.  ],
           [0.5 , 0.5 ]])
    """

    name = "majority"

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:  # noqa: ARG002 - nothing to learn
        self._alike()

    def learn(self, found: Patterns) -> None:  # noqa: ARG002 - nothing to learn
        """Distinct rows -> every class alike."""
        self._alike()

    def _alike(self) -> None:
        self.prior_ = self.balance_ = np.full(self.n_classes, 1.0 / self.n_classes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return shares(votes, self.n_classes)


def shares(votes: Votes, n_classes: int) -> Probabilities:
    """Votes -> (rows, classes) share of votes per class; silent rows are uniform."""
    counts = weigh(votes, np.tile(said_classes(n_classes), (votes.shape[1], 1)), n_classes)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-300), 1.0 / n_classes)


def vote_shares(found: Patterns, n_classes: int) -> Array:
    """Compute the share of each class among rows with votes, a row counting once.

    Parameters
    ----------
    found : Patterns
        Distinct rows with their weights.
    n_classes : int
        Number of classes.

    Returns
    -------
    (n_classes,)
        Shares that sum to 1; uniform where no function votes.
    """
    weights = found.weights * found.heard
    mass = weights @ shares(found.votes, n_classes)
    return np.asarray(mass / mass.sum()) if mass.sum() > 0 else np.full(n_classes, 1.0 / n_classes)

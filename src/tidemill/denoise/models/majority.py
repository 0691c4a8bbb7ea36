"""The share of votes that each class gets."""

from __future__ import annotations

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel, Gold
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import vote_shares


class MajorityVote(BaseLabelModel):
    """The share of votes per class; a row without votes is uniform.

    A vote "not class k" is divided over the other classes.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [1, -1, -1], [-1, -1, -1]], dtype=np.int16)
    >>> MajorityVote(n_classes=2).fit(votes).predict_proba(votes).round(2)
    array([[0.67, 0.33],
           [0.  , 1.  ],
           [0.5 , 0.5 ]])
    """

    name = "majority"

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:  # noqa: ARG002 - nothing to learn
        self._alike()

    def learn(self, rows: DistinctRows) -> None:  # noqa: ARG002 - nothing to learn
        """Learn nothing: balance and prior are uniform.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        self._alike()

    def _alike(self) -> None:
        self.prior_ = self.balance_ = np.full(self.n_classes, 1.0 / self.n_classes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        return vote_shares(votes, self.n_classes)

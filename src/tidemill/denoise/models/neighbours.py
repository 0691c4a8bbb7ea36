"""Class by the votes on a row and on the rows nearest to it.

Neighbours share labels: the probabilities from the votes on a row are multiplied by the mean of its nearest reference rows,
as in one step of label propagation (Zhu and Ghahramani, 2002).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tidemill.contracts import DataError, Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel, Gold
from tidemill.denoise.models.smoothed import SmoothedVote
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.row_order import row_order
from tidemill.denoise.statistics.votes import Array, softmax, uncovered


class Neighbours(BaseLabelModel):
    """Probabilities of a row, times those of its nearest reference rows by cosine.

    Parameters
    ----------
    nearest
        Reference rows that count for a row.
    most
        Most reference rows; they are kept with the model.

    Attributes
    ----------
    reference_ : (n_reference, n_dimensions)
        Features of length 1.
    opinions_ : (n_reference, n_classes)
        Probabilities of the reference rows.
    """

    name = "neighbours"
    parameters = ("n_classes", "nearest", "most", "budget")
    learned = (*BaseLabelModel.learned, "reference_", "opinions_")
    uses_features = True

    reference_: Array
    opinions_: Array
    votes_only_: SmoothedVote

    def __init__(self, n_classes: int, *, nearest: int = 10, most: int = 2_000, budget: int = 20_000) -> None:
        super().__init__(n_classes)
        self.nearest = nearest
        self.most = most
        self.budget = budget

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:
        if features is None:
            raise DataError("label model neighbours needs features: configure denoise.use_features, or give --features")
        votes = votes[:, self.order_]
        self.votes_only_ = SmoothedVote(self.n_classes, budget=self.budget).fit(votes, gold=gold)
        rows = np.flatnonzero(~uncovered(votes))
        rows = rows if len(rows) else np.arange(len(votes))
        kept = rows[row_order(votes[rows], features[rows])[: self.most]]
        self.reference_ = _unit(features[kept]).round(6)
        self.opinions_ = self.votes_only_.predict_proba(votes[kept])
        self.prior_ = self.balance_ = self.opinions_.mean(axis=0) / self.opinions_.mean(axis=0).sum()

    def learn(self, rows: DistinctRows) -> None:  # noqa: ARG002 - refused
        """Refuse to learn: distinct rows have no features.

        Parameters
        ----------
        rows
            Not read.

        Raises
        ------
        DataError
            Always; the model is fitted on rows by ``fit``.
        """
        raise DataError("label model neighbours learns from features of rows, which cannot be counted: fit it on rows")

    def _near(self, features: Features) -> Array:
        """A row is not its own neighbour."""
        probabilities = np.zeros((len(features), self.n_classes))
        count = min(self.nearest, max(len(self.reference_) - 1, 1))
        for start in range(0, len(features), 1024):
            alike = np.round(_unit(features[start : start + 1024]) @ self.reference_.T, 6)
            alike[alike > 1.0 - 1e-5] = -1.0
            nearest = np.argsort(-alike, axis=1, kind="stable")[:, :count]
            probabilities[start : start + 1024] = self.opinions_[nearest].mean(axis=1)
        return probabilities

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:
        opinion = self.votes_only_.predict_proba(votes)
        if features is None:
            return opinion
        return softmax(np.log(np.maximum(opinion, 1e-6)) + np.log(np.maximum(self._near(features), 1e-6)))

    def _predict_or_prior(self, votes: Votes, features: Features | None = None) -> Probabilities:
        probabilities = self._predict(votes, features)
        if features is None:
            probabilities[uncovered(votes)] = self.prior_
        return probabilities

    def _accuracies(self) -> Array | None:
        return self.votes_only_.accuracies()

    def to_dict(self) -> dict[str, Any]:
        """Convert the model to JSON content, which contains the model of votes.

        Returns
        -------
        dict
            JSON content, as ``from_dict`` takes it.
        """
        return super().to_dict() | {"votes_only": self.votes_only_.to_dict()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Restore a model from what ``to_dict`` gave.

        Parameters
        ----------
        content
            Parsed JSON.

        Returns
        -------
        Self
            Fitted, with its label model of votes alone.
        """
        model = super().from_dict(content)
        model.votes_only_ = SmoothedVote.from_dict(content["votes_only"])
        return model


def _unit(features: Features) -> Array:
    wide = np.asarray(features, dtype=np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12))

"""Where the features lie along the principal directions of the reference, and how far beside and along all of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View

_WATCHED: Final = 8


class Residual(Score):
    """Squared length of what the principal directions leave of the features."""

    name = "residual"
    weight = 0.1

    def columns(self) -> tuple[Column, ...]:
        """Give one column, where there are features."""
        return (Column(self.name),) if self.has_features else ()

    def fit(self, half: View) -> Residual:
        """Note whether there are features."""
        self.has_features = half.features.shape[1] > 0
        return self

    def values(self, view: View) -> Array:
        """Measure it."""
        whole = (view.centered**2).sum(axis=1) - (view.projected**2).sum(axis=1)
        return np.asarray(np.maximum(whole, 0.0)[:, None])

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "the features have parts that the reference does not have"


class Mahalanobis(Residual):
    """Squared distance from the reference's mean along the principal directions, in standard deviations."""

    name = "mahalanobis"
    weight = 0.1

    def values(self, view: View) -> Array:
        """Measure it."""
        return np.asarray(((view.projected / view.basis.spread) ** 2).sum(axis=1, keepdims=True))

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "the features are farther from the reference's mean"


class Directions(Score):
    """Place along each of the first eight principal directions."""

    name = "direction"
    weight = 0.2

    def fit(self, half: View) -> Directions:
        """Count the directions."""
        self._count = min(_WATCHED, half.projected.shape[1])
        return self

    def columns(self) -> tuple[Column, ...]:
        """Give a column for each direction."""
        return tuple(Column(f"{self.name}:{k + 1}", two_sided=True) for k in range(self._count))

    def values(self, view: View) -> Array:
        """Look the places up."""
        return view.projected[:, : self._count]

    def told(self, column: Column) -> str:
        """Say it."""
        return f"the features have moved along principal direction {column.name.partition(':')[2]}"

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

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name),) if self.has_features else ()

    def _fit(self, half: View) -> None:
        self.has_features = half.features.shape[1] > 0

    def _values(self, view: View) -> Array:
        whole = (view.centered**2).sum(axis=1) - (view.projected**2).sum(axis=1)
        return np.asarray(np.maximum(whole, 0.0)[:, None])

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "the features have parts that the reference does not have"


class Mahalanobis(Residual):
    """Squared distance from the reference's mean along the principal directions, in standard deviations."""

    name = "mahalanobis"
    weight = 0.1

    def _values(self, view: View) -> Array:
        return np.asarray(((view.projected / view.basis.spread) ** 2).sum(axis=1, keepdims=True))

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "the features are farther from the reference's mean"


class Directions(Score):
    """Place along each of the first eight principal directions."""

    name = "direction"
    weight = 0.2

    def _fit(self, half: View) -> None:
        self._count = min(_WATCHED, half.projected.shape[1])

    def _columns(self) -> tuple[Column, ...]:
        return tuple(Column(f"{self.name}:{k + 1}", two_sided=True) for k in range(self._count))

    def _values(self, view: View) -> Array:
        return view.projected[:, : self._count]

    def _describe(self, column: Column) -> str:
        return f"the features have moved along principal direction {column.name.partition(':')[2]}"

"""Distance to the nearest rows of the reference: how unlike everything known a row is, or whether it repeats one."""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View

_NEIGHBOURS: Final = 5
_MOST_ROWS: Final = 1000
_DECIMALS: Final = 6


class Neighbours(Score):
    """Mean squared distance of the features to the five nearest rows of the reference."""

    name = "neighbours"
    weight = 0.2

    def _fit(self, half: View) -> None:
        self._rows = half.features[:_MOST_ROWS]
        self._squares = (self._rows * self._rows).sum(axis=1)

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name),) if self._rows.shape[1] and len(self._rows) else ()

    def _values(self, view: View) -> Array:
        return np.asarray(self._nearest(view, _NEIGHBOURS).mean(axis=1, keepdims=True))

    def _nearest(self, view: View, count: int) -> Array:
        """Squared distances of the nearest rows; a row of the reference is not its own neighbour."""
        squares = (view.features * view.features).sum(axis=1)
        distances = squares[:, None] + self._squares - 2.0 * view.features @ self._rows.T
        own = int(view.is_reference)
        count = min(count + own, distances.shape[1])
        nearest = np.sort(np.partition(distances, count - 1, axis=1)[:, :count], axis=1)
        return np.asarray(nearest[:, own if count > own else 0 :])

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "rows arrive that are unlike the rows of the reference"


class Duplicates(Neighbours):
    """Minus the squared distance to the nearest row of the reference: rows that repeat rows that are known."""

    name = "duplicates"
    weight = 0.03

    def _values(self, view: View) -> Array:
        return -self._nearest(view, 1).round(_DECIMALS)

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "more rows repeat rows of the reference, or nearly so"

"""Strata that the reference does not have."""

from __future__ import annotations

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View


class NewStratum(Score):
    """Whether a row is of a stratum that the reference lacks; the shares of known strata may move."""

    name = "stratum"
    weight = 0.1

    def _fit(self, half: View) -> None:
        self._known = None if half.batch.strata is None else frozenset(half.batch.strata)

    def _columns(self) -> tuple[Column, ...]:
        return () if self._known is None else (Column(self.name, across_strata=True),)

    def _values(self, view: View) -> Array:
        known = self._known or frozenset()
        return np.array([[float(stratum not in known)] for stratum in view.batch.strata or ()])

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "rows arrive of a stratum that the reference does not have"

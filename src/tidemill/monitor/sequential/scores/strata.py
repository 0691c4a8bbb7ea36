"""Strata that the reference does not have."""

from __future__ import annotations

from typing import Self

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View


class NewStratum(Score):
    """Whether a row is of a stratum that the reference lacks; the shares of known strata may move."""

    name = "stratum"
    weight = 0.1

    def fit(self, half: View) -> Self:
        """Note the strata."""
        self._known = None if half.batch.strata is None else frozenset(half.batch.strata)
        return self

    def columns(self) -> tuple[Column, ...]:
        """Give one column, where rows have strata."""
        return () if self._known is None else (Column(self.name, across_strata=True),)

    def values(self, view: View) -> Array:
        """Look it up."""
        known = self._known or frozenset()
        return np.array([[float(stratum not in known)] for stratum in view.batch.strata or ()])

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "rows arrive of a stratum that the reference does not have"

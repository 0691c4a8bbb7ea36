"""What the label model makes of the votes, and where the champion disagrees with it."""

from __future__ import annotations

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View


class Posterior(Score):
    """The label model's posterior of each class; of two classes, of the second."""

    name = "posterior"
    weight = 0.05

    def columns(self) -> tuple[Column, ...]:
        """Give a column for each class but the first of two, where there are functions."""
        names = self.classes[self._first :] if self.functions else ()
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in names)

    @property
    def _first(self) -> int:
        return 1 if len(self.classes) == 2 else 0  # noqa: PLR2004 - the first is one less the second

    def values(self, view: View) -> Array:
        """Look them up."""
        return view.posterior[:, self._first :]

    def told(self, column: Column) -> str:
        """Say it."""
        return f"the votes speak for {column.name.partition(':')[2]!r} more or less often"


class Disagreement(Score):
    """Total variation between the champion's probabilities and the label model's."""

    name = "disagreement"
    weight = 0.08

    def columns(self) -> tuple[Column, ...]:
        """Give one column, where there are functions and classes."""
        return (Column(self.name),) if self.functions and self.classes else ()

    def values(self, view: View) -> Array:
        """Measure it."""
        return np.asarray(np.abs(view.probabilities - view.posterior).sum(axis=1, keepdims=True) / 2.0)

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "champion and labeling functions disagree more"

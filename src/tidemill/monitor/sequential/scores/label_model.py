"""What the label model makes of the votes, and where the champion disagrees with it."""

from __future__ import annotations

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View


class Posterior(Score):
    """The label model's posterior of each class; of two classes, of the second."""

    name = "posterior"
    weight = 0.05

    def _columns(self) -> tuple[Column, ...]:
        names = self.classes[self._first :] if self.functions else ()
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in names)

    @property
    def _first(self) -> int:
        return 1 if len(self.classes) == 2 else 0  # noqa: PLR2004 - the first is one less the second

    def _values(self, view: View) -> Array:
        return view.posterior[:, self._first :]

    def _describe(self, column: Column) -> str:
        return f"the votes speak for {column.name.partition(':')[2]!r} more or less often"


class Disagreement(Score):
    """Total variation between the champion's probabilities and the label model's."""

    name = "disagreement"
    weight = 0.08

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name),) if self.functions and self.classes else ()

    def _values(self, view: View) -> Array:
        return np.asarray(np.abs(view.probabilities - view.posterior).sum(axis=1, keepdims=True) / 2.0)

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "champion and labeling functions disagree more"

"""What the champion predicts, and how sure it is."""

from __future__ import annotations

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View


class Confidence(Score):
    """The champion's largest probability."""

    name = "confidence"
    weight = 0.1

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name, two_sided=True),) if self.classes else ()

    def _values(self, view: View) -> Array:
        return np.asarray(view.probabilities.max(axis=1, keepdims=True))

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "the champion's confidence has changed"


class Classes(Score):
    """The champion's probability of each class; of two classes, of the second."""

    name = "class"
    weight = 0.1

    def _columns(self) -> tuple[Column, ...]:
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in self.classes[self._first :])

    @property
    def _first(self) -> int:
        return 1 if len(self.classes) == 2 else 0  # noqa: PLR2004 - the first is one less the second

    def _values(self, view: View) -> Array:
        return view.probabilities[:, self._first :]

    def _describe(self, column: Column) -> str:
        return f"the champion predicts {column.name.partition(':')[2]!r} more or less often"

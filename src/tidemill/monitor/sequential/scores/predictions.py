"""What the champion predicts, and how sure it is."""

from __future__ import annotations

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Score
from tidemill.monitor.sequential.view import View


class Confidence(Score):
    """The champion's largest probability."""

    name = "confidence"
    weight = 0.1

    def columns(self) -> tuple[Column, ...]:
        """Give one column, where there are classes."""
        return (Column(self.name, two_sided=True),) if self.classes else ()

    def values(self, view: View) -> Array:
        """Look it up."""
        return np.asarray(view.probabilities.max(axis=1, keepdims=True))

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "the champion's confidence has changed"


class Classes(Score):
    """The champion's probability of each class; of two classes, of the second."""

    name = "class"
    weight = 0.1

    def columns(self) -> tuple[Column, ...]:
        """Give a column for each class but the first of two."""
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in self.classes[self._first :])

    @property
    def _first(self) -> int:
        return 1 if len(self.classes) == 2 else 0  # noqa: PLR2004 - the first is one less the second

    def values(self, view: View) -> Array:
        """Look them up."""
        return view.probabilities[:, self._first :]

    def told(self, column: Column) -> str:
        """Say it."""
        return f"the champion predicts {column.name.partition(':')[2]!r} more or less often"

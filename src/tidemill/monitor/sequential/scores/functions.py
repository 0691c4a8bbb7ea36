"""Which labeling functions vote, and which are contradicted."""

from __future__ import annotations

from typing import Final, Self

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Mask, Score
from tidemill.monitor.sequential.view import View

_DECIMALS: Final = 3


class VoteCount(Score):
    """How many functions vote on a row."""

    name = "votes"
    weight = 0.07

    def columns(self) -> tuple[Column, ...]:
        """Give one column, where there are functions."""
        return (Column(self.name, two_sided=True),) if self.functions else ()

    def values(self, view: View) -> Array:
        """Count."""
        return np.asarray(view.voted.sum(axis=1, keepdims=True), dtype=np.float64)

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "more or fewer labeling functions vote on a row"


class Rarest(Score):
    """Rarity of the rarest function that votes: minus the log of its coverage of the reference."""

    name = "rarest"
    weight = 0.3

    def fit(self, half: View) -> Self:
        """Count coverage."""
        self._rarity = -np.log((half.voted.sum(axis=0) + 0.5) / (len(half) + 1.0))
        return self

    def columns(self) -> tuple[Column, ...]:
        """Give one column, where there are functions."""
        return (Column(self.name),) if self.functions else ()

    def values(self, view: View) -> Array:
        """Look it up; 0 where no function votes."""
        return np.asarray((view.voted * self._rarity).max(axis=1, keepdims=True, initial=0.0))

    def told(self, column: Column) -> str:  # noqa: ARG002 - there is one
        """Say it."""
        return "labeling functions vote that hardly ever voted on the reference"


class Firing(Score):
    """Whether each function votes."""

    name = "firing"
    weight = 0.4

    def columns(self) -> tuple[Column, ...]:
        """Give a column for each function."""
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in self.functions)

    def values(self, view: View) -> Array:
        """Look it up."""
        return view.voted.astype(np.float64)

    def told(self, column: Column) -> str:
        """Say it."""
        return f"the labeling function {column.name.partition(':')[2]} votes more or less often"


class Contradiction(Score):
    """How improbable each function's vote is given the champion and all other votes, on the rows on which it votes."""

    name = "contradiction"
    weight = 0.6

    def columns(self) -> tuple[Column, ...]:
        """Give a column for each function."""
        return tuple(Column(f"{self.name}:{name}") for name in self.functions)

    def values(self, view: View) -> Array:
        """Look it up."""
        return view.contradiction.round(_DECIMALS)

    def mask(self, view: View) -> Mask:
        """Leave out rows on which the function abstains."""
        return view.voted

    def told(self, column: Column) -> str:
        """Say it."""
        return f"the labeling function {column.name.partition(':')[2]} is contradicted more often"

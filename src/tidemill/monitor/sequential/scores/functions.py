"""Which labeling functions vote, and which are contradicted."""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.monitor.sequential.scores.base import Array, Column, Mask, Score
from tidemill.monitor.sequential.view import View

_DECIMALS: Final = 3


class VoteCount(Score):
    """How many functions vote on a row."""

    name = "votes"
    weight = 0.07

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name, two_sided=True),) if self.functions else ()

    def _values(self, view: View) -> Array:
        return np.asarray(view.voted.sum(axis=1, keepdims=True), dtype=np.float64)

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "more or fewer labeling functions vote on a row"


class Rarest(Score):
    """Rarity of the rarest function that votes: minus the log of its coverage of the reference."""

    name = "rarest"
    weight = 0.3

    def _fit(self, half: View) -> None:
        self._rarity = -np.log((half.voted.sum(axis=0) + 0.5) / (len(half) + 1.0))

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name),) if self.functions else ()

    def _values(self, view: View) -> Array:
        return np.asarray((view.voted * self._rarity).max(axis=1, keepdims=True, initial=0.0))

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "labeling functions vote that hardly ever voted on the reference"


class Firing(Score):
    """Whether each function votes."""

    name = "firing"
    weight = 0.4

    def _columns(self) -> tuple[Column, ...]:
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in self.functions)

    def _values(self, view: View) -> Array:
        return view.voted.astype(np.float64)

    def _describe(self, column: Column) -> str:
        return f"the labeling function {column.name.partition(':')[2]} votes more or less often"


class Contradiction(Score):
    """How improbable each function's vote is given the champion and all other votes, on the rows on which it votes."""

    name = "contradiction"
    weight = 0.6

    def _columns(self) -> tuple[Column, ...]:
        return tuple(Column(f"{self.name}:{name}") for name in self.functions)

    def _values(self, view: View) -> Array:
        return view.contradiction.round(_DECIMALS)

    def _mask(self, view: View) -> Mask:
        return view.voted

    def _describe(self, column: Column) -> str:
        return f"the labeling function {column.name.partition(':')[2]} is contradicted more often"

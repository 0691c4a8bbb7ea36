"""votes -> mean opinion of judges that go wrong in different ways.

The majority vote, the confusions of what is said and the precisions from pairs err on different votes; their mean
errs less than any of them on sets it has not seen. Where the precisions hand out classes that the estimated balance
does not have, votes are too dependent for any of this, and the majority vote alone is heard.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.hints import Hinted
from tidemill.denoise.lifts import PairLifts
from tidemill.denoise.majority import shares
from tidemill.denoise.patterns import Patterns
from tidemill.denoise.spoken import SpokenConfusions
from tidemill.denoise.votes import Array, normalised, weigh

JUDGES: Final = {"majority": 1.0, "spoken": 3.0, "pairs": 1.0}
MISMATCH: Final = 0.3
"""Share of rows given a class beyond the estimated balance from which the learned judges are not heard."""

SHARPEST: Final = (0.25, 8.0)
"""Least and greatest power that the pool is raised to, to be as sure as it should be."""


class Pool(Hinted):
    """Votes -> weighted mean of majority vote, spoken confusions and pair precisions.

    Attributes
    ----------
    opinions_
        (judges,) weight of majority vote, spoken confusions and pair precisions; they sum to 1.
    mismatch_
        Share of rows given a class beyond the estimated balance.
    sharpness_
        Power that probabilities are raised to: a mean of opinions is less sure than it should be. The likeliest class
        stays the likeliest.
    """

    name = "pool"
    parameters = ("n_classes", "budget", "balance", "accuracies_hint")
    learned = (
        *Hinted.learned,
        "opinions_",
        "mismatch_",
        "spoken_",
        "pairs_",
        "accuracies_",
        "effective_",
        "sharpness_",
    )

    opinions_: Array
    mismatch_: float
    spoken_: Array
    pairs_: Array
    accuracies_: Array
    effective_: float
    sharpness_: float

    def learn(self, found: Patterns) -> None:
        """Distinct rows -> the pairs, and what ``fit`` learns from there."""
        pairs = PairLifts(self.n_classes, **self.hints())
        pairs.order_ = self.order_
        pairs.learn(found)
        self.learn_from(found, pairs)

    def learn_from(self, found: Patterns, pairs: PairLifts) -> None:
        """Distinct rows and the fitted pairs -> what ``fit`` learns."""
        spoken = SpokenConfusions(self.n_classes, **self.hints())
        spoken.order_ = pairs.order_
        spoken.iterate(found, pairs.weights_)
        self.functions_, self.prior_ = pairs.functions_, pairs.prior_
        self.spoken_, self.pairs_, self.accuracies_ = spoken.evidence_, pairs.evidence_, pairs.precisions()
        self.effective_ = pairs.effective()
        self.mismatch_ = pairs.mismatch(found)
        opinions = np.array(list(JUDGES.values()))
        heard = opinions if self.mismatch_ <= MISMATCH else np.array([1.0, 0.0, 0.0])
        self.opinions_ = heard / heard.sum()
        self.sharpness_ = 1.0
        if self.mismatch_ <= MISMATCH:
            self.sharpness_ = self._sharpened(found, pairs)
        labels = self._predict(found.votes, None)
        labels[~found.heard] = self.prior_
        self.balance_ = found.weights @ labels / found.weights.sum()

    def _sharpened(self, found: Patterns, pairs: PairLifts) -> float:
        """The power that makes the pool as sure of its answers as the pairs are, on average."""
        rows = np.flatnonzero(found.heard)
        mine, sure = self._predict(found.votes[rows], None), pairs.posterior(found)[rows]
        weights = found.weights[rows] / max(found.weights[rows].sum(), 1e-9)
        wanted = float(weights @ sure[np.arange(len(rows)), mine.argmax(axis=1)]) if len(rows) else 1.0
        low, high = SHARPEST
        for _ in range(30):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if weights @ powered(mine, middle).max(axis=1) < wanted else (low, middle)
        return low

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        found = self.opinions_[0] * shares(votes, self.n_classes)
        for opinion, evidence in zip(self.opinions_[1:], (self.spoken_, self.pairs_), strict=True):
            if opinion > 0:
                found += opinion * normalised(weigh(votes, evidence, self.n_classes))
        return found if self.sharpness_ == 1.0 else powered(found, self.sharpness_)

    @property
    def alone(self) -> bool:
        """The majority vote alone is heard: votes are too dependent for learning."""
        return bool(self.opinions_[0] == 1.0)

    def _accuracies(self) -> Array:
        return self.accuracies_

    def report(self) -> dict[str, Any]:
        """Fitted model -> how much each judge is heard, and why the learned ones are not when they are not."""
        why = f"{self.mismatch_:.0%} of rows are given classes beyond the estimated balance" if self.alone else None
        judges = {name: round(float(opinion), 4) for name, opinion in zip(JUDGES, self.opinions_, strict=True)}
        told = {"judges": judges, "fallback": self.alone, "fallback_reason": why}
        return super().report() | told | {"effective_functions": round(self.effective_, 3)}


def powered(probabilities: Array, power: float) -> Array:
    """Probabilities (rows, classes) and a power -> the same, sharper for a power above 1.

    >>> powered(np.array([[0.6, 0.4]]), 2.0).round(2)
    array([[0.69, 0.31]])
    """
    return normalised(power * np.log(np.maximum(probabilities, 1e-12)))

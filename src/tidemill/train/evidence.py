"""what models say of rows they have not seen -> how well each does, and whether one does surely better than another.

With gold (``train.use_gold`` and enough of it in ``dev``) the loss of a row is its squared error (Brier, 1950); without, the
cross entropy against its soft label. Intervals are of the paired bootstrap: the same rows are drawn for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.choose import ENOUGH_GOLD, squared, sure_rows
from tidemill.train.learn import Lesson
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, Ints, Mask, balance

_DRAWS: Final = 1000
_AT_ONCE: Final = 2_000_000  # numbers drawn at a time
_LEAST: Final = 1e-4


@dataclass(frozen=True)
class Estimate:
    """A mean and the ends of its 95% interval."""

    mean: float
    low: float
    high: float

    def rounded(self) -> list[float]:
        """Nothing -> the three, to six decimals."""
        return [round(one, 6) for one in (self.mean, self.low, self.high)]


@dataclass(frozen=True)
class Judge:
    """The rows that tell, each with a weight of mean 1 for its loss, and of those whose class counts as told."""

    by_gold: bool
    truth: Probabilities
    heard: Mask
    loss_weights: Array
    sure: Mask
    told_weights: Array
    seed: int

    def losses(self, said: Probabilities) -> Array:
        """(rows, classes) -> (rows that tell,) weighted losses."""
        said, truth = said[self.heard], self.truth[self.heard]
        rows = squared(said, truth) if self.by_gold else -(truth * np.log(np.maximum(said, _LEAST))).sum(axis=1)
        return np.asarray(rows * self.loss_weights)

    def told(self, said: Probabilities) -> Array:
        """(rows, classes) -> (rows whose class counts,) weighted: is the class told."""
        right = said[self.sure].argmax(axis=1) == self.truth[self.sure].argmax(axis=1)
        return np.asarray(right * self.told_weights)

    def words(self) -> str:
        """Nothing -> what the loss is."""
        return "squared error on gold" if self.by_gold else "cross entropy against soft labels"


def judge(lesson: Lesson, weights: Array, settings: TrainSettings) -> Judge:
    """Lesson, the weights of its rows and settings -> who judges."""
    known = lesson.gold != NO_GOLD
    by_gold = settings.use_gold and int(known.sum()) >= ENOUGH_GOLD
    if by_gold:
        truth, heard, sure = np.eye(lesson.targets.shape[1])[np.where(known, lesson.gold, 0)], known, known
    else:
        truth, heard, sure = lesson.targets, weights > 0, sure_rows(lesson)
    even = settings.class_balance
    return Judge(
        by_gold,
        truth,
        heard,
        _shares(truth[heard], np.ones(heard.sum()) if by_gold else weights[heard], even=even),
        sure,
        _shares(np.eye(truth.shape[1])[truth[sure].argmax(axis=1)], np.ones(sure.sum()), even=even),
        settings.seed,
    )


def _shares(truth: Probabilities, weights: Array, *, even: bool) -> Array:
    """Labels and weights -> weights of mean 1, all classes alike where that is asked for."""
    if even and len(weights):
        weights = weights * balance(truth, weights)
    return np.asarray(weights / weights.mean()) if len(weights) else weights


def estimate(rows: Array, classes: Ints, seed: int) -> Estimate:
    """(rows,) values and the rows' classes -> their mean and its interval; each class keeps its number of rows."""
    if not len(rows):
        return Estimate(0.0, 0.0, 0.0)
    chance = np.random.default_rng([seed, 17])
    means = np.zeros(_DRAWS)
    for label in np.unique(classes):
        own = rows[classes == label]
        size = max(1, _AT_ONCE // len(own))
        for start in range(0, _DRAWS, size):
            drawn = chance.integers(len(own), size=(min(size, _DRAWS - start), len(own)))
            means[start : start + size] += own[drawn].sum(axis=1)
    low, high = np.quantile(means / len(rows), [0.025, 0.975])
    return Estimate(float(rows.mean()), float(low), float(high))


def line(judged: Judge, said: Probabilities, beside: Probabilities) -> dict[str, Any]:
    """Judge, what a model says and what another does -> the first one's figures, and what it gains over the other."""
    classes = judged.truth.argmax(axis=1)
    told, losses = judged.told(said), judged.losses(said)
    values = {
        "told": (told, judged.sure),
        "loss": (losses, judged.heard),
        "told_gain": (told - judged.told(beside), judged.sure),
        "gain": (judged.losses(beside) - losses, judged.heard),
    }
    return {name: estimate(rows, classes[of], judged.seed).rounded() for name, (rows, of) in values.items()}

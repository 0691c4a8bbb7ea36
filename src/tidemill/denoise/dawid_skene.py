"""votes -> class by EM over a confusion matrix per function (Dawid and Skene, Applied Statistics 28, 1979).

Plain EM collapses to one class on sparse one-sided functions. Three things keep it upright here: an abstain is a
symbol of the confusion matrix, with a propensity of its own per class; confusions are shrunk to what a function would
say with one accuracy for all classes; the class balance is anchored at the majority vote's and has a floor. Where EM
still leaves the majority vote behind, the model says so and answers with the majority vote.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.contracts import ABSTAIN, Features, Probabilities, Votes
from tidemill.denoise.base import Gold, LabelModel
from tidemill.denoise.majority import shares
from tidemill.denoise.votes import Array, normalised, one_hot, said_classes


class DawidSkene(LabelModel):
    """Votes -> posterior under a confusion matrix per function, abstains included.

    Parameters
    ----------
    strength
        How many rows of belief each confusion is shrunk with.
    balance_floor
        Least share of a class, as a fraction of ``1 / n_classes``.
    iterations, tolerance
        EM ends after so many steps, or when no posterior moves more than ``tolerance``.

    Attributes
    ----------
    confusions_
        (functions, 2 * classes + 1, classes): probability of a symbol (class, not-class, abstain) given the class.
    fallback_
        EM left the majority vote behind; predictions are the majority vote's.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int8)
    >>> DawidSkene(n_classes=2).fit(votes).predict_proba(votes[:3]).argmax(axis=1)
    array([0, 0, 1])
    """

    name = "dawid_skene"
    parameters = ("n_classes", "strength", "balance_floor", "iterations", "tolerance")
    learned = ("prior_", "functions_", "confusions_", "fallback_")

    confusions_: Array
    fallback_: bool

    def __init__(
        self,
        n_classes: int,
        *,
        strength: float = 10.0,
        balance_floor: float = 0.1,
        iterations: int = 100,
        tolerance: float = 1e-6,
    ) -> None:
        super().__init__(n_classes)
        self.strength = strength
        self.balance_floor = balance_floor
        self.iterations = iterations
        self.tolerance = tolerance

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:  # noqa: ARG002 - votes only
        patterns, counts = np.unique(votes, axis=0, return_counts=True)
        said, first = one_hot(patterns, self.n_classes), shares(patterns, self.n_classes)
        posterior = first
        for _ in range(self.iterations):
            self._maximise(said, posterior * counts[:, None], first * counts[:, None])
            previous, posterior = posterior, self._expect(said)
            if np.abs(posterior - previous).max() < self.tolerance:
                break
        self.fallback_ = _left_behind(posterior, first, (patterns != ABSTAIN).any(axis=1) * counts)
        if self.fallback_:
            self.prior_ = np.full(self.n_classes, 1.0 / self.n_classes)

    def _maximise(self, said: Any, weighted: Array, anchor: Array) -> None:
        mass = weighted.sum(axis=0) + anchor.sum(axis=0) * self.strength / max(len(anchor), 1)
        self.prior_ = floored(mass / mass.sum(), self.balance_floor)
        self.confusions_ = confusions(said, weighted, self.strength)

    def _expect(self, said: Any) -> Probabilities:
        logs = np.log(self.confusions_)
        silence = logs[:, -1]
        evidence = (logs[:, :-1] - silence[:, None]).reshape(-1, self.n_classes)
        posterior = normalised(np.asarray(said @ evidence) + np.log(self.prior_) + silence.sum(axis=0))
        posterior[np.diff(said.indptr) == 0] = self.prior_
        return posterior

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        if self.fallback_:
            return shares(votes, self.n_classes)
        return self._expect(one_hot(votes, self.n_classes))

    def accuracies(self) -> Array:
        """Fitted model -> (functions,) chance that what a function says is right, where it speaks."""
        right = said_classes(self.n_classes) > 0
        joint = self.confusions_[:, :-1] * self.prior_
        return np.asarray((joint * right).sum(axis=(1, 2)) / joint.sum(axis=(1, 2)))

    def report(self) -> dict[str, Any]:
        """Fitted model -> class balance, whether it fell back, and why."""
        why = "EM left the majority vote behind: answers are the majority vote's" if self.fallback_ else None
        return super().report() | {"fallback": self.fallback_, "fallback_reason": why}


def floored(balance: Array, floor: float) -> Array:
    """Class balance -> the same with no class below ``floor / n_classes``.

    >>> floored(np.array([1.0, 0.0]), 0.1).round(3)
    array([0.95, 0.05])
    """
    share = floor / len(balance)
    return share + (1.0 - floor) * balance


def confusions(said: Any, weighted: Array, strength: float) -> Array:
    """One-hot votes and posterior mass (rows, classes) -> (functions, symbols + 1, classes), shrunk.

    Each column is shrunk, with ``strength`` rows of belief, to the function's own habits (how often it says each
    symbol), tilted to being right with its one accuracy over all classes.
    """
    n_classes = weighted.shape[1]
    counts = np.asarray(said.T @ weighted).reshape(-1, 2 * n_classes, n_classes)
    mass = weighted.sum(axis=0)
    full = np.concatenate([counts, np.maximum(mass - counts.sum(axis=1), 0.0)[:, None]], axis=1)
    belief = _habits(counts, mass)
    return np.asarray((full + strength * belief) / (mass + strength))


def _habits(counts: Array, mass: Array) -> Array:
    n_classes = len(mass)
    named, uttered = said_classes(n_classes), counts.sum(axis=2)
    right = named > 0
    accuracy = ((counts * right).sum(axis=(1, 2)) + 1.4) / (counts.sum(axis=(1, 2)) + 2.0)
    share = np.clip((mass + 1.0) / (mass + 1.0).sum(), 1e-9, None)
    wrong = np.where(right, 0.0, 1.0) / (~right).sum(axis=1, keepdims=True)
    given = accuracy[:, None, None] * named + (1.0 - accuracy)[:, None, None] * wrong
    rate = (uttered + 0.01)[:, :, None] * given / (mass.sum() + 1.0) / share
    total = rate.sum(axis=1, keepdims=True)
    rate = rate * np.minimum(1.0, 0.99 / total)
    return np.concatenate([rate, 1.0 - rate.sum(axis=1, keepdims=True)], axis=1)


def _left_behind(posterior: Array, first: Array, counts: Array) -> bool:
    heard, before, after = counts.sum(), counts @ first, counts @ posterior
    if heard == 0:
        return False
    lost = (before > 0.02 * heard) & (after < 0.1 * before)
    agreement = (posterior * first).sum(axis=1) @ counts / heard
    chance = 1.0 / posterior.shape[1]
    return bool(lost.any() or agreement < chance)

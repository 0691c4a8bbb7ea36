"""Simulated votes of which everything is known: rows, truth, and what naive Bayes with the true parameters says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS = 10_000


@dataclass(frozen=True)
class Simulated:
    """Votes (rows, functions), truth (rows,) and the oracle's posterior (rows, classes)."""

    votes: Any
    truth: Any
    oracle: Any


def clones(seed: int, *, copies: int = 6, coverage: float = 0.7) -> Simulated:
    """Five functions right in 80% and one right in 55%, copied: the oracle counts the copies once.

    The coverage is the one at which the majority vote is at .644 and the oracle at .893.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, ROWS)
    good = [_two_sided(truth, 0.8, coverage, rng) for _ in range(5)]
    poor = _two_sided(truth, 0.55, coverage, rng)
    votes = np.stack([*good, *[poor] * copies], axis=1)
    logits = _said(np.stack([*good, poor], axis=1), np.array([0.8] * 5 + [0.55]))
    return Simulated(votes, truth, _posterior(np.stack([-logits, logits], axis=1)))


def independent(
    seed: int, *, functions: int = 10, rows: int = ROWS, coverage: tuple[float, float] = (0.3, 0.7)
) -> Simulated:
    """Independent two-sided functions, right in 55 to 90%."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    accuracies = rng.uniform(0.55, 0.9, functions)
    covered = rng.uniform(*coverage, functions)
    votes = np.stack([_two_sided(truth, a, c, rng) for a, c in zip(accuracies, covered, strict=True)], axis=1)
    logits = _said(votes, accuracies)
    return Simulated(votes, truth, _posterior(np.stack([-logits, logits], axis=1)))


def one_sided(seed: int, balance: Any, functions: int) -> Simulated:
    """Functions that name one class each, on 10 to 50% of its rows and 3 to 15 times less often on others."""
    rng = np.random.default_rng(seed)
    n_classes = len(balance)
    truth = rng.choice(n_classes, ROWS, p=balance)
    owner = np.arange(functions) % n_classes
    rates = np.empty((functions, n_classes))
    for function in range(functions):
        right = rng.uniform(0.1, 0.5)
        rates[function] = right / rng.uniform(3.0, 15.0)
        rates[function, owner[function]] = right
    covered = rng.random((ROWS, functions)) < rates[:, truth].T
    logits = np.log(balance) + np.where(covered[:, :, None], np.log(rates), np.log1p(-rates)).sum(axis=1)
    return Simulated(np.where(covered, owner, -1).astype(np.int16), truth, _posterior(0.5 * logits))


def _two_sided(truth: Any, accuracy: float, coverage: float, rng: np.random.Generator) -> Any:
    right = rng.random(len(truth)) < accuracy
    covered = rng.random(len(truth)) < coverage
    return np.where(covered, np.where(right, truth, 1 - truth), -1).astype(np.int16)


def _said(votes: Any, accuracies: Any) -> Any:
    odds = np.log(accuracies / (1.0 - accuracies)) / 2
    return np.where(votes >= 0, odds * (2 * votes - 1), 0.0).sum(axis=1)


def _posterior(half_logits: Any) -> Any:
    weights = np.exp(2 * (half_logits - half_logits.max(axis=1, keepdims=True)))
    return weights / weights.sum(axis=1, keepdims=True)


SIMULATORS: dict[str, tuple[int, Any]] = {
    "clones": (2, clones),
    "independent": (2, independent),
    "positives_5": (2, lambda seed: one_sided(seed, np.array([0.95, 0.05]), 10)),
    "ten_classes": (10, lambda seed: one_sided(seed, np.full(10, 0.1), 30)),
}

"""Answers that are drawn from people whose skill is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidemill.review.answers import Answers


def answers_of(table: list[tuple[int, int, int]], *, rows: int, people: int, classes: int) -> Answers:
    """Triples of row, person and class."""
    row, who, label = np.array(table, dtype=np.int64).reshape(-1, 3).T
    return Answers(row, who, label, rows, people, classes)


def drawn(
    truth: npt.NDArray[np.int64], skill: npt.NDArray[np.float64], *, each: int, classes: int, seed: int
) -> Answers:
    """So many people answer each row, each right with the chance of his skill, else any other class."""
    rng = np.random.default_rng(seed)
    row = np.repeat(np.arange(len(truth)), each)
    who = np.concatenate([rng.permutation(len(skill))[:each] for _ in truth])
    right = rng.random(len(row)) < skill[who]
    label = np.where(right, truth[row], (truth[row] + rng.integers(1, classes, len(row))) % classes)
    return Answers(row, who, label, len(truth), len(skill), classes)

"""People's skill and rows' difficulty: GLAD (Whitehill and others, NIPS 2009), by EM with gradient steps.

A person with skill ``a`` is right on a row of ease ``b`` with probability ``1 / (1 + exp(-a b))``, else names any other class. Skill has a normal
prior around 1, the logarithm of ease one around 0, as in the paper; a negative skill is of somebody who answers wrong on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.review.aggregation.majority import majority
from tidemill.review.answers import Answers, Array


@dataclass(frozen=True)
class Glad:
    """What is learned.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Posterior of each row.
    skill : (n_annotators,)
        0: guesses; negative: against the truth.
    ease : (n_rows,)
        Above 0; towards 0 nobody does better than chance.
    """

    probabilities: Probabilities
    skill: Array
    ease: Array


def glad(
    answers: Answers, *, iterations: int = 60, steps: int = 10, rate: float = 1.0, tolerance: float = 1e-4
) -> Glad:
    """Fit GLAD from the majority vote.

    Parameters
    ----------
    answers
        Of all rows.
    iterations : int
        Steps of EM at most.
    steps : int
        Gradient steps within an M step.
    rate : float
        Length of a gradient step, as a share of one over the number of answers of the person or row.
    tolerance : float
        EM ends when no posterior moves more than this.

    Returns
    -------
    Glad
    """
    posterior = majority(answers)
    skill, log_ease = np.ones(answers.n_annotators), np.zeros(answers.n_rows)
    for _ in range(iterations):
        right = posterior[answers.row, answers.label]
        for _ in range(steps):
            skill, log_ease = _ascended(answers, right, skill, log_ease, rate)
        previous, posterior = posterior, _e_step(answers, skill, np.exp(log_ease))
        if np.abs(posterior - previous).max() < tolerance:
            break
    return Glad(posterior, skill, np.exp(log_ease))


def _ascended(answers: Answers, right: Array, skill: Array, log_ease: Array, rate: float) -> tuple[Array, Array]:
    """One step up the expected log likelihood and the priors."""
    who, row, ease = answers.annotator, answers.row, np.exp(log_ease)
    surprise = right - _sigmoid(skill[who] * ease[row])
    of_skill = np.bincount(who, weights=surprise * ease[row], minlength=len(skill)) - (skill - 1.0)
    of_ease = np.bincount(row, weights=surprise * skill[who] * ease[row], minlength=len(ease)) - log_ease
    asked = np.bincount(who, minlength=len(skill)) + 1.0
    answered = np.bincount(row, minlength=len(ease)) + 1.0
    return skill + rate * of_skill / asked, log_ease + rate * of_ease / answered


def _e_step(answers: Answers, skill: Array, ease: Array) -> Probabilities:
    """The log odds of right to wrong are ``skill * ease``; a wrong answer is any of the other classes."""
    gain = skill[answers.annotator] * ease[answers.row] + np.log(answers.n_classes - 1.0)
    logs = np.zeros((answers.n_rows, answers.n_classes))
    np.add.at(logs, (answers.row, answers.label), gain)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _sigmoid(values: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))))

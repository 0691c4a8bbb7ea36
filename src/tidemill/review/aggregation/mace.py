"""People who answer or guess: MACE (Hovy and others, "Learning Whom to Trust with MACE", NAACL 2013), by EM.

Each person answers truly with a probability of his own, and else guesses by habits of his own, whatever the row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.review.aggregation.majority import majority
from tidemill.review.answers import Answers, Array


@dataclass(frozen=True)
class Mace:
    """What is learned.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Posterior of each row.
    competence : (n_annotators,)
        Probability that a person does not guess.
    guesses : (n_annotators, n_classes)
        What he names when he guesses.
    """

    probabilities: Probabilities
    competence: Array
    guesses: Array


def mace(answers: Answers, *, iterations: int = 100, smoothing: float = 0.5, tolerance: float = 1e-6) -> Mace:
    """Fit MACE from the majority vote.

    Parameters
    ----------
    answers
        Of all rows.
    iterations : int
        Steps of EM at most.
    smoothing : float
        Counts that are added to true answers, to guesses, and to each class that is guessed.
    tolerance : float
        EM ends when no posterior moves more than this.

    Returns
    -------
    Mace
    """
    posterior = majority(answers)
    competence = np.full(answers.n_annotators, 0.5)
    guesses = np.full((answers.n_annotators, answers.n_classes), 1.0 / answers.n_classes)
    for _ in range(iterations):
        competence, guesses = _m_step(answers, posterior, competence, guesses, smoothing=smoothing)
        previous, posterior = posterior, _e_step(answers, competence, guesses)
        if np.abs(posterior - previous).max() < tolerance:
            break
    return Mace(posterior, competence, guesses)


def _m_step(
    answers: Answers, posterior: Probabilities, competence: Array, guesses: Array, *, smoothing: float
) -> tuple[Array, Array]:
    who, size = answers.annotator, answers.n_annotators
    by_guess = (1.0 - competence[who]) * guesses[who, answers.label]
    true = posterior[answers.row, answers.label] * competence[who] / (competence[who] + by_guess)
    told = np.bincount(who, weights=true, minlength=size)
    guessed = np.zeros_like(guesses)
    np.add.at(guessed, (who, answers.label), 1.0 - true)
    competence = (told + smoothing) / (told + guessed.sum(axis=1) + 2.0 * smoothing)
    guessed += smoothing
    return competence, guessed / guessed.sum(axis=1, keepdims=True)


def _e_step(answers: Answers, competence: Array, guesses: Array) -> Probabilities:
    who = answers.annotator
    by_guess = (1.0 - competence[who]) * guesses[who, answers.label]
    gain = np.log(competence[who] + by_guess) - np.log(by_guess)
    logs = np.zeros((answers.n_rows, answers.n_classes))
    np.add.at(logs, (answers.row, answers.label), gain)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))

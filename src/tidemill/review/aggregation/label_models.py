"""Dawid and Skene's model of a crowd, and of a crowd and labeling functions together.

For a crowd alone these are the label models of ``denoise``, to which people are functions that abstain where they were not asked. Together
with functions, what the functions' label model says of a row is the prior of the people's model, as a classifier is in Raykar and others
("Learning from crowds", JMLR 11, 2010): how far to believe it (a slope) and what it says too rarely (an offset for each class) is learned
by EM, along with a confusion matrix for each person. So functions that repeat one mistake, and are too sure of it, are corrected by few answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.denoise.models.registry import create
from tidemill.review.aggregation.majority import majority
from tidemill.review.answers import Answers, Array

_FLOOR: Final = 1e-3
_RIDGE: Final = 1.0


def dawid_skene(answers: Answers) -> Probabilities:
    """Compute the posterior of each row under a confusion matrix for each person (``denoise``'s model ``crowd``).

    Parameters
    ----------
    answers
        Of all rows.

    Returns
    -------
    (n_rows, n_classes)
    """
    votes = answers.votes()
    return create("crowd", answers.n_classes).fit(votes).predict_proba(votes)


@dataclass(frozen=True)
class CrowdAndFunctions:
    """What is learned.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Posterior of each row.
    confusion : (n_annotators, n_classes, n_classes)
        Probability that a person names a class (last axis), given the class.
    slope
        How far the functions are believed: 1 as they are, 0 not at all.
    """

    probabilities: Probabilities
    confusion: Array
    slope: float


def crowd_and_functions(
    answers: Answers,
    of_functions: Probabilities,
    *,
    strength: float = 10.0,
    iterations: int = 50,
    tolerance: float = 1e-4,
) -> CrowdAndFunctions:
    """Fit people and functions in one model.

    Parameters
    ----------
    answers
        Of all rows; most rows may have none.
    of_functions : (n_rows, n_classes)
        Posterior of a label model of the functions' votes.
    strength : float
        Answers that the belief in one accuracy for all classes counts as, in each person's confusion matrix.
    iterations : int
        Steps of EM at most.
    tolerance : float
        EM ends when no posterior moves more than this.

    Returns
    -------
    CrowdAndFunctions
    """
    logs = np.log(np.maximum(of_functions, _FLOOR))
    answered = np.bincount(answers.row, minlength=answers.n_rows) > 0
    posterior = np.where(answered[:, None], 0.5 * (of_functions + majority(answers)), of_functions)
    parameters = np.concatenate([[1.0], np.zeros(answers.n_classes)])
    for _ in range(iterations):
        confusion = _confusions(answers, posterior, strength)
        parameters = _fitted_prior(logs[answered], posterior[answered], parameters)
        evidence = _prior_logs(logs, parameters)
        np.add.at(evidence, answers.row, np.log(confusion[answers.annotator, :, answers.label]))
        previous, posterior = posterior, _softmax(evidence)
        if np.abs(posterior - previous).max() < tolerance:
            break
    return CrowdAndFunctions(posterior, confusion, float(parameters[0]))


def _confusions(answers: Answers, posterior: Probabilities, strength: float) -> Array:
    """Shrunk to one accuracy of each person, and that to the mean person's."""
    n_classes = answers.n_classes
    by_answer = np.zeros((answers.n_annotators * n_classes, n_classes))
    np.add.at(by_answer, answers.annotator * n_classes + answers.label, posterior[answers.row])
    counts = by_answer.reshape(-1, n_classes, n_classes).swapaxes(1, 2)
    right, total = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
    mean = (right.sum() + 1.0) / (total.sum() + 2.0)
    accuracy = (right + 2.0 * mean) / (total + 2.0)
    belief = np.where(
        np.eye(n_classes, dtype=bool),
        accuracy[:, None, None],
        (1.0 - accuracy[:, None, None]) / (n_classes - 1),
    )
    return np.asarray((counts + strength * belief) / (counts.sum(axis=2, keepdims=True) + strength))


def _prior_logs(logs: Array, parameters: Array) -> Array:
    return np.asarray(parameters[0] * logs + parameters[1:])


def _fitted_prior(logs: Array, posterior: Probabilities, start: Array) -> Array:
    """Slope and offsets with which the functions predict the posterior best; without answers they stay as they are."""
    from scipy.optimize import minimize

    def loss(parameters: Array) -> tuple[float, Array]:
        scores = _prior_logs(logs, parameters)
        predicted = _softmax(scores)
        value = -float((posterior * np.log(np.maximum(predicted, 1e-12))).sum())
        apart = predicted - posterior
        moved = parameters - np.eye(len(parameters))[0]
        slopes = np.concatenate([[float((apart * logs).sum())], apart.sum(axis=0)]) + _RIDGE * moved
        return value + 0.5 * _RIDGE * float(moved @ moved), slopes

    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def _softmax(logs: Array) -> Probabilities:
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))

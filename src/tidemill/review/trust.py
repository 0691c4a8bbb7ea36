"""How far each person is trusted, by hidden test questions; how sure an answer is; whose answers are replaced.

Trust is the share of test questions that a person answers right, smoothed. The confidence of an answer is the trust of those who give
it, of the trust of all who answer the row, as crowdsourcing platforms have it: 4.4703 of 7.2505 is .6166.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidemill.contracts import NO_GOLD
from tidemill.review.answers import Answers, Array, Indices


@dataclass(frozen=True)
class Trust:
    """What test questions say of each person.

    Parameters
    ----------
    right, asked : (n_annotators,)
        Test questions that were answered right, of how many.
    trust : (n_annotators,)
        Smoothed share of right answers.
    """

    right: Array
    asked: Array
    trust: Array


def trust_from_tests(answers: Answers, truth: npt.NDArray[np.integer], *, prior: float, strength: float) -> Trust:
    """Compute the trust in each person.

    Parameters
    ----------
    answers
        Of all rows.
    truth : (n_answers,)
        The right class of the row where it is a test question for that person, else ``NO_GOLD``.
    prior : float
        Trust in a person who was asked nothing, between 0 and 1.
    strength : float
        Test questions that the prior counts as.

    Returns
    -------
    Trust

    Examples
    --------
    >>> answers = Answers(np.array([0, 1, 2]), np.zeros(3, int), np.array([1, 1, 0]), n_rows=3, n_annotators=1, n_classes=2)
    >>> trust_from_tests(answers, np.array([1, 0, NO_GOLD]), prior=0.8, strength=2.0).trust.round(2)
    array([0.65])
    """
    is_test = truth != NO_GOLD
    asked = np.bincount(answers.annotator, weights=is_test, minlength=answers.n_annotators).astype(np.float64)
    is_right = is_test & (answers.label == truth)
    right = np.bincount(answers.annotator, weights=is_right, minlength=answers.n_annotators).astype(np.float64)
    return Trust(right, asked, (right + prior * strength) / (asked + strength))


def truth_by_others(answers: Answers, weights: Array, *, least: float) -> Indices:
    """Find the class that all others than the person who answers give a row.

    Parameters
    ----------
    answers
        Of all rows.
    weights : (n_annotators,)
        What an answer of each person counts.
    least : float
        Least weight of the class; it must be more than half of all.

    Returns
    -------
    (n_answers,)
        Class index, or ``NO_GOLD`` where the others do not settle it.
    """
    others = answers.counts(weights)[answers.row]
    others[np.arange(len(others)), answers.label] -= weights[answers.annotator]
    best = others.argmax(axis=1)
    leading = others.max(axis=1, initial=0.0)
    return np.where((leading >= least) & (2.0 * leading > others.sum(axis=1)), best, NO_GOLD)


def answer_confidence(answers: Answers, trust: Array) -> Array:
    """Compute the confidence of each class on each row: trust of those who name it, of the trust of all who answer.

    Parameters
    ----------
    answers
        Of all rows.
    trust : (n_annotators,)
        Trust in each person.

    Returns
    -------
    (n_rows, n_classes)
        Zero in rows without answers.

    Examples
    --------
    >>> two_to_one = Answers(np.zeros(3, int), np.arange(3), np.array([1, 1, 0]), n_rows=1, n_annotators=3, n_classes=2)
    >>> answer_confidence(two_to_one, np.array([0.9, 0.7, 0.8])).round(3)
    array([[0.333, 0.667]])
    """
    given = answers.counts(trust)
    return np.asarray(given / np.maximum(given.sum(axis=1, keepdims=True), 1e-12))


def ejected(trust: Trust, *, limit: float, least_tests: int) -> npt.NDArray[np.bool_]:
    """Find people whose answers are replaced.

    Parameters
    ----------
    trust
        What test questions say.
    limit : float
        Least trust.
    least_tests : int
        Nobody is judged by fewer test questions.

    Returns
    -------
    (n_annotators,)
        Whether a person is ejected.
    """
    return np.asarray((trust.asked >= least_tests) & (trust.trust < limit))


@dataclass(frozen=True)
class DynamicJudgments:
    """How many people are asked about a row: more until an answer is sure.

    Parameters
    ----------
    least, most
        People that are asked at least and at most.
    confidence
        With this confidence of the leading answer no more are asked.
    """

    least: int = 3
    most: int = 6
    confidence: float = 0.75

    def rows_to_ask(self, answers: Answers, trust: Array) -> Indices:
        """Find rows about which one more person has to be asked.

        Parameters
        ----------
        answers
            So far, those of ejected people left out: so they are replaced.
        trust : (n_annotators,)
            Trust in each person.

        Returns
        -------
        (n_asked,)
            Indices of rows.
        """
        people = np.bincount(answers.row, minlength=answers.n_rows)
        sure = answer_confidence(answers, trust).max(axis=1) >= self.confidence - 1e-9
        return np.flatnonzero((people < self.least) | (~sure & (people < self.most)))

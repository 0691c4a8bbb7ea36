"""The share of answers that name each class: all alike, or by trust."""

from __future__ import annotations

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.review.answers import Answers, Array
from tidemill.review.trust import answer_confidence


def majority(answers: Answers, trust: Array | None = None) -> Probabilities:
    """Compute the share of each class.

    Parameters
    ----------
    answers
        Of all rows.
    trust : (n_annotators,), optional
        What an answer of each person counts; None: all alike.

    Returns
    -------
    (n_rows, n_classes)
        Rows sum to one; without answers all classes are alike.
    """
    shares = answer_confidence(answers, np.ones(answers.n_annotators) if trust is None else trust)
    empty = shares.sum(axis=1) < 0.5  # noqa: PLR2004 - 0 or 1
    shares[empty] = 1.0 / answers.n_classes
    return shares

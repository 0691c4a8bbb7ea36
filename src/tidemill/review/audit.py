"""Which labels are checked, in which order, and what people's answers say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import probability_columns
from tidemill.review.answers import Answers, Indices

MOST_ANSWERS: Final = 5
"""Answers to a row that is in dispute: the majority of so many decides, or of fewer where they cannot change it."""


@dataclass(frozen=True)
class CheckedLabels:
    """Labels that are certified together.

    Parameters
    ----------
    row_id : (n_rows,)
        In the order of the table.
    label : (n_rows,)
        Likeliest class of each.
    sha256
        Of rows and labels, in whatever order they stand.
    """

    row_id: tuple[str, ...]
    label: Indices
    sha256: str

    @classmethod
    def of(cls, labels: pl.DataFrame, classes: Sequence[str], *, sure: float) -> CheckedLabels:
        """Take the likeliest class of rows that are sure enough.

        Parameters
        ----------
        labels
            Table of the label model: ``row_id`` and a probability of each class.
        classes
            Names of the classes.
        sure : float
            Least probability of the likeliest class; 0: all rows.

        Returns
        -------
        CheckedLabels
        """
        probabilities = labels.select(probability_columns(classes)).to_numpy()
        kept = np.flatnonzero(probabilities.max(axis=1) >= sure)
        label = probabilities[kept].argmax(axis=1)
        row_id = labels["row_id"].gather(kept).to_list()
        lines = sorted(f"{row}\0{classes[k]}\n" for row, k in zip(row_id, label, strict=True))
        return cls(tuple(row_id), label, hashlib.sha256("".join(lines).encode()).hexdigest())

    def order(self, plan: str) -> Indices:
        """Put the rows into the random order in which they are checked.

        It is of a hash of the labels, the plan and each row, so it is a new draw after every change of labels or plan, and the same for all who compute it.

        Parameters
        ----------
        plan
            What is to be proven, as text.

        Returns
        -------
        (n_rows,)
            Indices of rows.
        """
        keys = [hashlib.sha256(f"{self.sha256}\0{plan}\0{row}".encode()).digest() for row in self.row_id]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


@dataclass(frozen=True)
class AuditState:
    """How far the check of a sample has come.

    Parameters
    ----------
    checked : (n_checked,)
        Rows in their order, up to the first that nobody has answered: what people skip is hard, so nothing counts behind it.
    errors : (n_errors,)
        Those of them whose label is not what more than half of the answers say; rows in dispute are among them.
    disputed : (n_disputed,)
        Those of them where another person may still confirm the label.
    denied : (n_denied,)
        Those of them of which an answer is not the label.
    waiting : (n_waiting,)
        Rows that are to be answered next, in order.
    """

    checked: Indices
    errors: Indices
    disputed: Indices
    denied: Indices
    waiting: Indices


def audit_state(labels: CheckedLabels, order: Indices, answers: Answers) -> AuditState:
    """Compare labels with people's answers.

    Parameters
    ----------
    labels
        What is checked.
    order : (n_rows,)
        In which order.
    answers
        Of the same rows.

    Returns
    -------
    AuditState
    """
    counts = answers.counts()
    total, own = counts.sum(axis=1), counts[np.arange(len(counts)), labels.label]
    answered = total[order] > 0
    first = len(order) if answered.all() else int(answered.argmin())
    checked = order[:first]
    wrong = 2.0 * own <= total
    disputed = wrong & (total < MOST_ANSWERS) & (own + MOST_ANSWERS - total > MOST_ANSWERS / 2)
    waiting = order[first:]
    return AuditState(
        checked,
        errors=_among(checked, wrong),
        disputed=_among(checked, disputed),
        denied=_among(checked, own < total),
        waiting=_among(waiting, total == 0),
    )


def _among(rows: Indices, mask: npt.NDArray[np.bool_]) -> Indices:
    return np.asarray(rows[mask[rows]])

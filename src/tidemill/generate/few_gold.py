"""Models trained on few gold rows of dev, out of fold, or on rows of which the label model of the functions is sure.

Gold is dealt into folds. A row with gold is predicted by the model that has not seen its fold, any other row by the mean of all.

A model trained on labels repeats the errors of the functions behind these labels. It votes where none of these functions does, so that
an error of theirs never has its vote beside them, and pairs of votes, from which label models learn whom to believe, are none of
its and theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import Probabilities
from tidemill.denoise.models.registry import create
from tidemill.generate.learners import LEARNERS, Lesson, Member, part
from tidemill.generate.rows import Indices, Rows, stratified_folds
from tidemill.generate.thresholds import silent_on
from tidemill.label.conditions.generated import Model

LEAST_OF_CLASS: Final = 5
"""Gold rows of a class without which no model is trained."""


@dataclass(frozen=True)
class FewGoldModel:
    """Models of all folds.

    Parameters
    ----------
    members
        A model per fold.
    held_out : (n_gold, n_classes)
        Probabilities of the gold rows by models that have not seen them; NaN where it does not vote.
    folds : (n_gold,)
        Fold of each gold row.
    learned_from
        Number of rows that taught.
    drawn : (n_images, 3, size, size) or None
        What a generator of images draws.
    """

    members: Sequence[Member]
    held_out: Probabilities
    folds: npt.NDArray[np.int64]
    learned_from: int
    drawn: Any = None


def fit_on_gold(condition: Model, rows: Rows) -> FewGoldModel | str:
    """Train a model per fold of the gold of dev.

    Parameters
    ----------
    condition
        The generator.
    rows
        Rows of the problem.

    Returns
    -------
    FewGoldModel or str
        Why there is none: too little gold.
    """
    learner, gold = LEARNERS[condition.learner], rows.gold[rows.labeled]
    counts = np.bincount(gold, minlength=rows.n_classes)
    if counts.min() < LEAST_OF_CLASS:
        return (
            f"class {rows.problem.classes[int(counts.argmin())]} has {counts.min()} gold rows in dev, and a model is trained "
            f"on {LEAST_OF_CLASS} of each class at least: label more (tidemill gold sample {rows.problem.name})"
        )
    n_folds = min(condition.folds or learner.folds, int(counts.min()))
    folds = stratified_folds(gold, n_folds, seed=condition.seed)
    inputs, unlabeled = learner.read(rows, rows.labeled, condition.size), _unlabeled(condition, rows)
    targets, held_out = np.eye(rows.n_classes)[gold], np.zeros((len(gold), rows.n_classes))
    members, drawn = [], None
    for fold in range(n_folds):
        inside = folds == fold
        lesson = Lesson(part(inputs, ~inside), targets[~inside], unlabeled, condition, condition.seed + fold)
        member, drawn = learner.fit(lesson)
        members.append(member)
        held_out[inside] = member.predict_proba(part(inputs, inside))
    return FewGoldModel(members, held_out, folds, len(gold), drawn)


def _unlabeled(condition: Model, rows: Rows) -> Any:
    learner = LEARNERS[condition.learner]
    return learner.read(rows, rows.fitted_on, condition.size) if learner.uses_unlabeled else None


@dataclass(frozen=True)
class SureRows:
    """Rows that a self-trained model learns from.

    Parameters
    ----------
    rows : (n_sure,)
        Indices of rows of train and dev of which the label model is sure.
    labels : (n_sure, n_classes)
        Its probabilities.
    silent : (n_rows,)
        Whether no function votes on a row.
    """

    rows: Indices
    labels: Probabilities
    silent: npt.NDArray[np.bool_]

    def digest(self) -> str:
        """Hash rows and labels.

        Returns
        -------
        str
            Hexadecimal digits.
        """
        content = self.rows.astype(np.int64).tobytes() + self.labels.round(6).tobytes()
        return hashlib.blake2b(content, digest_size=16).hexdigest()


def sure_rows(condition: Model, rows: Rows) -> SureRows:
    """Find the rows of which the label model of the functions is sure; it sees no gold.

    Parameters
    ----------
    condition
        The generator.
    rows
        Rows of the problem and votes of its functions.

    Returns
    -------
    SureRows
    """
    votes = rows.votes[rows.fitted_on]
    if not rows.names:  # nobody to learn from, which `fit_on_labels` says
        return SureRows(rows.fitted_on[:0], np.empty((0, rows.n_classes)), np.ones(len(rows.votes), dtype=np.bool_))
    model = create("auto", rows.n_classes, seed=condition.seed, draws=0).fit(votes)
    labels = model.predict_proba(votes)
    silent = silent_on(rows.votes, rows.names, rows.names)
    sure = (labels.max(axis=1) >= condition.sure) & ~silent[rows.fitted_on]
    return SureRows(rows.fitted_on[sure], labels[sure], silent)


def fit_on_labels(condition: Model, rows: Rows, sure: SureRows) -> FewGoldModel | str:
    """Train one model on rows of which the label model is sure.

    Parameters
    ----------
    condition
        The generator.
    rows
        Rows of the problem.
    sure
        As ``sure_rows`` finds them.

    Returns
    -------
    FewGoldModel or str
        Why there is none.
    """
    named = np.bincount(sure.labels.argmax(axis=1), minlength=rows.n_classes)
    if named.min() < LEAST_OF_CLASS:
        return (
            f"the label model is {condition.sure:.0%} sure of {named.min()} rows of class "
            f"{rows.problem.classes[int(named.argmin())]}, and {LEAST_OF_CLASS} of each class are needed: lower `sure`, or "
            "write functions for it"
        )
    learner = LEARNERS[condition.learner]
    inputs = learner.read(rows, sure.rows, condition.size)
    lesson = Lesson(inputs, sure.labels, _unlabeled(condition, rows), condition, condition.seed)
    member, drawn = learner.fit(lesson)
    held_out = member.predict_proba(learner.read(rows, rows.labeled, condition.size))
    held_out[~sure.silent[rows.labeled]] = np.nan
    folds = stratified_folds(rows.gold[rows.labeled], 5, seed=condition.seed)
    return FewGoldModel([member], held_out, folds, len(sure.rows), drawn)


def mean_prediction(members: Sequence[Member], condition: Model, rows: Rows, where: Indices) -> Probabilities:
    """Predict rows by the mean of all members.

    Parameters
    ----------
    members
        Fitted on this problem.
    condition
        The generator.
    rows
        Rows of the problem.
    where : (n_some,)
        Indices of rows.

    Returns
    -------
    (n_some, n_classes)
    """
    inputs = LEARNERS[condition.learner].read(rows, where, condition.size)
    return np.asarray(np.mean([member.predict_proba(inputs) for member in members], axis=0))

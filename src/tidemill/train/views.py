"""rows in several views -> models that teach each other, and one answer of them all: co-training.

Blum and Mitchell, "Combining Labeled and Unlabeled Data with Co-Training" (COLT 1998): models that read a row in different
ways err in different ways, so what they say together corrects each of them. The views are the backbone's features, which
the head reads, and what the members of ``settings.views`` read, such as the wording of a text. The geometric mean of what
all say of rows that none of them has seen teaches them as a model's own answers do in ``learn.own_labels``, and the same
mean is the answer of the model.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.combine import even_stack
from tidemill.train.fit import fit_head
from tidemill.train.learn import Lesson, folds, learn, own_labels, taught
from tidemill.train.members.base import Material, Member
from tidemill.train.members.registry import MEMBERS
from tidemill.train.model import EndModel, Ensemble
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, evened

PARTS: Final = 2
"""Parts of the rows; what teaches a row is said of it by models of the other part."""


def learned(lesson: Lesson, settings: TrainSettings) -> EndModel:
    """Lesson and a recipe -> the end model: a head, or head and members that have taught each other."""
    return cotrained(lesson, settings) if settings.views else EndModel(learn(lesson, settings))


def cotrained(lesson: Lesson, settings: TrainSettings) -> EndModel:
    """Lesson and a recipe with views -> head and members, the answer being the geometric mean of theirs.

    Raises
    ------
    DataError
        No row has weight, or a view reads texts that the lesson does not have.
    """
    targets, weights = taught(lesson, settings)
    for _ in range(settings.self_training):
        targets, weights = own_labels(unseen(lesson, targets, weights, settings), lesson, settings)
    return _together(lesson, targets, weights, settings)


def unseen(lesson: Lesson, targets: Probabilities, weights: Array, settings: TrainSettings) -> Probabilities:
    """Lesson, labels and weights -> (rows, classes) what models of the other part say of each row."""
    part, said = folds(len(targets), PARTS, settings.seed), np.zeros_like(targets)
    for k in range(PARTS):
        own = part == k
        model = _together(lesson.part(~own), targets[~own], weights[~own], settings)
        asked = lesson.part(own)
        said[own] = model.predict_proba(asked.features, asked.texts)
    return said


def _together(lesson: Lesson, targets: Probabilities, weights: Array, settings: TrainSettings) -> EndModel:
    head = fit_head(lesson.features, targets, settings=settings, weights=weights)
    members: dict[str, Member] = {}
    for name in settings.views:
        own, rows = getattr(settings.ensemble, name), Material(lesson.features, lesson.texts)
        members[name] = MEMBERS[name].fit(rows, targets, evened(targets, weights, settings), own, settings.seed)
    return EndModel(head, Ensemble(members, even_stack(1 + len(members), targets.shape[1])))

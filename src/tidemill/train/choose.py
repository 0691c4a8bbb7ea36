"""rows with probabilistic labels -> the head of the recipe that the evidence speaks for.

Every recipe is fitted on parts of the rows and asked about the part it has not seen. With gold, the least squared error
(Brier, 1950) on it decides, doubt going to the recipe listed first.

Without gold nothing tells the truth: how well unseen labels are told is highest for recipes that repeat the labels'
errors, and it would never choose one that corrects them (docs/train.md has the figures). So the order of the list is
what is believed, and the evidence is a veto: the first recipe is taken that still tells the sure labels of rows it has
not seen, class by class, nearly as well as the last one does, the plainest. What has drifted off or given up a class is
passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.learn import Lesson, folds
from tidemill.train.members.registry import MEMBERS
from tidemill.train.model import EndModel
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, Ints, Mask
from tidemill.train.views import learned

ENOUGH_GOLD: Final = 30
"""Gold rows from which on gold decides."""
ALIKE: Final = 0.9
"""Share of what the plainest recipe tells of unseen sure labels, below which a recipe is passed over."""


@dataclass(frozen=True)
class Trial:
    """What a recipe's models say: (parts, rows, classes), and which part each row was kept from."""

    said: Any
    part: Ints

    @property
    def unseen(self) -> Probabilities:
        """(rows, classes) by the model that has not seen the row."""
        return np.asarray(self.said[self.part, np.arange(len(self.part))])

    @property
    def stability(self) -> float:
        """How often two of the models say the same class of a row."""
        classes = self.said.argmax(axis=2)
        pairs = [(a, b) for a in range(len(classes)) for b in range(a)]
        return float(np.mean([(classes[a] == classes[b]).mean() for a, b in pairs]))


def fitted(lesson: Lesson, settings: TrainSettings) -> tuple[EndModel, dict[str, Any]]:
    """Lesson and settings -> the end model, and what spoke for its recipe (nothing where there is none to choose)."""
    if not settings.recipes:
        return learned(lesson, settings), {}
    judged = settings.use_gold and int((lesson.gold != NO_GOLD).sum()) >= ENOUGH_GOLD
    found = (by_gold if judged else by_order)(lesson, settings)
    return learned(lesson, settings.recipe(found["chosen"])), found


def by_gold(lesson: Lesson, settings: TrainSettings) -> dict[str, Any]:
    """Lesson with gold and settings -> the recipe of least squared error on it, why, and each one's figures."""
    known = lesson.gold != NO_GOLD
    truth = np.eye(lesson.targets.shape[1])[lesson.gold[known]]
    trials = {name: trial(lesson, settings.recipe(name)) for name in fitting(lesson, settings)}
    losses = {name: squared(one.unseen[known], truth) for name, one in trials.items()}
    told = {
        name: figures(one, lesson) | {"squared_error": round(float(losses[name].mean()), 6)}
        for name, one in trials.items()
    }
    return {"chosen": as_good_as_the_best(losses)[0], "reason": "least squared error on gold", "recipes": told}


def by_order(lesson: Lesson, settings: TrainSettings) -> dict[str, Any]:
    """Lesson and settings -> the first recipe that is not passed over, why, and the figures of those that were tried."""
    *listed, plainest = fitting(lesson, settings)
    told = {plainest: figures(trial(lesson, settings.recipe(plainest)), lesson)}
    asked = ALIKE * told[plainest]["sure_labels"]
    chosen = plainest
    for name in listed:
        told[name] = figures(trial(lesson, settings.recipe(name)), lesson)
        if told[name]["sure_labels"] >= asked:
            chosen = name
            break
    reason = f"first of the list that tells unseen sure labels nearly as well as {plainest}"
    return {"chosen": chosen, "reason": reason, "recipes": told}


def fitting(lesson: Lesson, settings: TrainSettings) -> list[str]:
    """Lesson and settings -> names of the recipes in their order, without those that read texts where there are none."""
    return [
        name
        for name in settings.named()
        if lesson.texts is not None or not any(MEMBERS[one].needs_text for one in settings.recipe(name).views)
    ]


def figures(tried: Trial, lesson: Lesson) -> dict[str, float]:
    """Trial -> its figures that need no gold."""
    return {"sure_labels": round(sure_labels(tried.unseen, lesson), 6), "stability": round(tried.stability, 6)}


def trial(lesson: Lesson, settings: TrainSettings) -> Trial:
    """Lesson and recipe -> what models of all parts but one say of every row."""
    part = folds(len(lesson.targets), settings.trials, settings.seed)
    models = [learned(lesson.part(part != k), settings) for k in range(settings.trials)]
    return Trial(np.stack([model.predict_proba(lesson.features, lesson.texts) for model in models]), part)


def sure_labels(said: Probabilities, lesson: Lesson) -> float:
    """Predictions of unseen rows -> share of each class's sure labels that they tell, mean over classes."""
    sure, labels = sure_rows(lesson), lesson.targets.argmax(axis=1)
    right = said.argmax(axis=1) == labels
    shares = [right[sure & (labels == label)].mean() for label in np.unique(labels[sure])]
    return float(np.mean(shares)) if shares else 0.0


def sure_rows(lesson: Lesson) -> Mask:
    """Lesson -> mask of the surer half of each class's covered labels."""
    labels, how_sure = lesson.targets.argmax(axis=1), lesson.targets.max(axis=1)
    sure = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels[lesson.covered]):
        of_it = lesson.covered & (labels == label)
        sure |= of_it & (how_sure >= np.median(how_sure[of_it]))
    return sure


def as_good_as_the_best(losses: dict[str, Array]) -> list[str]:
    """Recipe -> (rows,) losses of the same rows: those within one standard error of the best, in their order.

    The error is that of the paired difference.

    >>> as_good_as_the_best({"a": np.array([0.0, 1.0, 0.0]), "b": np.zeros(3), "c": np.ones(3)})
    ['a', 'b']
    """
    best = min(losses.values(), key=lambda rows: float(rows.mean()))
    return [name for name, rows in losses.items() if (rows - best).mean() <= _standard_error(rows - best)]


def squared(said: Probabilities, truth: Probabilities) -> Array:
    """(rows, classes) probabilities and targets -> (rows,) squared distance."""
    return np.asarray(((said - truth) ** 2).sum(axis=1))


def _standard_error(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0

"""rows with labels, features of several backbones and a deadline -> trials of settings, as many as there is time for.

Optuna's tree-structured Parzen estimator (Bergstra et al., 2011) proposes settings; each is fitted on parts of the rows and
asked about the part it has not seen, as recipes are compared in ``choose``. With gold the loss is the squared error on it;
without gold it is the share of sure labels missed, mean over classes, so what is found then repeats the labels best, mistakes
included. Half of the rows that can be asked about are asked about here, the others are kept for ``finals``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.choose import ENOUGH_GOLD, squared, sure_rows
from tidemill.train.deadline import OutOfTimeError, until
from tidemill.train.learn import Lesson, folds
from tidemill.train.search_settings import HERE, SearchSettings
from tidemill.train.settings import TrainSettings
from tidemill.train.space import BACKBONE, backbone_of, changed, changes, point, space, suggested
from tidemill.train.teach import Array, Mask
from tidemill.train.views import learned

CHANGES: Final = "changes"
"""Attribute of a trial: what it changes of the settings there are."""
_GIVEN: Final = "given"  # attribute of a trial that was not proposed by the sampler: its name
_OUTSIDE: Final = (
    "outside"  # attribute of such a trial: its settings lie outside of the space, so no sampler learns of them
)
_LEAST: Final = 0.2  # seconds below which no trial begins
_WORTH: Final = 0.7  # share of a usual trial's time that must be left for one to begin
_HALVES: Final = 2


@dataclass(frozen=True)
class Field:
    """The same rows with the features of each backbone, the settings there are, and how to search."""

    lessons: Mapping[str, Lesson]
    settings: TrainSettings
    how: SearchSettings

    @property
    def lesson(self) -> Lesson:
        """Nothing -> the rows with the features there are."""
        return self.lessons[HERE]

    @property
    def gold_rows(self) -> int:
        """Rows of gold that decide; 0: too few, or not asked for."""
        known = int((self.lesson.gold != NO_GOLD).sum())
        return known if self.settings.use_gold and known >= ENOUGH_GOLD else 0

    def asked(self, half: int) -> Mask:
        """0: the search, 1: the finals -> mask of the rows that it may ask about."""
        able = self.lesson.gold != NO_GOLD if self.gold_rows else sure_rows(self.lesson)
        chosen = np.zeros(len(able), dtype=bool)
        rows = np.flatnonzero(able)
        chosen[rows[folds(len(rows), _HALVES, self.how.seed) == half]] = True
        return chosen


def search(field: Field, study: Any, *, deadline: float, start: tuple[int, ...] = ()) -> None:
    """Field, study, moment of ``time.monotonic()`` and a suggested shape -> trials, told to the study.

    First the settings as they are, then the suggested shape and each backbone with the settings as they are, unless the
    study has them; then what the sampler proposes. A trial that the deadline cuts short has failed and does not count.
    """
    enqueue(field, study, start)
    loss = losses_of(field, field.asked(0))
    usual: list[float] = []
    while (left := deadline - time.monotonic()) > max(_LEAST, _WORTH * statistics.median(usual or [0.0])):
        before = time.monotonic()
        _one(field, study, loss, deadline)
        usual.append(time.monotonic() - before)
        print(f"search: trial {len(study.trials)}, best {best(study):.4f}, {max(left, 0.0):.0f} s left", flush=True)


def enqueue(field: Field, study: Any, start: tuple[int, ...]) -> None:
    """Field, study and suggested shape -> the trials to begin with, those waiting that have neither ended nor been pruned."""
    shaped = field.settings.model_copy(update={"hidden": start})
    given = {"settings as they are": (HERE, field.settings), "suggested shape": (HERE, shaped)}
    given |= {f"backbone {name}": (name, field.settings) for name in field.lessons if name != HERE}
    there = {one.user_attrs.get(_GIVEN) for one in study.trials if one.state.name != "FAIL"}
    for name, (backbone, settings) in given.items():
        if name not in there:
            place = point(settings, backbone, list(field.lessons), field.how)
            about = {_GIVEN: name, BACKBONE: backbone, "hidden": list(settings.hidden), _OUTSIDE: not place}
            study.enqueue_trial(place, user_attrs=about)


def _one(field: Field, study: Any, loss: Callable[[Probabilities], Array], deadline: float) -> None:
    """One trial is asked for, fitted part by part, and told."""
    import optuna

    state = optuna.trial.TrialState
    trial = study.ask()
    backbone, found = _proposed(field, trial)
    trial.set_user_attr(CHANGES, found)
    trial.set_user_attr(BACKBONE, backbone)
    lesson, settings = field.lessons[backbone], changed(field.settings, found)
    part = folds(len(lesson.targets), field.how.parts, settings.seed)
    values = np.full(len(lesson.targets), np.nan)
    try:
        with until(deadline):
            for k in range(field.how.parts):
                said = learned(lesson.part(part != k), settings).predict_proba(lesson.features, lesson.texts)
                values[part == k] = loss(said)[part == k]
                trial.report(_mean(values), k)
                if k + 1 < field.how.parts and trial.should_prune():
                    study.tell(trial, state=state.PRUNED)
                    return
    except OutOfTimeError:
        study.tell(trial, state=state.FAIL)
        return
    study.tell(trial, _mean(values))


def _mean(values: Array) -> float:
    """Losses, NaN where nothing was asked -> their mean; 0 where nothing was asked at all."""
    asked = values[~np.isnan(values)]
    return float(asked.mean()) if len(asked) else 0.0


def _proposed(field: Field, trial: Any) -> tuple[str, dict[str, Any]]:
    """Optuna's trial -> backbone, and what of the settings is another."""
    about = trial.user_attrs
    if about.get(_OUTSIDE):
        hidden = about["hidden"]
        return about[BACKBONE], {} if hidden == list(field.settings.hidden) else {"hidden": hidden}
    params = suggested(trial, space(field.how, list(field.lessons)))
    return backbone_of(params), changes(params, field.settings, field.how)


def losses_of(field: Field, rows: Mask) -> Callable[[Probabilities], Array]:
    """Field and the rows asked about -> what turns predictions into (rows,) losses whose mean is the loss; else NaN."""
    lesson = field.lesson
    if field.gold_rows:
        truth = np.eye(lesson.targets.shape[1])[np.where(rows, lesson.gold, 0)]
        return lambda said: np.where(rows, squared(said, truth), np.nan)
    return missed(lesson.targets.argmax(axis=1), rows)


def missed(labels: Any, rows: Mask) -> Callable[[Probabilities], Array]:
    """(rows,) classes and the rows asked about -> what turns predictions into the share missed, mean over classes, by row.

    >>> share = missed(np.array([0, 0, 0, 1]), np.ones(4, dtype=bool))
    >>> float(share(np.eye(2)[[1, 0, 0, 1]]).mean().round(6))  # a third of class 0, none of class 1
    0.166667
    """
    weights = np.zeros(len(labels))
    classes = np.unique(labels[rows])
    for label in classes:
        of_it = rows & (labels == label)
        weights[of_it] = rows.sum() / (of_it.sum() * len(classes))
    return lambda said: np.where(rows, weights * (said.argmax(axis=1) != labels), np.nan)


def best(study: Any) -> float:
    """Study -> the least loss of its whole trials, NaN where there is none."""
    values = [one.value for one in study.trials if one.state.name == "COMPLETE"]
    return min(values, default=float("nan"))

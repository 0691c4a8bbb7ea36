"""rows with labels and a time budget -> settings of the head that do better than the ones there are, or the news that none do.

Optuna's tree-structured Parzen estimator (Bergstra et al., 2011) proposes settings; each is fitted on parts of the rows and
asked about the part it has not seen, as recipes are compared in ``choose``. With gold the loss is the squared error on it;
without gold it is one minus the share of sure labels told, so what is found then repeats the labels best, mistakes included.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.choose import ENOUGH_GOLD, squared, sure_rows
from tidemill.train.learn import Lesson, folds, learn
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array

STUDY: Final = "head"
_WIDTHS: Final = (32, 64, 128, 256, 512)
_STARTUP: Final = 4  # trials before any is pruned
_LEAST_SECONDS: Final = 1.0
_LOSSES: Final = "losses"


@dataclass(frozen=True)
class Found:
    """Every trial, best first, the settings of the best, and its gain over the first trial with an interval."""

    leaderboard: pl.DataFrame
    changes: dict[str, Any]
    gain: tuple[float, float, float]
    gold_rows: int


def search(
    lesson: Lesson, settings: TrainSettings, *, seconds: float, storage: Path, start: tuple[int, ...] = ()
) -> Found:
    """Lesson, settings to start from, budget, journal of the trials and a suggested shape -> what was found.

    The first trial is the settings as they are, the second the suggested shape. A journal that is there is gone on with,
    also after a kill. No trial begins that would not end in time, by the longest so far, and a fit that outlasts the
    budget is cut short and does not count.
    """
    began = time.monotonic()
    study = _study(storage, settings)
    _enqueue(study, settings, start)
    longest = 0.0
    while (left := seconds - (time.monotonic() - began)) > max(longest, _LEAST_SECONDS):
        before = time.monotonic()
        _one(study, lesson, settings, deadline=began + seconds)
        longest = max(longest, time.monotonic() - before)
        print(f"search: trial {len(study.trials)}, best {_best(study):.4f}, {max(left, 0.0):.0f} s left")
    return found(study, settings, lesson)


def _study(storage: Path, settings: TrainSettings) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(logging.WARNING)
    storage.parent.mkdir(parents=True, exist_ok=True)
    journal = JournalStorage(JournalFileBackend(str(storage)))
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP)
    study = optuna.create_study(study_name=STUDY, storage=journal, load_if_exists=True, pruner=pruner)
    # what the sampler has drawn before a kill is gone: its seed moves on with the trials
    study.sampler = optuna.samplers.TPESampler(seed=settings.seed + len(study.trials), n_startup_trials=_STARTUP)
    return study


def _enqueue(study: Any, settings: TrainSettings, start: tuple[int, ...]) -> None:
    if not study.trials:
        for hidden in (settings.hidden, start):
            study.enqueue_trial({}, user_attrs={"hidden": list(hidden)})


def proposed(trial: Any, settings: TrainSettings) -> dict[str, Any]:
    """Optuna's trial and the settings there are -> what it changes of them."""
    if "hidden" in trial.user_attrs:
        return {"hidden": tuple(trial.user_attrs["hidden"])}
    depth = trial.suggest_int("depth", 0, 2)
    changes = {
        "hidden": tuple(trial.suggest_categorical(f"width_{k}", _WIDTHS) for k in range(depth)),
        "dropout": round(trial.suggest_float("dropout", 0.0, 0.6), 3),
        "learning_rate": float(f"{trial.suggest_float('learning_rate', 1e-4, 1e-2, log=True):.2g}"),
        "weight_decay": float(f"{trial.suggest_float('weight_decay', 1e-4, 1.0, log=True):.2g}"),
        "loss": trial.suggest_categorical("loss", ["soft_cross_entropy", "generalised_cross_entropy"]),
        "subset": round(trial.suggest_float("subset", 0.5, 1.0), 2),
        "self_training": trial.suggest_int("self_training", 0, 1),
        "confidence_weighting": trial.suggest_categorical("confidence_weighting", [False, True]),
        "uncovered": trial.suggest_categorical("uncovered", ["drop", "keep"]),
    }
    return TrainSettings.model_validate(settings.model_dump() | changes).model_dump(include=set(changes))


def _one(study: Any, lesson: Lesson, settings: TrainSettings, *, deadline: float) -> None:
    from optuna.trial import TrialState

    trial = study.ask()
    changes = proposed(trial, settings)
    used = settings.model_copy(update=changes | {"recipes": ()})
    measure = _measure(lesson, used)
    part = folds(len(lesson.targets), settings.trials, settings.seed)
    losses = np.full(len(lesson.targets), np.nan)
    for k in range(settings.trials):
        left = deadline - time.monotonic()
        if left < _LEAST_SECONDS:
            study.tell(trial, state=TrialState.FAIL)
            return
        limited = used.model_copy(update={"trainer": used.trainer | {"max_time": {"seconds": left}}})
        head = learn(lesson.part(part != k), limited)
        losses[part == k] = measure(head.predict_proba(lesson.features))[part == k]
        trial.report(float(np.nanmean(losses)), k)
        if k + 1 < settings.trials and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    if time.monotonic() >= deadline:
        study.tell(trial, state=TrialState.FAIL)
        return
    trial.set_user_attr("changes", {name: list(v) if isinstance(v, tuple) else v for name, v in changes.items()})
    trial.set_user_attr(_LOSSES, [round(float(one), 6) for one in losses[~np.isnan(losses)]])
    study.tell(trial, float(np.nanmean(losses)))


def _measure(lesson: Lesson, settings: TrainSettings) -> Callable[[Probabilities], Array]:
    """Lesson and settings -> what turns predictions into (rows,) losses, NaN where a row says nothing."""
    known = lesson.gold != NO_GOLD
    if settings.use_gold and int(known.sum()) >= ENOUGH_GOLD:
        truth = np.eye(lesson.targets.shape[1])[np.where(known, lesson.gold, 0)]
        return lambda said: np.where(known, squared(said, truth), np.nan)
    sure, labels = sure_rows(lesson), lesson.targets.argmax(axis=1)
    weights = np.zeros(len(labels))
    for label in np.unique(labels[sure]):
        weights[sure & (labels == label)] = 1.0 / (sure & (labels == label)).sum()
    weights *= sure.sum() / max(weights.sum(), 1e-12)
    return lambda said: np.where(sure, weights * (said.argmax(axis=1) != labels), np.nan)


def found(study: Any, settings: TrainSettings, lesson: Lesson) -> Found:
    """Study -> leaderboard, the best settings, and its gain over the settings there are with a paired interval."""
    done = sorted(
        (one for one in study.trials if one.value is not None and _LOSSES in one.user_attrs), key=lambda t: t.value
    )
    table = pl.DataFrame(
        {
            "trial": [one.number for one in done],
            "loss": [round(one.value, 6) for one in done],
            "seconds": [round(one.duration.total_seconds(), 1) if one.duration else None for one in done],
            "changes": [str(one.user_attrs["changes"]) for one in done],
        },
        schema={"trial": pl.Int64, "loss": pl.Float64, "seconds": pl.Float64, "changes": pl.String},
    )
    first = next((one for one in done if one.number == 0), None)
    rows = int((lesson.gold != NO_GOLD).sum()) if settings.use_gold else 0
    if first is None:
        return Found(table, {}, (0.0, 0.0, 0.0), rows)
    gains = np.asarray(first.user_attrs[_LOSSES]) - np.asarray(done[0].user_attrs[_LOSSES])
    generator = np.random.default_rng(settings.seed)
    drawn = generator.choice(gains, size=(1000, len(gains))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Found(table, done[0].user_attrs["changes"], (float(gains.mean()), float(low), float(high)), rows)


def _best(study: Any) -> float:
    values = [one.value for one in study.trials if one.value is not None]
    return min(values) if values else float("nan")

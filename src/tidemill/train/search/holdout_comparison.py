"""Compare the best trials of a search with the current settings, on rows that the search has not been scored on.

The best of many trials is in part the luckiest. So the best few and the current settings are fitted anew, with other folds
and seeds, and scored on the half of the rows that no trial was scored on: there luck does not come along. The interval is
of the paired difference by row (bootstrap), widened for the number of finalists (Bonferroni).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydantic import JsonValue

from tidemill.contracts import Probabilities
from tidemill.train.deadline import OutOfTimeError, time_limit
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import folds
from tidemill.train.row_weights import Array
from tidemill.train.search.settings import CURRENT_BACKBONE
from tidemill.train.search.space import BACKBONE, apply_changes
from tidemill.train.search.trials import CHANGES, SearchProblem, error_rate_by_row, losses_of

_DRAWS: Final = 2_000
_ROUNDS: Final = 20  # more would say the same
_ERROR: Final = 0.05  # one in twenty is called better by chance, whichever of the finalists it is


@dataclass(frozen=True)
class Finalist:
    """A trial that was compared again.

    Parameters
    ----------
    trial
        Its number.
    backbone, changes
        What it tries.
    gain
        Gain in loss, and the ends of its interval.
    points
        Gain in accuracy, and the ends of its interval.
    """

    trial: int
    backbone: str
    changes: dict[str, JsonValue]
    gain: tuple[float, float, float]
    points: tuple[float, float, float]


def compare_on_holdout(problem: SearchProblem, study: Any, *, deadline: float) -> tuple[list[Finalist], int]:
    """Compare the best trials with the current settings.

    Only whole rounds count: each fits the current settings and every finalist on the same folds with the same seed.

    Parameters
    ----------
    problem
        What is searched.
    study
        Optuna's study.
    deadline
        Moment of ``time.monotonic()``.

    Returns
    -------
    finalists : list of Finalist
        The largest gain first; empty where there was no time.
    rounds : int
    """
    trials, rows = finalists(study, problem), int(problem.scored_rows(1).sum())
    if not trials or not rows:
        return [], 0
    trials = trials[: max(1, _affordable(trials, deadline))]
    losses, errors = _measures(problem)
    sums = np.zeros((2, len(trials) + 1, rows))
    rounds = 0
    try:
        with time_limit(deadline):
            while rounds < _ROUNDS:
                predictions = _round(problem, trials, problem.settings.seed + 1 + rounds)
                sums += np.stack(
                    [[_scored(measure(predicted)) for predicted in predictions] for measure in (losses, errors)]
                )
                rounds += 1
    except OutOfTimeError:
        pass
    if not rounds:
        return [], 0
    gains = (sums[:, :1] - sums[:, 1:]) / rounds
    level = _ERROR / len(trials)
    compared = [
        Finalist(
            trial.number,
            trial.user_attrs[BACKBONE],
            trial.user_attrs[CHANGES],
            bootstrap_interval(gains[0, k], level, problem.search.seed),
            bootstrap_interval(gains[1, k], level, problem.search.seed),
        )
        for k, trial in enumerate(trials)
    ]
    return sorted(compared, key=lambda finalist: -finalist.gain[0]), rounds


def finalists(study: Any, problem: SearchProblem) -> list[Any]:
    """List the best completed trials that change something, each change once.

    Parameters
    ----------
    study
        Optuna's study.
    problem
        What is searched.

    Returns
    -------
    list of optuna.FrozenTrial
        The best first.
    """
    ordered = sorted((trial for trial in study.trials if trial.state.name == "COMPLETE"), key=lambda trial: trial.value)
    best: dict[str, Any] = {}
    for trial in ordered:
        backbone, changes = trial.user_attrs[BACKBONE], trial.user_attrs[CHANGES]
        if (changes or backbone != CURRENT_BACKBONE) and backbone in problem.training_sets:
            best.setdefault(f"{backbone} {sorted(changes.items())}", trial)
    return list(best.values())[: problem.search.finalists]


def _affordable(chosen: Sequence[Any], deadline: float) -> int:
    """Of how many trials a round, and the one of the current settings, ends in time."""
    left = deadline - time.monotonic()
    seconds = np.array([trial.duration.total_seconds() if trial.duration else 0.0 for trial in chosen])
    return int((np.cumsum(seconds) + seconds.mean() < left).sum())


def _round(problem: SearchProblem, chosen: Sequence[Any], seed: int) -> list[Probabilities]:
    """Out-of-fold predictions, those of the current settings first."""
    candidates: list[tuple[str, dict[str, Any]]] = [(CURRENT_BACKBONE, {})]
    candidates += [(trial.user_attrs[BACKBONE], trial.user_attrs[CHANGES]) for trial in chosen]
    part = folds(len(problem.training_set.targets), problem.search.folds, seed)
    predicted = []
    for backbone, changes in candidates:
        training_set = problem.training_sets[backbone]
        settings = apply_changes(problem.settings, changes).model_copy(update={"seed": seed})
        predictions = np.zeros_like(training_set.targets)
        for k in range(problem.search.folds):
            model, unseen = fit_end_model(training_set.part(part != k), settings), training_set.part(part == k)
            predictions[part == k] = model.predict_proba(unseen.features, unseen.texts)
        predicted.append(predictions)
    return predicted


def _measures(problem: SearchProblem) -> tuple[Any, Any]:
    """The loss, and the error rate on gold where it decides, else on confident labels."""
    rows, training_set = problem.scored_rows(1), problem.training_set
    labels = training_set.gold if problem.gold_rows else training_set.targets.argmax(axis=1)
    return losses_of(problem, rows), error_rate_by_row(labels, rows)


def _scored(losses: Array) -> Array:
    return losses[~np.isnan(losses)]


def bootstrap_interval(gains: Array, level: float, seed: int) -> tuple[float, float, float]:
    """Resample a mean.

    Parameters
    ----------
    gains : (n_rows,)
    level
        Share of error allowed.
    seed
        Of the resamples.

    Returns
    -------
    mean, low, high : float
    """
    generator = np.random.default_rng(seed)
    drawn = [generator.choice(gains, size=len(gains)).mean() for _ in range(_DRAWS)]
    low, high = np.quantile(drawn, [level / 2, 1 - level / 2])
    return float(gains.mean()), float(low), float(high)

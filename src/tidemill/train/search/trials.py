"""Trials of settings, as many as there is time for.

Optuna's tree-structured Parzen estimator (Bergstra et al., 2011) proposes settings; each is fitted on folds of the rows and
scored on the fold it has not seen, as recipes are compared in ``choose_recipe``. With gold the loss is the squared error on
it; without gold it is the error rate on confident labels, averaged over classes, so what is found then repeats the labels
best, mistakes included. Half of the rows that can be scored are scored here, the others are kept for
``holdout_comparison``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.deadline import OutOfTimeError, time_limit
from tidemill.train.recipes.choose_recipe import MIN_GOLD_ROWS, confident_rows, squared_errors
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import TrainingSet, folds
from tidemill.train.row_weights import Array, Mask
from tidemill.train.search.settings import CURRENT_BACKBONE, HIDDEN_SIZES, SearchSettings
from tidemill.train.search.space import BACKBONE, apply_changes, backbone_of, changes_of, point_of, space, suggest
from tidemill.train.settings import TrainSettings

CHANGES: Final = "changes"
"""Attribute of a trial: what it changes of the current settings."""
_GIVEN: Final = "given"  # attribute of a trial that was not proposed by the sampler: its name
_OUTSIDE: Final = (
    "outside"  # attribute of such a trial: its settings lie outside of the space, so no sampler learns of them
)
_MIN_SECONDS: Final = 0.2  # seconds below which no trial begins
_MIN_TIME_SHARE: Final = 0.7  # share of a usual trial's time that must be left for one to begin
_HALVES: Final = 2


@dataclass(frozen=True)
class SearchProblem:
    """The same rows with the features of each backbone, the current settings, and how to search.

    Parameters
    ----------
    training_sets
        Rows by name of the backbone.
    settings
        Current settings of train.
    search
        Settings of the search.
    """

    training_sets: Mapping[str, TrainingSet]
    settings: TrainSettings
    search: SearchSettings

    @property
    def training_set(self) -> TrainingSet:
        """The rows with the current features."""
        return self.training_sets[CURRENT_BACKBONE]

    @property
    def gold_rows(self) -> int:
        """Number of gold rows that decide; 0: too few, or gold is not used."""
        labeled = int((self.training_set.gold != NO_GOLD).sum())
        return labeled if self.settings.gold.use and labeled >= MIN_GOLD_ROWS else 0

    def scored_rows(self, half: int) -> Mask:
        """Mark the rows that a half may be scored on.

        Parameters
        ----------
        half
            0: the search, 1: the comparison after it.

        Returns
        -------
        (n_rows,)
        """
        scorable = self.training_set.gold != NO_GOLD if self.gold_rows else confident_rows(self.training_set)
        chosen = np.zeros(len(scorable), dtype=bool)
        rows = np.flatnonzero(scorable)
        chosen[rows[folds(len(rows), _HALVES, self.search.seed) == half]] = True
        return chosen


def run_trials(problem: SearchProblem, study: Any, *, deadline: float, start: tuple[int, ...] = ()) -> None:
    """Run trials and report them to the study.

    First the current settings, then the suggested shape and each backbone with the current settings, unless the study has
    them; then what the sampler proposes. A trial that the deadline cuts short has failed and does not count.

    Parameters
    ----------
    problem
        What is searched.
    study
        Optuna's study.
    deadline
        Moment of ``time.monotonic()``.
    start
        Suggested sizes of hidden layers.
    """
    enqueue(problem, study, start)
    loss = losses_of(problem, problem.scored_rows(0))
    durations: list[float] = []
    while (left := deadline - time.monotonic()) > max(
        _MIN_SECONDS, _MIN_TIME_SHARE * statistics.median(durations or [0.0])
    ):
        before = time.monotonic()
        _run_trial(problem, study, loss, deadline)
        durations.append(time.monotonic() - before)
        print(
            f"search: trial {len(study.trials)}, best {best_loss(study):.4f}, {max(left, 0.0):.0f} s left", flush=True
        )


def enqueue(problem: SearchProblem, study: Any, start: tuple[int, ...]) -> None:
    """Enqueue the trials to begin with that have neither ended nor been pruned.

    Parameters
    ----------
    problem
        What is searched.
    study
        Optuna's study.
    start
        Suggested sizes of hidden layers.
    """
    shaped = problem.settings.with_changes({HIDDEN_SIZES: start})
    given = {
        "settings as they are": (CURRENT_BACKBONE, problem.settings),
        "suggested shape": (CURRENT_BACKBONE, shaped),
    }
    given |= {
        f"backbone {name}": (name, problem.settings) for name in problem.training_sets if name != CURRENT_BACKBONE
    }
    present = {trial.user_attrs.get(_GIVEN) for trial in study.trials if trial.state.name != "FAIL"}
    for name, (backbone, settings) in given.items():
        if name not in present:
            params = point_of(settings, backbone, list(problem.training_sets), problem.search)
            about = {_GIVEN: name, BACKBONE: backbone, _OUTSIDE: not params}
            about |= {HIDDEN_SIZES: list(settings.head.hidden_sizes)}
            study.enqueue_trial(params, user_attrs=about)


def _run_trial(problem: SearchProblem, study: Any, loss: Callable[[Probabilities], Array], deadline: float) -> None:
    """One trial of Optuna's, fitted fold by fold."""
    import optuna

    state = optuna.trial.TrialState
    trial = study.ask()
    backbone, changed_settings = _proposed(problem, trial)
    trial.set_user_attr(CHANGES, changed_settings)
    trial.set_user_attr(BACKBONE, backbone)
    training_set, settings = problem.training_sets[backbone], apply_changes(problem.settings, changed_settings)
    fold = folds(len(training_set.targets), problem.search.folds, settings.seed)
    values = np.full(len(training_set.targets), np.nan)
    try:
        with time_limit(deadline):
            for k in range(problem.search.folds):
                predictions = fit_end_model(training_set.part(fold != k), settings).predict_proba(
                    training_set.features, training_set.texts
                )
                values[fold == k] = loss(predictions)[fold == k]
                trial.report(_mean(values), k)
                if k + 1 < problem.search.folds and trial.should_prune():
                    study.tell(trial, state=state.PRUNED)
                    return
    except OutOfTimeError:
        study.tell(trial, state=state.FAIL)
        return
    study.tell(trial, _mean(values))


def _mean(values: Array) -> float:
    """NaN where a row was not scored; 0 where none was."""
    scored = values[~np.isnan(values)]
    return float(scored.mean()) if len(scored) else 0.0


def _proposed(problem: SearchProblem, trial: Any) -> tuple[str, dict[str, Any]]:
    """Backbone, and what the trial changes of the settings."""
    about = trial.user_attrs
    if about.get(_OUTSIDE):
        hidden = about[HIDDEN_SIZES]
        return about[BACKBONE], {} if hidden == list(problem.settings.head.hidden_sizes) else {HIDDEN_SIZES: hidden}
    params = suggest(trial, space(problem.search, list(problem.training_sets)))
    return backbone_of(params), changes_of(params, problem.settings, problem.search)


def losses_of(problem: SearchProblem, rows: Mask) -> Callable[[Probabilities], Array]:
    """Make the function that turns predictions into losses.

    Parameters
    ----------
    problem
        What is searched.
    rows : (n_rows,)
        Rows that are scored.

    Returns
    -------
    Callable
        From (n_rows, n_classes) predictions to (n_rows,) losses whose mean is the loss; NaN where a row is not scored.
    """
    training_set = problem.training_set
    if problem.gold_rows:
        truth = np.eye(training_set.targets.shape[1])[np.where(rows, training_set.gold, 0)]
        return lambda predictions: np.where(rows, squared_errors(predictions, truth), np.nan)
    return error_rate_by_row(training_set.targets.argmax(axis=1), rows)


def error_rate_by_row(labels: Any, rows: Mask) -> Callable[[Probabilities], Array]:
    """Make the function that turns predictions into errors whose mean is the error rate, averaged over classes.

    Parameters
    ----------
    labels : (n_rows,)
        Class indices.
    rows : (n_rows,)
        Rows that are scored.

    Returns
    -------
    Callable
        From (n_rows, n_classes) predictions to (n_rows,) errors; NaN where a row is not scored.

    Examples
    --------
    >>> errors = error_rate_by_row(np.array([0, 0, 0, 1]), np.ones(4, dtype=bool))
    >>> float(errors(np.eye(2)[[1, 0, 0, 1]]).mean().round(6))  # a third of class 0, none of class 1
    0.166667
    """
    weights = np.zeros(len(labels))
    classes = np.unique(labels[rows])
    for label in classes:
        of_class = rows & (labels == label)
        weights[of_class] = rows.sum() / (of_class.sum() * len(classes))
    return lambda predictions: np.where(rows, weights * (predictions.argmax(axis=1) != labels), np.nan)


def best_loss(study: Any) -> float:
    """Select the least loss of the completed trials.

    Parameters
    ----------
    study
        Optuna's study.

    Returns
    -------
    float
        NaN where no trial has been completed.
    """
    values = [trial.value for trial in study.trials if trial.state.name == "COMPLETE"]
    return min(values, default=float("nan"))

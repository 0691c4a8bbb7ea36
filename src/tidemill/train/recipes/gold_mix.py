"""Choose how labels by people and labels by functions are mixed: weak labels alone, gold alone, or both.

Gold rows are divided into folds, class by class; each way is fitted without the gold rows of a fold, all other rows there, and
predicts them. The least squared error (Brier, 1950) decides, every class counting the same. How much functions add to the labels there
are is thereby measured for each problem, as Zhu et al. ask ("Weaker Than You Think", ACL 2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD
from tidemill.reports.model import GoldMix
from tidemill.train.recipes.choose_recipe import squared_errors
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.row_weights import Array, Ints
from tidemill.train.settings import TrainSettings

FEWEST_GOLD_ROWS: Final = 20
"""Gold rows from which on they decide; with fewer both kinds of labels are used."""
WEIGHTS: Final = (5.0, 20.0, 80.0)
"""Rows with a weak label that one row with gold weighs."""
LINEAR: Final = "gold, linear"
_NO_DEFENSE: Final = {"gold.use": True, "gold.alone": True}


def choose_gold_mix(training_set: TrainingSet, settings: TrainSettings) -> tuple[TrainSettings, GoldMix | None]:
    """Decide what ``gold.use: auto`` means for a problem.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    settings : TrainSettings
        The same, with gold used or not; those of gold alone without recipes, which are against noise.
    mix : GoldMix or None
        What was compared; None where the settings say whether gold is used.
    """
    if settings.gold.use != "auto":
        return settings, None
    labeled = np.flatnonzero(training_set.gold != NO_GOLD)
    both = settings.with_changes({"gold.use": True})
    if len(labeled) == 0:
        reason = "no row of train and dev has a label by a person"
        return settings.with_changes({"gold.use": False}), GoldMix(chosen="weak", reason=reason, rows=0, errors={})
    fold = _folds(training_set.gold[labeled], settings.recipe_folds, settings.seed)
    if len(labeled) < FEWEST_GOLD_ROWS or len(np.unique(training_set.gold[labeled])) == 1:
        reason = f"{len(labeled)} rows with gold are too few to compare by"
        return both, GoldMix(chosen="weak and gold", reason=reason, rows=len(labeled), errors={})
    ways = _ways(settings)
    losses = {name: _held_out_errors(training_set, way, labeled, fold) for name, way in ways.items()}
    balance = _balanced(training_set.gold[labeled])
    errors = {name: float((loss * balance).mean()) for name, loss in losses.items()}
    chosen = min(errors, key=lambda name: errors[name])
    mix = GoldMix(
        chosen=chosen,
        reason=_reason(errors),
        rows=len(labeled),
        errors={name: round(error, 6) for name, error in errors.items()},
    )
    kept = {} if ways[chosen].gold.alone else {"recipes": settings.recipes}
    return ways[chosen].with_changes(kept), mix


def _ways(settings: TrainSettings) -> dict[str, TrainSettings]:
    one = settings.with_changes({"recipes": ()})
    ways = {"weak": one.with_changes({"gold.use": False})}
    ways |= {
        f"weak and gold, 1 as {weight:g}": one.with_changes({"gold.use": True, "gold.weight": weight})
        for weight in WEIGHTS
    }
    alone = one.plain().with_changes(_NO_DEFENSE)
    return ways | {"gold": alone, LINEAR: alone.with_changes({"head.hidden_sizes": ()})}


def _folds(gold: Ints, parts: int, seed: int) -> Ints:
    """Folds of like size in every class."""
    order = np.random.default_rng([seed, 13]).permutation(len(gold))
    order = order[np.argsort(gold[order], kind="stable")]
    fold = np.empty(len(gold), dtype=np.int64)
    fold[order] = np.arange(len(gold)) % parts
    return fold


def _held_out_errors(training_set: TrainingSet, settings: TrainSettings, labeled: Ints, fold: Ints) -> Array:
    truth = np.eye(training_set.targets.shape[1])[training_set.gold[labeled]]
    errors = np.zeros(len(labeled))
    for part in np.unique(fold):
        held_out = np.zeros(len(training_set.gold), dtype=np.bool_)
        held_out[labeled[fold == part]] = True
        unseen = training_set.part(held_out)
        predicted = fit_end_model(training_set.part(~held_out), settings).predict_proba(unseen.features, unseen.texts)
        errors[fold == part] = squared_errors(predicted, truth[fold == part])
    return errors


def _balanced(gold: Ints) -> Array:
    counts = np.bincount(gold)
    return np.asarray(len(gold) / ((counts > 0).sum() * counts[gold]))


def _reason(errors: Mapping[str, float]) -> str:
    kinds: dict[str, Any] = {}
    for name, error in errors.items():
        kind = name.partition(",")[0]
        kinds[kind] = min(kinds.get(kind, error), error)
    shown = ", ".join(f"{kind} {error:.3f}" for kind, error in kinds.items())
    adds = (
        "functions add to the labels there are"
        if kinds["gold"] > min(kinds.values())
        else "functions add nothing to the labels there are"
    )
    return f"squared error on gold held out: {shown}; {adds}"

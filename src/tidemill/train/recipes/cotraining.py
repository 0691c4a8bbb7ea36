"""Co-training: models of several views of a row, each fitted on what they predict together.

Blum and Mitchell, "Combining Labeled and Unlabeled Data with Co-Training" (COLT 1998): models that read a row in different
ways err in different ways, so their joint prediction corrects each of them. The views are the backbone's features, which
the head reads, and what the members of ``settings.cotraining.views`` read, such as the wording of a text. The geometric mean of all
out-of-fold predictions becomes their labels as a model's own predictions do in ``recipe.self_training_targets``, and the
same mean is the prediction of the model.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.classical.base import Member, ModelInputs
from tidemill.train.classical.registry import MEMBERS
from tidemill.train.end_model.model import EndModel, Ensemble
from tidemill.train.end_model.stacking import geometric_mean_stack
from tidemill.train.head.fit import fit_head
from tidemill.train.recipes.recipe import TrainingSet, fit_head_by_recipe, folds, recipe_targets, self_training_targets
from tidemill.train.row_weights import Array, class_balanced_weights
from tidemill.train.settings import TrainSettings

PARTS: Final = 2
"""Parts of the rows; each is predicted by models of the other part."""


def fit_end_model(training_set: TrainingSet, settings: TrainSettings) -> EndModel:
    """Fit the end model by one recipe: a head, or head and members that are co-trained.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        The recipe.

    Returns
    -------
    EndModel
        Fitted.
    """
    return (
        fit_cotrained(training_set, settings)
        if settings.cotraining.views
        else EndModel(fit_head_by_recipe(training_set, settings))
    )


def fit_cotrained(training_set: TrainingSet, settings: TrainSettings) -> EndModel:
    """Fit head and members by co-training; the prediction is the geometric mean of theirs.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        The recipe, with views.

    Returns
    -------
    EndModel
        Fitted.

    Raises
    ------
    DataError
        No row has weight, or a view reads texts that the training set does not have.
    """
    targets, weights = recipe_targets(training_set, settings)
    for _ in range(settings.self_training.rounds):
        targets, weights = self_training_targets(
            held_out_predictions(training_set, targets, weights, settings), training_set, settings
        )
    return _fit_views(training_set, targets, weights, settings)


def held_out_predictions(
    training_set: TrainingSet, targets: Probabilities, weights: Array, settings: TrainSettings
) -> Probabilities:
    """Predict each row by models of the other part.

    Parameters
    ----------
    training_set
        Rows.
    targets : (n_rows, n_classes)
        Labels of this round.
    weights : (n_rows,)
        Weight of each row, at least 0.
    settings
        The recipe.

    Returns
    -------
    (n_rows, n_classes)
    """
    part, predictions = folds(len(targets), PARTS, settings.seed), np.zeros_like(targets)
    for k in range(PARTS):
        held_out = part == k
        model = _fit_views(training_set.part(~held_out), targets[~held_out], weights[~held_out], settings)
        unseen = training_set.part(held_out)
        predictions[held_out] = model.predict_proba(unseen.features, unseen.texts)
    return predictions


def _fit_views(training_set: TrainingSet, targets: Probabilities, weights: Array, settings: TrainSettings) -> EndModel:
    head = fit_head(training_set.features, targets, settings=settings, weights=weights)
    members: dict[str, Member] = {}
    for name in settings.cotraining.views:
        own, inputs = getattr(settings.ensemble, name), ModelInputs(training_set.features, training_set.texts)
        members[name] = MEMBERS[name].fit(
            inputs, targets, class_balanced_weights(targets, weights, settings), own, settings.seed
        )
    return EndModel(head, Ensemble(members, geometric_mean_stack(1 + len(members), targets.shape[1])))

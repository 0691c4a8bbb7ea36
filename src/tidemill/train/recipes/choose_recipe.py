"""Choose the recipe that the evidence supports.

Every recipe is fitted on folds of the rows and predicts the fold it has not seen. With gold, the least squared error
(Brier, 1950) on it decides, doubt going to the recipe listed first.

Without gold nothing shows the truth: agreement with held-out labels is highest for recipes that repeat the labels' errors,
and it would never choose one that corrects them (docs/train.md has the figures). So the order of the list is the prior
belief, and the evidence is a veto: the first recipe is taken whose recall of confident labels on rows it has not seen,
class by class, is nearly that of the last one, the plainest. What has drifted off or given up a class is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.reports.model import RecipeChoice
from tidemill.train.classical.registry import MEMBERS
from tidemill.train.end_model.model import EndModel
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import TrainingSet, folds
from tidemill.train.row_weights import Array, Ints, Mask
from tidemill.train.settings import TrainSettings

MIN_GOLD_ROWS: Final = 30
"""Gold rows from which on gold decides."""
MIN_RELATIVE_RECALL: Final = 0.9
"""Share of the plainest recipe's recall of held-out confident labels, below which a recipe is passed over."""


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of the models of all folds.

    Parameters
    ----------
    predictions : (n_folds, n_rows, n_classes)
        Each model's predictions of every row.
    fold : (n_rows,)
        The fold that each row was held out in.
    """

    predictions: Any
    fold: Ints

    @property
    def out_of_fold(self) -> Probabilities:
        """(n_rows, n_classes) predictions by the model that has not seen the row."""
        return np.asarray(self.predictions[self.fold, np.arange(len(self.fold))])

    @property
    def stability(self) -> float:
        """How often two of the models predict the same class of a row."""
        classes = self.predictions.argmax(axis=2)
        pairs = [(a, b) for a in range(len(classes)) for b in range(a)]
        return float(np.mean([(classes[a] == classes[b]).mean() for a, b in pairs]))


def fit_chosen_recipe(training_set: TrainingSet, settings: TrainSettings) -> tuple[EndModel, RecipeChoice | None]:
    """Fit the end model by the recipe that the evidence supports.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    model : EndModel
    choice : RecipeChoice or None
        None where there are no recipes to choose from.
    """
    if not settings.recipes:
        return fit_end_model(training_set, settings), None
    has_gold = settings.gold.use and int((training_set.gold != NO_GOLD).sum()) >= MIN_GOLD_ROWS
    choice = (choose_by_gold if has_gold else choose_by_order)(training_set, settings)
    return fit_end_model(training_set, settings.recipe(choice.chosen)), choice


def choose_by_gold(training_set: TrainingSet, settings: TrainSettings) -> RecipeChoice:
    """Choose the recipe of least squared error on gold.

    Parameters
    ----------
    training_set
        Rows to train on, some with gold.
    settings
        Settings of train.

    Returns
    -------
    RecipeChoice
    """
    labeled = training_set.gold != NO_GOLD
    truth = np.eye(training_set.targets.shape[1])[training_set.gold[labeled]]
    trials = {
        name: cross_validate(training_set, settings.recipe(name)) for name in usable_recipes(training_set, settings)
    }
    losses = {name: squared_errors(validation.out_of_fold[labeled], truth) for name, validation in trials.items()}
    scores = {
        name: gold_free_scores(validation, training_set) | {"squared_error": round(float(losses[name].mean()), 6)}
        for name, validation in trials.items()
    }
    chosen = within_one_standard_error(losses)[0]
    return RecipeChoice(chosen=chosen, reason="least squared error on gold", recipes=scores)


def choose_by_order(training_set: TrainingSet, settings: TrainSettings) -> RecipeChoice:
    """Choose the first recipe that is not passed over.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    RecipeChoice
    """
    *listed, plainest = usable_recipes(training_set, settings)
    scores = {plainest: gold_free_scores(cross_validate(training_set, settings.recipe(plainest)), training_set)}
    least = MIN_RELATIVE_RECALL * scores[plainest]["sure_labels"]
    chosen = plainest
    for name in listed:
        scores[name] = gold_free_scores(cross_validate(training_set, settings.recipe(name)), training_set)
        if scores[name]["sure_labels"] >= least:
            chosen = name
            break
    reason = f"first of the list whose recall of held-out confident labels is near that of {plainest}"
    return RecipeChoice(chosen=chosen, reason=reason, recipes=scores)


def usable_recipes(training_set: TrainingSet, settings: TrainSettings) -> list[str]:
    """List the recipes in their order, without those that read texts where there are none.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    list of str
        Names of recipes.
    """
    return [
        name
        for name in settings.recipe_names()
        if training_set.texts is not None
        or not any(MEMBERS[view].needs_text for view in settings.recipe(name).cotraining.views)
    ]


def gold_free_scores(validation: CrossValidation, training_set: TrainingSet) -> dict[str, float]:
    """Score a recipe without gold.

    Parameters
    ----------
    validation
        Predictions of its models.
    training_set
        The same rows and their labels.

    Returns
    -------
    dict of str to float
        ``sure_labels``: recall of confident labels; ``stability``.
    """
    return {
        "sure_labels": round(confident_label_recall(validation.out_of_fold, training_set), 6),
        "stability": round(validation.stability, 6),
    }


def cross_validate(training_set: TrainingSet, settings: TrainSettings) -> CrossValidation:
    """Fit a recipe on all folds but one, in turn.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        The recipe.

    Returns
    -------
    CrossValidation
    """
    fold = folds(len(training_set.targets), settings.recipe_folds, settings.seed)
    models = [fit_end_model(training_set.part(fold != k), settings) for k in range(settings.recipe_folds)]
    return CrossValidation(
        np.stack([model.predict_proba(training_set.features, training_set.texts) for model in models]), fold
    )


def confident_label_recall(predictions: Probabilities, training_set: TrainingSet) -> float:
    """Compute the recall of each class's confident labels, averaged over classes.

    Parameters
    ----------
    predictions : (n_rows, n_classes)
        Of rows that the models have not seen.
    training_set
        The rows and their labels.

    Returns
    -------
    float
        In [0, 1].
    """
    confident, labels = confident_rows(training_set), training_set.targets.argmax(axis=1)
    correct = predictions.argmax(axis=1) == labels
    shares = [correct[confident & (labels == label)].mean() for label in np.unique(labels[confident])]
    return float(np.mean(shares)) if shares else 0.0


def confident_rows(training_set: TrainingSet) -> Mask:
    """Mark the more confident half of each class's covered labels.

    Parameters
    ----------
    training_set
        Rows and their labels.

    Returns
    -------
    (n_rows,)
    """
    labels, confidence = training_set.targets.argmax(axis=1), training_set.targets.max(axis=1)
    confident = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels[training_set.covered]):
        of_class = training_set.covered & (labels == label)
        confident |= of_class & (confidence >= np.median(confidence[of_class]))
    return confident


def within_one_standard_error(losses: dict[str, Array]) -> list[str]:
    """List those whose mean loss is within one standard error of the best, in their order.

    The error is that of the paired difference.

    Parameters
    ----------
    losses
        (n_rows,) losses of the same rows, by name.

    Returns
    -------
    list of str
        Names, the best among them.

    Examples
    --------
    >>> within_one_standard_error({"a": np.array([0.0, 1.0, 0.0]), "b": np.zeros(3), "c": np.ones(3)})
    ['a', 'b']
    """
    best = min(losses.values(), key=lambda rows: float(rows.mean()))
    return [name for name, rows in losses.items() if (rows - best).mean() <= _standard_error(rows - best)]


def squared_errors(predictions: Probabilities, truth: Probabilities) -> Array:
    """Compute the squared distance of predictions from targets.

    Parameters
    ----------
    predictions, truth : (n_rows, n_classes)

    Returns
    -------
    (n_rows,)
    """
    return np.asarray(((predictions - truth) ** 2).sum(axis=1))


def _standard_error(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0

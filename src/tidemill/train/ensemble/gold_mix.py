"""Teach by labels of functions, by labels of people, or by both, as gold that was held out says (``train.gold.use: auto``).

Three end models are compared. *Weak* is fitted on labels of functions alone. *Gold* is what twenty lines of scikit-learn make of labels by
people: logistic regression on the features and, of texts, on TF-IDF. *Weak and gold* averages the models of gold and a head on both
kinds of labels. The shares of an average are those of least cross entropy on gold rows that none of its models has seen (Wolpert,
"Stacked Generalization", 1992; van der Laan et al., "Super Learner", 2007), as if ten more rows spoke for equal shares.

Gold rows are divided into folds, class by class. The shares by which rows of a fold are predicted are fitted on the other folds, so what is
compared was held out from models and shares alike. The least squared error (Brier, 1950) decides, every class counting the same; doubt goes to
the average, which few rows cannot make much worse than its best model. How much functions add to the labels there are is thereby measured
for each problem, as Zhu et al. ask ("Weaker Than You Think", ACL 2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.reports.base import Estimate
from tidemill.reports.model import GoldMix, HeadTraining, RecipeChoice
from tidemill.train.classical.base import Member, ModelInputs
from tidemill.train.classical.linear import Linear
from tidemill.train.end_model.model import EndModel, Ensemble
from tidemill.train.end_model.stacking import Blend, fit_blend
from tidemill.train.ensemble.choose_ensemble import fit_member, stratified_folds
from tidemill.train.head.head import Head
from tidemill.train.recipes.choose_recipe import (
    choose_by_order,
    fit_chosen_recipe,
    squared_errors,
    within_one_standard_error,
)
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import FOLDS, TrainingSet
from tidemill.train.row_weights import Array, Ints, row_weights
from tidemill.train.settings import TrainSettings

FEWEST_GOLD_ROWS: Final = 20
"""Gold rows from which on they decide; with fewer both kinds of labels are used."""
WEAK, GOLD, BOTH = "weak", "gold", "weak and gold"
_HEAD, _LINEAR, _NGRAMS = "head", "linear", "ngrams"
_EQUAL_ROWS: Final = 10.0
"""Rows that speak for equal shares: without them thirty rows can give a model nothing that is the best."""
_GOLD_ALONE: Final = {
    "gold.use": True,
    "gold.alone": True,
    "head.hidden_sizes": (),
    "recipes": (),
    "cotraining.views": (),
    "ensemble.ngrams.min_df": 1,
}
_L2_PER_DIMENSION: Final = 0.15
"""Of scaled features, in rows: C=7 of scikit-learn where features of a row have length one."""
_NORMAL: Final = 1.96


@dataclass(frozen=True)
class MixedModel:
    """The end model that was fitted.

    Parameters
    ----------
    model
        Fitted on all rows.
    settings
        By which its head was fitted: gold used or not, and of recipes the one chosen.
    choice
        Of the recipe; None where there was none to choose.
    mix
        What was compared; None where settings say whether gold is used.
    """

    model: EndModel
    settings: TrainSettings
    choice: RecipeChoice | None
    mix: GoldMix | None


def fit_gold_mix(training_set: TrainingSet, settings: TrainSettings) -> MixedModel:
    """Fit the end model on the labels that gold held out speaks for.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    MixedModel
    """
    gold = training_set.gold[training_set.gold != NO_GOLD]
    if len(gold) == 0:
        return _by_recipe(training_set, settings, WEAK, "no row of train and dev has a label by a person")
    if len(gold) < FEWEST_GOLD_ROWS or len(np.unique(gold)) == 1:
        return _by_recipe(training_set, settings, BOTH, f"{len(gold)} rows with gold are too few to compare by")
    if settings.ensemble.members:
        return _by_recipe(
            training_set, settings, BOTH, "models of train.ensemble.members are weighed by gold themselves"
        )
    choice = choose_by_order(training_set, settings.with_changes({"gold.use": False})) if settings.recipes else None
    recipe = settings.recipe(choice.chosen) if choice else settings
    ways = _ways(training_set, recipe)
    held_out = _held_out(training_set, ways, settings.seed)
    chosen = within_one_standard_error(held_out.losses)[0]
    model, shares = _fitted(training_set, chosen, ways, held_out)
    return MixedModel(model, ways[chosen], choice, _report(held_out, chosen, shares))


def _by_recipe(training_set: TrainingSet, settings: TrainSettings, chosen: str, reason: str) -> MixedModel:
    used = settings.with_changes({"gold.use": chosen == BOTH})
    model, choice = fit_chosen_recipe(training_set, used)
    mix = GoldMix(chosen=chosen, reason=reason, rows=int((training_set.gold != NO_GOLD).sum()), errors={})
    return MixedModel(model, used.recipe(choice.chosen) if choice else used, choice, mix)


def _has_weak_labels(training_set: TrainingSet, settings: TrainSettings) -> bool:
    weights = row_weights(training_set.targets, training_set.covered, settings)
    return bool(((weights > 0) & training_set.covered & (training_set.gold == NO_GOLD)).any())


def _ways(training_set: TrainingSet, recipe: TrainSettings) -> dict[str, TrainSettings]:
    """In the order in which doubt decides."""
    l2 = _L2_PER_DIMENSION * training_set.features.shape[1]
    alone = {GOLD: recipe.plain().with_changes(_GOLD_ALONE | {"ensemble.linear.l2": l2})}
    if not _has_weak_labels(training_set, recipe):
        return alone
    return {
        BOTH: recipe.with_changes({"gold.use": True}),
        **alone,
        WEAK: recipe.with_changes({"gold.use": False}),
    }


def _fit_models(training_set: TrainingSet, way: str, ways: Mapping[str, TrainSettings]) -> dict[str, Head | Member]:
    """The models whose predictions are averaged, by name, the head first."""
    linear, *others = _fit_on_gold(training_set, ways[GOLD])
    if way == GOLD:
        return {_HEAD: _as_head(linear, training_set), **dict(others)}
    model = fit_end_model(training_set, ways[way])
    own: dict[str, Head | Member] = {_HEAD: model.head, **(model.ensemble.members if model.ensemble else {})}
    return own | {name: member for name, member in [linear, *others] if name not in own}


def _fit_on_gold(training_set: TrainingSet, settings: TrainSettings) -> list[tuple[str, Member]]:
    labeled = training_set.part(training_set.gold != NO_GOLD)
    names = [_LINEAR, *([_NGRAMS] if training_set.texts is not None else [])]
    inputs = ModelInputs(labeled.features, labeled.texts)
    return [(name, fit_member(name, labeled, inputs, settings)) for name in names]


def _as_head(linear: tuple[str, Member], training_set: TrainingSet) -> Head:
    """Logistic regression is a head without hidden layers."""
    fitted = linear[1]
    assert isinstance(fitted, Linear)  # noqa: S101 - the first member is fitted on features
    rows = int((training_set.gold != NO_GOLD).sum())
    training = HeadTraining(rows=rows, held_out_rows=0, epochs=0, held_out_loss=None)
    layer = (np.ascontiguousarray(fitted.model.weight.T), fitted.model.bias)
    return Head(fitted.mean, fitted.scale, (layer,), training=training)


def _predict(model: Head | Member, rows: TrainingSet) -> Probabilities:
    if isinstance(model, Head):
        return model.predict_proba(rows.features)
    return model.predict_proba(ModelInputs(rows.features, rows.texts))


@dataclass(frozen=True)
class _HeldOut:
    """Predictions of gold rows by models that have not seen their labels: of several models by way, of the weak model alone."""

    truth: Probabilities
    fold: Ints
    stacks: dict[str, Any]
    weak: Probabilities | None

    @property
    def weights(self) -> Array:
        """Every class counts the same."""
        gold = self.truth.argmax(axis=1)
        counts = np.bincount(gold)
        return np.asarray(len(gold) / ((counts > 0).sum() * counts[gold]))

    @property
    def losses(self) -> dict[str, Array]:
        """Squared errors of each way, in the order in which doubt decides."""
        predicted = {way: self._averaged(way) for way in self.stacks}
        if self.weak is not None:
            predicted[WEAK] = self.weak
        return {way: squared_errors(item, self.truth) * self.weights for way, item in predicted.items()}

    def shares(self, way: str, rows: Any = slice(None)) -> Blend:
        """Shares of the models of a way, fitted on some of the rows."""
        return fit_blend(self.stacks[way][:, rows], self.truth[rows], self.weights[rows], equal_rows=_EQUAL_ROWS)

    def _averaged(self, way: str) -> Probabilities:
        predicted = np.zeros_like(self.truth)
        for part in np.unique(self.fold):
            rows = self.fold == part
            predicted[rows] = self.shares(way, ~rows).predict_proba(self.stacks[way][:, rows])
        return predicted


def _held_out(training_set: TrainingSet, ways: Mapping[str, TrainSettings], seed: int) -> _HeldOut:
    labeled = np.flatnonzero(training_set.gold != NO_GOLD)
    gold = training_set.gold[labeled]
    fold = stratified_folds(gold, FOLDS, seed)
    parts: dict[str, list[Any]] = {way: [] for way in ways if way != WEAK}
    for part in range(FOLDS):
        rest, unseen = _without(training_set, labeled[fold == part])
        for way, predicted in parts.items():
            models = _fit_models(rest, way, ways)
            predicted.append(np.stack([_predict(model, unseen) for model in models.values()]))
    order = np.argsort(np.argsort(fold, kind="stable"))
    stacks = {way: np.concatenate(predicted, axis=1)[:, order] for way, predicted in parts.items()}
    truth = np.eye(training_set.targets.shape[1])[gold]
    return _HeldOut(truth, fold, stacks, _weak_predictions(training_set, ways, labeled, fold) if WEAK in ways else None)


def _weak_predictions(
    training_set: TrainingSet, ways: Mapping[str, TrainSettings], labeled: Ints, fold: Ints
) -> Probabilities:
    """Of a model that has seen none of the gold rows, or none of their fold where they are most of the rows."""
    parts = fold if 2 * len(labeled) > len(training_set.gold) else np.zeros_like(fold)
    predicted = np.zeros((len(labeled), training_set.targets.shape[1]))
    for part in np.unique(parts):
        rest, unseen = _without(training_set, labeled[parts == part])
        predicted[parts == part] = fit_end_model(rest, ways[WEAK]).predict_proba(unseen.features, unseen.texts)
    return predicted


def _without(training_set: TrainingSet, rows: Ints) -> tuple[TrainingSet, TrainingSet]:
    held_out = np.zeros(len(training_set.gold), dtype=np.bool_)
    held_out[rows] = True
    return training_set.part(~held_out), training_set.part(held_out)


def _fitted(
    training_set: TrainingSet, chosen: str, ways: Mapping[str, TrainSettings], held_out: _HeldOut
) -> tuple[EndModel, dict[str, float]]:
    if chosen == WEAK:
        return fit_end_model(training_set, ways[WEAK]), {}
    models = _fit_models(training_set, chosen, ways)
    blend = held_out.shares(chosen)
    head = models.pop(_HEAD)
    assert isinstance(head, Head)  # noqa: S101 - it is named so
    members = {name: model for name, model in models.items() if not isinstance(model, Head)}
    shares = dict(zip((_HEAD, *members), blend.shares.round(6).tolist(), strict=True))
    return EndModel(head, Ensemble(members, blend) if members else None), shares


def _report(held_out: _HeldOut, chosen: str, shares: dict[str, float]) -> GoldMix:
    losses = held_out.losses
    errors = {way: round(float(loss.mean()), 6) for way, loss in losses.items()}
    shown = ", ".join(f"{way} {error:.3f}" for way, error in errors.items())
    gain = None if BOTH not in losses else _gain(losses[GOLD] - losses[BOTH if chosen == GOLD else chosen])
    return GoldMix(
        chosen=chosen,
        reason=f"squared error on gold held out: {shown}; {_what_functions_add(gain)}",
        rows=len(held_out.truth),
        errors=errors,
        shares=shares,
        gain_of_functions=gain,
    )


def _gain(differences: Array) -> Estimate:
    mean, spread = float(differences.mean()), _NORMAL * float(differences.std(ddof=1)) / len(differences) ** 0.5
    return Estimate(score=round(mean, 6), low=round(mean - spread, 6), high=round(mean + spread, 6))


def _what_functions_add(gain: Estimate | None) -> str:
    if gain is None or gain.score is None or gain.low is None or gain.high is None:
        return "no row without gold has a label by a function"
    by = f"{gain.score:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] less error than gold alone"
    if gain.low > 0:
        return f"functions add to the labels there are, {by}"
    if gain.high < 0:
        more = f"{-gain.score:+.3f} [{-gain.high:+.3f}, {-gain.low:+.3f}] more error than gold alone"
        return f"functions take away from the labels there are, {more}"
    return f"functions add nothing that shows to the labels there are, {by}"

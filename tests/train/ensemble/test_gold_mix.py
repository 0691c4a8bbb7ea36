"""Weak labels, gold or both: what errs less on gold held out is taken and named."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.train.factories import changed, clouds, training_set
from tidemill.contracts import NO_GOLD
from tidemill.train.classical.base import ModelInputs
from tidemill.train.end_model.model import EndModel
from tidemill.train.ensemble import gold_mix
from tidemill.train.ensemble.gold_mix import BOTH, FEWEST_GOLD_ROWS, GOLD, WEAK, _HeldOut, fit_gold_mix
from tidemill.train.recipes.recipe import TrainingSet, recipe_targets
from tidemill.train.settings import TrainSettings

AUTO = {"gold.use": "auto"}


def guessing(known: TrainingSet) -> TrainingSet:
    """The same rows with labels that have nothing to do with what they are."""
    drawn = np.random.default_rng(5).uniform(0.2, 0.8, size=len(known.targets))
    return replace(known, targets=np.stack([drawn, 1 - drawn], axis=1))


def accuracy(model: EndModel, rows: int = 2000) -> float:
    features, truth = clouds(rows, seed=77)
    return float((model.predict_proba(features).argmax(axis=1) == truth.argmax(axis=1)).mean())


@pytest.mark.slow
def test_functions_that_guess_cost_nothing_and_it_is_said(settings: TrainSettings) -> None:
    known, _, _ = training_set(rows=300, known=90)
    done = fit_gold_mix(guessing(known), changed(settings, AUTO))
    mix = done.mix
    assert mix is not None
    assert mix.chosen in (GOLD, BOTH)
    assert mix.errors[WEAK] > 2 * mix.errors[mix.chosen]
    assert mix.gain_of_functions is not None
    assert mix.gain_of_functions.low is not None
    assert mix.gain_of_functions.low <= 0
    assert "functions add to the labels there are" not in mix.reason
    assert mix.rows == 90
    silent = replace(guessing(known), covered=np.zeros(300, dtype=bool))
    alone = fit_gold_mix(silent, changed(settings, AUTO))
    assert alone.mix is not None
    assert alone.mix.errors.keys() == {GOLD}
    assert accuracy(done.model) >= accuracy(alone.model) - 0.01


TRUTH = np.eye(2)[np.arange(90) % 2]
FOLD = np.arange(90) % 3


def sure_of_truth(share: float) -> np.ndarray:
    """Predictions that give the true class about so much, more and less by turns."""
    sure = share + np.where(np.arange(90) % 4 < 2, 0.05, -0.05)
    return np.where(TRUTH > 0, sure[:, None], 1 - sure[:, None])


@pytest.mark.parametrize(
    ("both", "gold", "weak", "chosen"),
    [(0.6, 0.9, 0.6, GOLD), (0.6, 0.6, 0.9, WEAK), (0.9, 0.6, 0.6, BOTH), (0.801, 0.8, 0.8, BOTH)],
)
def test_what_errs_least_on_gold_held_out_is_taken_and_named(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, both: float, gold: float, weak: float, chosen: str
) -> None:
    stacks = {BOTH: np.stack([sure_of_truth(both)] * 2), GOLD: sure_of_truth(gold)[None]}
    monkeypatch.setattr(gold_mix, "_held_out", lambda *_: _HeldOut(TRUTH, FOLD, stacks, sure_of_truth(weak)))
    known, _, _ = training_set(rows=40, known=30)
    done = fit_gold_mix(known, changed(settings, AUTO | {"optimizer.max_epochs": 2}))
    assert done.mix is not None
    assert done.mix.chosen == chosen
    assert done.settings.gold.use is (chosen != WEAK)
    assert (done.model.ensemble is not None) == (chosen == BOTH)
    assert done.mix.errors[chosen] == min(done.mix.errors.values())
    if chosen == GOLD:
        assert re.search(
            r"functions take away from the labels there are, \+0\.\d+ .* more error than gold alone", done.mix.reason
        )


def test_models_by_which_labels_are_compared_have_not_seen_the_rows(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _, _ = training_set(rows=60, known=30)
    judged: list[tuple[TrainingSet, np.ndarray]] = []

    def predict(rest: TrainingSet, features: np.ndarray) -> np.ndarray:
        judged.append((rest, features))
        return np.full((len(features), 2), 0.5)

    def weak_model(rest: TrainingSet, _: TrainSettings) -> SimpleNamespace:
        return SimpleNamespace(predict_proba=lambda features, _: predict(rest, features))

    monkeypatch.setattr(gold_mix, "_fit_models", lambda rest, *_: {"head": rest})
    monkeypatch.setattr(gold_mix, "_predict", lambda rest, rows: predict(rest, rows.features))
    monkeypatch.setattr(gold_mix, "fit_end_model", weak_model)
    assert gold_mix._held_out(known, gold_mix._ways(known, settings), seed=0).losses.keys() == {BOTH, GOLD, WEAK}
    for rest, features in judged:
        assert not {row.tobytes() for row in rest.features} & {row.tobytes() for row in features}
    assert sum(len(features) for _, features in judged) == 3 * 30  # every row with gold, by each of the three


def test_shares_by_which_rows_are_judged_are_fitted_on_other_rows() -> None:
    """One model is right but for the last fold, the other on that alone: shares of the other folds are wrong there."""
    last = (FOLD == 2)[:, None]
    right, wrong = sure_of_truth(0.9), sure_of_truth(0.1)
    stacks = {BOTH: np.stack([np.where(last, wrong, right), np.where(last, right, wrong)])}
    losses = _HeldOut(TRUTH, FOLD, stacks, None).losses[BOTH]
    assert losses[FOLD == 2].mean() > 1.0  # of 2 at most; by shares of its own it would be below .1


@pytest.mark.slow
def test_functions_that_are_right_teach_beside_few_labels(settings: TrainSettings) -> None:
    """Among sixty dimensions of noise two dozen labels do not show which five matter; three hundred do."""
    known, truth, _ = training_set(rows=300, known=24)
    noise = np.random.default_rng(3).normal(size=(300, 60)).astype(np.float32)
    known = replace(known, targets=truth, features=np.hstack([known.features, noise]))
    done = fit_gold_mix(known, changed(settings, AUTO))
    assert done.mix is not None
    assert done.mix.chosen in (WEAK, BOTH)
    assert set(done.mix.errors) == {BOTH, GOLD, WEAK}
    assert "functions add to the labels there are" in done.mix.reason
    assert not done.settings.gold.alone


def test_wording_is_read_where_rows_are_texts(settings: TrainSettings) -> None:
    """Features say nothing of the class here, one word does."""
    known, truth, _ = training_set(rows=200, known=80)
    words = [f"{'grand' if row[0] else 'poor'} film number {place}" for place, row in enumerate(truth)]
    blind = np.random.default_rng(2).normal(size=known.features.shape).astype(np.float32)
    seen = replace(guessing(known), features=blind, texts=words)
    done = fit_gold_mix(seen, changed(settings, AUTO))
    assert done.mix is not None
    assert max(done.mix.shares.items(), key=lambda item: item[1])[0] == "ngrams"
    assert sum(done.mix.shares.values()) == pytest.approx(1.0)
    assert done.model.ensemble is not None
    parts = [done.model.head.predict_proba(blind)]
    parts += [one.predict_proba(ModelInputs(blind, words)) for one in done.model.ensemble.members.values()]
    mean = sum(share * part for share, part in zip(done.mix.shares.values(), parts, strict=True))
    predicted = done.model.predict_proba(blind, words)
    assert np.allclose(predicted, mean, atol=1e-5)
    assert (predicted.argmax(axis=1) == truth.argmax(axis=1))[80:].mean() > 0.95


@pytest.mark.parametrize(("known", "chosen", "use"), [(0, WEAK, False), (FEWEST_GOLD_ROWS - 1, BOTH, True)])
def test_too_few_labels_decide_nothing(settings: TrainSettings, known: int, chosen: str, *, use: bool) -> None:
    rows, _, _ = training_set(rows=100, known=known)
    done = fit_gold_mix(rows, changed(settings, AUTO))
    assert done.mix is not None
    assert (done.mix.chosen, done.settings.gold.use, done.mix.errors) == (chosen, use, {})


def test_gold_alone_gives_no_other_row_weight(settings: TrainSettings) -> None:
    rows, _, _ = training_set(rows=100, known=40)
    silent = replace(rows, covered=np.zeros(100, dtype=bool), targets=np.full((100, 2), 0.5))
    done = fit_gold_mix(silent, changed(settings, AUTO))
    assert done.mix is not None
    assert done.mix.chosen == GOLD
    _, weights = recipe_targets(silent, done.settings)
    assert ((weights > 0) == (rows.gold != NO_GOLD)).all()
    assert done.model.ensemble is None
    assert [weight.shape for weight, _ in done.model.head.layers] == [(2, 5)]

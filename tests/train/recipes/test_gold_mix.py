"""Weak labels, gold or both: what errs least on gold held out is taken and named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.train.factories import changed, training_set
from tidemill.contracts import NO_GOLD
from tidemill.train.recipes.gold_mix import FEWEST_GOLD_ROWS, LINEAR, WEIGHTS, choose_gold_mix
from tidemill.train.recipes.recipe import TrainingSet, recipe_targets
from tidemill.train.settings import TrainSettings

AUTO = {"gold.use": "auto"}


def guessing(known: TrainingSet) -> TrainingSet:
    """The same rows with labels that have nothing to do with what they are."""
    drawn = np.random.default_rng(5).uniform(0.2, 0.8, size=len(known.targets))
    return replace(known, targets=np.stack([drawn, 1 - drawn], axis=1))


def test_functions_that_guess_are_left_out_and_it_is_said(settings: TrainSettings) -> None:
    known, _, _ = training_set(rows=300, known=90)
    used, mix = choose_gold_mix(guessing(known), changed(settings, AUTO))
    assert mix is not None
    assert mix.chosen in ("gold", LINEAR)
    assert used.gold.use is True
    assert used.gold.alone
    assert mix.errors["weak"] > 2 * mix.errors[mix.chosen]
    assert mix.reason.endswith("functions add nothing to the labels there are")
    assert mix.rows == 90


def test_functions_that_are_right_teach_beside_few_labels(settings: TrainSettings) -> None:
    """Among sixty dimensions of noise two dozen labels do not show which five matter; three hundred do."""
    known, truth, _ = training_set(rows=300, known=24)
    noise = np.random.default_rng(3).normal(size=(300, 60)).astype(np.float32)
    known = replace(known, targets=truth, features=np.hstack([known.features, noise]))
    used, mix = choose_gold_mix(known, changed(settings, AUTO))
    assert mix is not None
    assert mix.chosen.startswith("weak")
    assert not used.gold.alone
    assert set(mix.errors) == {"weak", "gold", LINEAR, *(f"weak and gold, 1 as {weight:g}" for weight in WEIGHTS)}


@pytest.mark.parametrize(
    ("known", "chosen", "use"), [(0, "weak", False), (FEWEST_GOLD_ROWS - 1, "weak and gold", True)]
)
def test_too_few_labels_decide_nothing(settings: TrainSettings, known: int, chosen: str, *, use: bool) -> None:
    rows, _, _ = training_set(rows=100, known=known)
    used, mix = choose_gold_mix(rows, changed(settings, AUTO))
    assert mix is not None
    assert (mix.chosen, used.gold.use, mix.errors) == (chosen, use, {})


def test_what_is_stated_is_not_compared(settings: TrainSettings) -> None:
    rows, _, _ = training_set(rows=100, known=40)
    for use in (True, False):
        own = changed(settings, {"gold.use": use})
        assert choose_gold_mix(rows, own) == (own, None)


def test_gold_alone_gives_no_other_row_weight(settings: TrainSettings) -> None:
    rows, _, _ = training_set(rows=100, known=40)
    _, weights = recipe_targets(rows, changed(settings, {"gold.use": True, "gold.alone": True}))
    assert ((weights > 0) == (rows.gold != NO_GOLD)).all()

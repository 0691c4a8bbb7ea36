"""Functions that are known to repeat one another's errors count as one, although votes alone do not show it."""

import json

import numpy as np
import pytest

from tests.denoise.factories import two_sided
from tidemill.contracts import ABSTAIN
from tidemill.denoise.models.registry import MODELS, create, from_dict

GROUP = (1, 3, 4)


@pytest.fixture(scope="module")
def votes():
    """Five functions; the three of the group are wrong together on one row in five."""
    chance = np.random.default_rng(5)
    truth = chance.integers(0, 2, 2000)
    columns = [two_sided(truth, 0.8, 0.8, chance) for _ in range(5)]
    together = chance.random(2000) < 0.2
    for j in GROUP:
        columns[j] = np.where(together & (columns[j] != ABSTAIN), 1 - truth, columns[j])
    return np.stack(columns, axis=1).astype(np.int16)


def fitted(name, votes, groups):
    model = create(name, 2, **({"seed": 1, "draws": 0} if "seed" in MODELS[name].parameters else {}))
    model.known_groups = groups
    return model.fit(votes)


@pytest.mark.parametrize("name", ["pairs", "smoothed", "generative", "auto"])
def test_a_group_outvotes_another_function_less_than_three_functions_do(name, votes):
    row = np.array([[1, 0, ABSTAIN, 0, 0]], dtype=np.int16)
    alone, grouped = (fitted(name, votes, groups).predict_proba(row)[0, 0] for groups in ((), (GROUP,)))
    assert grouped < alone - 0.05


@pytest.mark.parametrize("name", ["pairs", "smoothed"])
def test_the_weights_of_a_group_add_up_to_one_at_most(name, votes):
    model = fitted(name, votes, (GROUP,))
    weights = model.weights_[np.argsort(model.order_)]
    assert weights[list(GROUP)].sum() <= 1.0 + 1e-9
    assert weights[[0, 2]].tolist() == [1.0, 1.0]


def test_in_the_smoothed_vote_a_group_that_agrees_is_one_vote(votes):
    """Its three votes against one are as one against one, but for what was learned, which moves a tie by little."""
    row = np.array([[1, 0, ABSTAIN, 0, 0], [1, ABSTAIN, 0, ABSTAIN, ABSTAIN]], dtype=np.int16)
    model = fitted("smoothed", votes, (GROUP,))
    three, one = model._smoothed(row[:, model.order_])[:, 0]
    assert three == pytest.approx(one, abs=0.1)


@pytest.mark.parametrize("name", ["pairs", "smoothed", "generative", "auto"])
def test_what_is_saved_predicts_as_what_was_fitted(name, votes):
    model = fitted(name, votes, (GROUP,))
    again = from_dict(json.loads(json.dumps(model.to_dict())))
    assert again.known_groups == (GROUP,)
    assert (again.predict_proba(votes[:50]) == model.predict_proba(votes[:50])).all()


def test_the_order_of_the_functions_does_not_matter(votes):
    order = np.array([4, 0, 3, 1, 2])
    moved = tuple(int(np.flatnonzero(order == j)[0]) for j in GROUP)
    here = fitted("auto", votes, (GROUP,)).predict_proba(votes[:50])
    there = fitted("auto", votes[:, order], (moved,)).predict_proba(votes[:50, order])
    assert there == pytest.approx(here)


def test_with_features_a_group_counts_as_one_too(votes):
    features = np.random.default_rng(1).normal(size=(len(votes), 3)).astype(np.float32)
    row, model = np.array([[1, 0, ABSTAIN, 0, 0]], dtype=np.int16), create("auto", 2, seed=1, draws=0)
    model.known_groups = (GROUP,)
    grouped = model.fit(votes, features=features).predict_proba(row, features=features[:1])[0, 0]
    alone = create("auto", 2, seed=1, draws=0).fit(votes, features=features)
    assert grouped < alone.predict_proba(row, features=features[:1])[0, 0]

"""Votes times those of the nearest rows, by hand."""

from typing import Any

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN
from tidemill.denoise.models.neighbours import Neighbours

REFERENCE = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
OPINIONS = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])


def known(nearest=2):
    model: Any = Neighbours(2, nearest=nearest)
    model.reference_, model.opinions_ = REFERENCE, OPINIONS
    return model


def test_the_nearest_by_angle_are_averaged_and_a_row_is_not_its_own_neighbour():
    features = np.array([[5.0, 0.0], [0.1, 0.9]], dtype=np.float32)
    found = known()._near(features)
    assert found[0] == pytest.approx((OPINIONS[1] + OPINIONS[2]) / 2)  # the first reference row is the row itself
    assert found[1] == pytest.approx((OPINIONS[1] + OPINIONS[2]) / 2)
    assert known(1)._near(features) == pytest.approx(OPINIONS[[1, 2]])
    assert known(9)._near(features[1:]) == pytest.approx(OPINIONS[1:].mean(axis=0)[None])  # there are two others


def test_many_rows_are_answered_as_each_alone():
    angles = np.random.default_rng(0).uniform(0, np.pi / 2, 1100)
    features = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    model = known(1)
    assert model._near(features) == pytest.approx(
        np.vstack([model._near(features[k : k + 100]) for k in range(0, 1100, 100)])
    )


def test_the_answer_is_the_product_of_votes_and_neighbours():
    rng = np.random.default_rng(1)
    votes = rng.integers(0, 2, (40, 3)).astype(np.int8)
    votes[:5] = ABSTAIN
    features = (rng.normal(size=(40, 2)) + votes[:, :1]).astype(np.float32)
    model: Any = Neighbours(2, nearest=3).fit(votes, features=features)
    assert len(model.reference_) == 35  # rows without votes tell nothing
    product = model.votes_only_.predict_proba(votes[:, model.order_]) * model._near(features)
    found = model.predict_proba(votes, features=features)
    assert found == pytest.approx(product / product.sum(axis=1, keepdims=True))
    assert model.balance_ == pytest.approx(model.opinions_.mean(axis=0))

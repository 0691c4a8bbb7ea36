"""Scaling of features: the units of the whole do not matter, a backbone's own proportions half do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidemill.train.classical.base import ModelInputs
from tidemill.train.classical.linear import Linear
from tidemill.train.scale import pareto_scale
from tidemill.train.settings import LinearSettings


@given(st.floats(1e-2, 1e4))
def test_units_of_all_features_do_not_matter(unit: float) -> None:
    features = np.random.default_rng(0).normal(size=(20, 5)) * [1, 2, 5, 10, 0]
    np.testing.assert_allclose(pareto_scale(features * unit)[:4], pareto_scale(features)[:4] * unit)


def test_a_dimension_that_does_not_move_is_left_as_it_is() -> None:
    assert pareto_scale(np.full((4, 2), 7.0)).tolist() == [1.0, 1.0]


def test_dimensions_that_hardly_move_mislead_few_labels_less() -> None:
    """Two dimensions that move tell the classes apart, 200 that hardly move are noise; thirty rows have labels."""
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=1030)
    signal = np.where(classes == 1, 1.0, -1.0)[:, None] + rng.normal(size=(1030, 2))
    features = np.hstack([signal, 0.1 * rng.normal(size=(1030, 200))]).astype(np.float32)
    teach, ask = slice(0, 30), slice(30, None)

    def accuracy(rows: np.ndarray) -> float:
        targets = np.eye(2)[classes[teach]]
        model = Linear.fit(ModelInputs(rows[teach], None), targets, np.ones(30), LinearSettings(l2=10.0), 0)
        return float((model.predict_proba(ModelInputs(rows[ask], None)).argmax(axis=1) == classes[ask]).mean())

    standardised = (features - features[teach].mean(axis=0)) / features[teach].std(axis=0)
    assert accuracy(features) > accuracy(standardised) + 0.03


def test_a_layer_in_other_units_is_read() -> None:
    """What tells the classes apart moves a hundred times less than what does not."""
    rng = np.random.default_rng(0)
    classes = rng.integers(2, size=400)
    telling = 0.01 * (np.where(classes == 1, 1.0, -1.0)[:, None] + 0.5 * rng.normal(size=(400, 3)))
    features = np.hstack([telling, rng.normal(size=(400, 3))]).astype(np.float32)
    model = Linear.fit(ModelInputs(features, None), np.eye(2)[classes], np.ones(400), LinearSettings(l2=10.0), 0)
    assert (model.predict_proba(ModelInputs(features, None)).argmax(axis=1) == classes).mean() > 0.95

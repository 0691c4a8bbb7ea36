"""What labeling functions are worth in hand labels."""

import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.denoise.report.label_value import label_value


def test_perfect_weak_labels_are_worth_at_least_all_the_gold_and_useless_ones_little():
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 600)
    features = (chance.normal(size=(600, 20)) + 0.4 * truth[:, None]).astype(np.float32)
    gold = np.where(np.arange(600) < 200, truth, -1)
    heard = np.ones(600, dtype=bool)
    perfect = label_value(features, np.eye(2)[truth], gold, covered=heard, draws=4, seed=1)
    useless = label_value(features, np.eye(2)[chance.integers(0, 2, 600)], gold, covered=heard, draws=4, seed=1)
    assert perfect.labels > 5 * useless.labels
    assert useless.action == "label"


def test_too_little_gold_for_a_curve_is_an_error():
    with pytest.raises(DataError, match="at least 40"):
        label_value(
            np.zeros((9, 2), dtype=np.float32), np.full((9, 2), 0.5), np.zeros(9), covered=np.ones(9), draws=1, seed=1
        )

"""Pairs of votes: what they tell of precision, balance and repetition, on simulators whose truth is known."""

import numpy as np
import pytest

from tests.denoise.factories import clones
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.dependence import dependent_groups


def test_copies_of_a_poor_function_are_one_group_and_count_once():
    votes, _ = clones()
    model = PairLifts(2).fit(votes)
    back = np.argsort(model.order_)
    assert dependent_groups(model.excess_[np.ix_(back, back)]) == [[5, 6, 7, 8, 9, 10]]
    assert model.weights_.sum() == pytest.approx(6.0, abs=0.2)

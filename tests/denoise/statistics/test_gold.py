"""Scores against gold."""

import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.denoise.models import create
from tidemill.denoise.statistics.gold import calibration_error
from tidemill.denoise.statistics.sufficient_statistics import count_rows


def test_calibration_error_is_the_gap_between_sure_and_right():
    # ten rows at .9 of which seven are right: a gap of .2
    probabilities = np.tile([0.9, 0.1], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 7 + [1] * 3)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ([0] * 5, r"gold of shape \(5,\); promised one value for each of 40 rows of votes"),
        ([0] * 39 + [2], r"row 39 of gold: 2 is neither a class in 0\.\.1 nor NO_GOLD"),
        ([0, -2] + [0] * 38, "row 1 of gold: -2 is neither"),
        ([0.0, float("nan")] + [0.0] * 38, "row 1 of gold: nan is neither"),
        (["spam"] * 40, "gold of <U4; promised classes"),
    ],
)
def test_wrong_gold_is_named_by_fit_and_by_counting(gold, message):
    votes = np.random.default_rng(0).integers(-1, 2, (40, 4)).astype(np.int8)
    with pytest.raises(DataError, match=message):
        create("smoothed", 2).fit(votes, gold=gold)
    with pytest.raises(DataError, match=message):
        count_rows(votes, 2, gold=gold)

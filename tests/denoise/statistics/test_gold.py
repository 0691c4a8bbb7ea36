"""Scores against gold."""

import numpy as np
import pytest

from tidemill.denoise.statistics.gold import calibration_error


def test_calibration_error_is_the_gap_between_sure_and_right():
    # ten rows at .9 of which seven are right: a gap of .2
    probabilities = np.tile([0.9, 0.1], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 7 + [1] * 3)) == pytest.approx(0.2)

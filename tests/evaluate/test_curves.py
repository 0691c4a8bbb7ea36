import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.evaluate.curves import ASKED, fit_law, predictions

SIZES = [10, 20, 40, 80, 160, 320]


def measured(noise=0.0, seeds=5):
    rng = np.random.default_rng(0)
    rows = np.repeat(SIZES, seeds)
    return rows.tolist(), (0.95 - 0.9 * rows**-0.5 + rng.normal(0, noise, len(rows))).tolist()


def test_a_law_without_noise_is_found_again_and_holds_beyond_what_was_measured():
    law = fit_law(*measured(), draws=5, seed=0)
    assert law.parameters[0] == pytest.approx([0.95, 0.9, 0.5], abs=1e-3)
    (told,) = predictions(law, [5000], confidence=0.95)
    assert told["score"] == pytest.approx(0.95 - 0.9 * 5000**-0.5, abs=1e-3)


def test_the_interval_holds_the_truth_and_widens_away_from_the_points():
    law = fit_law(*measured(noise=0.01), draws=100, seed=0)
    near, far = predictions(law, [100, 5000], confidence=0.95)
    assert far["low"] < 0.95 - 0.9 * 5000**-0.5 < far["high"]
    assert far["high"] - far["low"] > near["high"] - near["low"]


def test_ten_million_rows_are_refused_in_plain_words():
    told = predictions(fit_law(*measured(), draws=5, seed=0), ASKED, confidence=0.95)
    assert [row["rows"] for row in told if "refused" in row] == [10_000_000]
    assert told[-1]["refused"].startswith(
        "no prediction: 10,000,000 rows are 31,250 times as many as were measured (320)"
    )


def test_three_points_are_no_curve():
    with pytest.raises(DataError, match="a curve through 3 sizes says nothing"):
        fit_law([1, 2, 3], [0.1, 0.2, 0.3], draws=1, seed=0)

import numpy as np
import pytest

from tests.evaluate.factories import says
from tidemill.contracts import DataError
from tidemill.evaluate.learning_curve_fit import check_extrapolation, extrapolate, fit_power_law, scores_by_size
from tidemill.evaluate.metrics import metric_spec, metric_terms

SIZES = [10, 20, 40, 80, 160, 320]
ASKED = (100, 1_000, 5_000, 10_000_000)


def law(rows):
    return 0.95 - 0.9 * np.asarray(rows, dtype=float) ** -0.5


def sample(noise=0.0, *, test=0.0, draws=40, seed=0):
    """Five models of each size on the law but for their scatter, and draws of the test rows, which move all alike."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(SIZES, 5)
    seen = law(rows) + rng.normal(0, noise, len(rows)) + rng.normal(0, test)
    return rows.tolist(), np.vstack([seen, seen + rng.normal(0, test, (draws, 1))])


def told_of(found, asked):
    return extrapolate(found, asked, confidence=0.95, reach=50)


def test_a_law_without_noise_is_found_again_and_holds_beyond_what_was_measured():
    found = fit_power_law(*sample(), seed=0)
    assert found.parameters[0] == pytest.approx([0.95, 0.9, 0.5], abs=1e-3)
    (told,) = told_of(found, [5000])
    assert told.score == pytest.approx(law(5000), abs=1e-3)


def test_the_interval_holds_the_truth_and_widens_away_from_the_points():
    near, far = told_of(fit_power_law(*sample(0.01, draws=100), seed=0), [100, 5000])
    assert far.low < law(5000) < far.high
    assert far.high - far.low > near.high - near.low


def test_test_rows_that_flatter_every_model_alike_are_in_the_interval():
    calm, shaken = (told_of(fit_power_law(*sample(0.003, test=test), seed=0), [320])[0] for test in (0.0, 0.02))
    width = {name: one.high - one.low for name, one in (("calm", calm), ("shaken", shaken))}
    assert width["shaken"] > 3.9 * 0.02 * 0.7  # 95% of a normal of .02, less what 40 draws may miss
    assert width["calm"] < 0.02


@pytest.mark.slow
def test_an_interval_of_95_percent_holds_the_truth_about_that_often():
    held = []
    for seed in range(30):
        (told,) = told_of(fit_power_law(*sample(0.01, test=0.01, draws=40, seed=seed), seed=seed), [1000])
        held.append(told.low <= law(1000) <= told.high)
    assert np.mean(held) >= 0.83  # .95 less three standard errors of .04


def test_scores_are_measured_on_the_same_resampled_rows_for_every_model():
    gold = np.arange(200) % 2
    by = metric_spec(("a", "b"), None, 10)
    seen = scores_by_size(
        [metric_terms(gold, says(gold ^ (gold == 1)), by)] * 2, by, "accuracy", n_bootstrap=30, seed=0
    )
    assert seen.shape == (31, 2)
    assert seen[0].tolist() == [0.5, 0.5]
    assert (seen[:, 0] == seen[:, 1]).all()
    assert seen[1:, 0].std() == pytest.approx(np.sqrt(0.25 / 200), rel=0.4)


def test_what_few_rows_foretold_is_held_against_what_was_measured():
    rows, seen = sample(0.004)
    told = check_extrapolation(rows, seen, seed=0, confidence=0.95)
    assert (told.fitted_rows, told.rows, told.held) == (80, 320, True)
    assert told.measured == pytest.approx(law(320), abs=0.01)
    fallen = seen - 0.3 * (np.asarray(rows) == 320)  # what no law of the others can foretell
    assert check_extrapolation(rows, fallen, seed=0, confidence=0.95).held is False
    assert (
        check_extrapolation(rows[5:], seen[:, 5:], seed=0, confidence=0.95) is None
    )  # three sizes are left below a quarter


def test_ten_million_rows_are_refused_in_plain_words():
    told = told_of(fit_power_law(*sample(draws=5), seed=0), ASKED)
    assert [row.rows for row in told if row.score is None] == [10_000_000]
    assert told[-1].reason.startswith("no prediction: 10,000,000 rows are 31,250 times as many as were measured (320)")


def test_three_points_are_no_curve():
    with pytest.raises(DataError, match="a curve through 3 sizes is not enough for a curve"):
        fit_power_law([1, 2, 3], np.array([[0.1, 0.2, 0.3]]), seed=0)

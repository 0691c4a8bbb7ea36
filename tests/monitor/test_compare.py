import numpy as np
import pytest

from tests.monitor.fabric import NAMES, arrive, settings, without_floors
from tidemill.contracts import ConfigError
from tidemill.monitor.compare import DETECTORS, compare
from tidemill.monitor.rows import Rows

TRIALS = 200


def rate_of_alarms(reference_rows, batch_rows, chosen, question):
    rng = np.random.default_rng(11)
    alarms = 0
    for trial in range(TRIALS):
        reference, batch = arrive(reference_rows, rng), arrive(batch_rows, rng)
        alarms += question(compare(reference, batch, NAMES, chosen.model_copy(update={"seed": trial})))
    return alarms / TRIALS


@pytest.mark.parametrize("detector", sorted(DETECTORS))
def test_each_detector_alone_calls_batches_of_the_same_kind_drifted_about_as_often_as_alpha(detector):
    chosen = without_floors(detectors=(detector,))
    rate = rate_of_alarms(120, 80, chosen, lambda finding: finding["drift"])
    assert rate <= 0.10  # .05, and three standard errors of .0155
    if detector != "functions":  # Fisher's test of small counts is known to be conservative
        assert rate >= 0.01


def test_all_detectors_together_keep_alpha_too():
    assert rate_of_alarms(120, 80, without_floors(), lambda finding: finding["drift"]) <= 0.10


def test_false_harm_is_about_as_rare_as_alpha():
    rate = rate_of_alarms(200, 150, without_floors(detectors=()), lambda finding: finding["harm"])
    assert 0.01 <= rate <= 0.10


def test_with_the_floors_of_everyday_false_alarms_are_rarer_still():
    assert rate_of_alarms(150, 120, settings(), lambda finding: finding["drift"]) <= 0.05


def test_a_shift_that_costs_nothing_is_drift_without_harm():
    rng = np.random.default_rng(1)
    finding = compare(arrive(400, rng), arrive(300, rng, moved=1.5), NAMES, settings())
    assert finding["drift"] is True
    assert finding["moved"] == ["embeddings"]
    assert finding["harm"] is False
    assert finding["relabel"] is False


def test_a_champion_that_fails_on_the_batch_is_harm_even_where_nothing_else_moved():
    rng = np.random.default_rng(2)
    finding = compare(arrive(400, rng), arrive(300, rng, champion=0.6), NAMES, settings())
    assert finding["harm"] is True
    assert "embeddings" not in finding["moved"]
    told = " ".join(finding["reasons"])
    assert "harm: the champion agrees less with the functions' majority, 0.9" in told


def test_functions_that_fall_silent_are_named_with_their_coverage_and_new_ones_are_asked_for():
    rng = np.random.default_rng(3)
    finding = compare(arrive(400, rng), arrive(300, rng, coverage=0.05), NAMES, settings())
    assert "functions" in finding["moved"]
    assert finding["relabel"] is True
    told = " ".join(finding["reasons"])
    assert "coverage of 8 of 8 functions moved" in told
    assert "and 3 more" in told
    assert "write functions for what is new" in told
    coverage = finding["functions"]["functions"]["lf_0"]["coverage"]
    assert coverage["reference"] == pytest.approx(0.5, abs=0.08)
    assert coverage["batch"] == pytest.approx(0.05, abs=0.04)


def test_one_function_of_eight_that_is_broken_is_found():
    rng = np.random.default_rng(4)
    batch = arrive(300, rng)
    votes = batch.votes.copy()
    votes[:, 5] = -1
    finding = compare(arrive(400, rng), Rows(batch.features, batch.probabilities, votes), NAMES, settings())
    moved = [name for name, tests in finding["functions"]["functions"].items() if tests["coverage"]["moved"]]
    assert moved == ["lf_5"]


def test_where_no_function_speaks_harm_is_unknown_and_not_denied():
    rng = np.random.default_rng(5)
    finding = compare(arrive(400, rng), arrive(300, rng, coverage=0.0), NAMES, settings())
    assert finding["harm"] is None
    assert finding["relabel"] is True
    assert "cannot be judged" in " ".join(finding["reasons"])


def test_a_batch_of_a_few_rows_is_not_judged():
    rng = np.random.default_rng(6)
    finding = compare(arrive(400, rng), arrive(5, rng, moved=9.0), NAMES, settings())
    assert finding["drift"] is None
    assert finding["harm"] is None


def test_the_same_batches_give_the_same_finding():
    def look():
        rng = np.random.default_rng(7)
        return compare(arrive(200, rng), arrive(100, rng, moved=0.5), NAMES, settings())

    assert look() == look()


@pytest.mark.parametrize("detector", sorted(DETECTORS))
def test_each_detector_leaves_its_input_alone_and_tells_drift_and_reasons(detector):
    rng = np.random.default_rng(8)
    reference, batch = arrive(200, rng), arrive(100, rng, moved=1.0)
    before = [part.copy() for part in (batch.features, batch.probabilities, batch.votes)]
    finding = DETECTORS[detector](reference, batch, NAMES, settings(), alpha=0.05)
    assert isinstance(finding["drift"], bool)
    assert bool(finding["reasons"]) == finding["drift"]
    for part, kept in zip((batch.features, batch.probabilities, batch.votes), before, strict=True):
        assert (part == kept).all()


def test_an_unknown_detector_is_named_with_the_known_ones():
    rng = np.random.default_rng(9)
    with pytest.raises(ConfigError, match="'tarot' is unknown; valid are embeddings, functions, predictions"):
        compare(arrive(50, rng), arrive(50, rng), NAMES, settings(detectors=("tarot",)))

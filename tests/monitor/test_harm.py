"""Harm of a batch: what is counted, and from which figure on it is harm."""

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import stats

from tests.monitor.factories import NAMES, settings
from tidemill.contracts import ABSTAIN
from tidemill.monitor.harm import Harm, estimate, functions_decide_few
from tidemill.monitor.rows import Rows


def rows(agreed, others, *, silent=0, sure=0.9):
    """Rows of which the champion says what the functions' majority says on ``agreed``, and not on ``others``."""
    n = agreed + others + silent
    votes = np.zeros((n, 3), dtype=np.int16)
    votes[agreed + others :] = ABSTAIN
    predicted = np.where(np.arange(n) < agreed, 0, 1)
    probabilities = np.where(np.eye(2, dtype=bool)[predicted], sure, 1.0 - sure)
    return Rows(np.zeros((n, 1), dtype=np.float32), probabilities, votes)


def judged(reference, batch, **changes):
    return TypeAdapter(Harm).dump_python(estimate(reference, batch, NAMES, settings(**changes)))


def test_agreement_is_counted_on_rows_with_a_clear_majority():
    found = judged(rows(90, 10, silent=50), rows(60, 20, silent=20))
    assert found["agreement"]["reference"]["score"] == 0.9
    assert found["agreement"]["reference"]["rows"] == 100
    assert found["agreement"]["batch"]["score"] == 0.75
    assert found["agreement"]["drop"] == pytest.approx(0.15)
    assert found["coverage"] == {"reference": round(100 / 150, 6), "batch": 0.8}


def newcombe(hits, n, other_hits, other_n, level):
    """Newcombe's interval of a difference, from Wilson's as SciPy has it."""
    one = stats.binomtest(hits, n).proportion_ci(level, "wilson")
    other = stats.binomtest(other_hits, other_n).proportion_ci(level, "wilson")
    p, q = hits / n, other_hits / other_n
    return p - q - np.hypot(p - one.low, other.high - q), p - q + np.hypot(one.high - p, q - other.low)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_interval_of_the_fall_is_one_sided_at_alpha(alpha):
    found = judged(rows(90, 10), rows(60, 20), alpha=alpha)["agreement"]
    assert (found["low"], found["high"]) == pytest.approx(newcombe(90, 100, 60, 80, 1 - 2 * alpha), abs=1e-5)
    one = stats.binomtest(60, 80).proportion_ci(1 - 2 * alpha, "wilson")
    assert (found["batch"]["low"], found["batch"]["high"]) == pytest.approx((one.low, one.high), abs=1e-5)


def test_the_level_decides_whether_a_fall_is_harm():
    reference, batch = rows(80, 20), rows(70, 30)  # a fall of a tenth; its one-sided p is about .05
    assert newcombe(80, 100, 70, 100, 0.8)[0] > 0 > newcombe(80, 100, 70, 100, 0.98)[0]
    assert judged(reference, batch, alpha=0.1)["harm"] is True
    assert judged(reference, batch, alpha=0.01)["harm"] is False


def test_a_fall_of_just_the_least_drop_is_harm_and_a_smaller_one_is_not():
    reference, batch = rows(900, 100), rows(600, 200)
    drop = 900 / 1000 - 600 / 800
    assert judged(reference, batch, harm={"min_agreement_drop": drop})["harm"] is True
    assert judged(reference, batch, harm={"min_agreement_drop": drop + 1e-6})["harm"] is False


def test_a_batch_that_agrees_as_often_is_no_harm_whatever_the_floor():
    assert judged(rows(50, 0), rows(50, 0), harm={"min_agreement_drop": 0.0})["harm"] is False


@pytest.mark.parametrize(("before", "after", "judges"), [(30, 30, True), (29, 60, False), (60, 29, False)])
def test_harm_takes_thirty_clear_rows_on_both_sides(before, after, judges):
    found = judged(rows(before, 0), rows(after, 0))
    assert (found["harm"] is not None) == judges
    assert ("drop" in found["agreement"]) == judges
    assert found["relabel"] is False  # a batch that is small is no reason to write functions


@pytest.mark.parametrize(
    ("decided", "silent", "few"),
    [(29, 0, False), (29, 1, False), (10, 90, True), (29, 71, True), (30, 970, False), (0, 3, True)],
)
def test_functions_are_asked_for_where_they_surely_decide_too_few_of_all_rows(decided, silent, few):
    reference = rows(95, 0, silent=5)
    assert functions_decide_few(reference, rows(decided, 0, silent=silent), 2, settings()) is few


def test_few_quiet_rows_hardly_ever_ask_for_functions():
    rng, reference = np.random.default_rng(0), rows(90, 0, silent=10)
    asked = [
        judged(reference, rows(decided, 0, silent=30 - decided))["relabel"] for decided in rng.binomial(30, 0.9, 400)
    ]
    few = [
        functions_decide_few(reference, rows(decided, 0, silent=30 - decided), 2, settings())
        for decided in rng.binomial(30, 0.9, 400)
    ]
    assert np.mean(asked) < 0.01  # 38% where a batch of which the functions decide fewer than 30 rows asked
    assert np.mean(few) < 0.1


def test_a_fall_of_coverage_by_just_the_floor_asks_for_functions():
    reference, batch = rows(100, 0), rows(75, 0, silent=25)
    assert judged(reference, batch, harm={"min_coverage_drop": 0.25})["relabel"] is True
    assert judged(reference, batch, harm={"min_coverage_drop": 0.26})["relabel"] is False
    assert judged(batch, reference, harm={"min_coverage_drop": 0.25})["relabel"] is False  # it rose


def test_a_fall_of_confidence_is_told_where_it_is_sure_and_large():
    reference, batch = rows(100, 0, sure=0.9), rows(100, 0, sure=0.8)
    fell = judged(reference, batch, harm={"min_agreement_drop": 0.05})
    assert fell["confidence"]["fell"] is True
    assert (fell["confidence"]["reference"], fell["confidence"]["batch"]) == (0.9, 0.8)
    assert fell["confidence"]["drop"] == fell["confidence"]["low"] == fell["confidence"]["high"] == 0.1  # no spread
    assert judged(reference, batch, harm={"min_agreement_drop": 0.11})["confidence"]["fell"] is False
    assert judged(batch, reference)["confidence"]["fell"] is False  # it rose
    assert judged(reference, reference, harm={"min_agreement_drop": 0.0})["confidence"]["fell"] is False  # it stayed


def test_the_interval_of_the_confidence_is_one_sided_at_alpha():
    rng = np.random.default_rng(0)
    samples = [np.round(rng.uniform(0.5, 1.0, size), 3) for size in (60, 40)]
    one, other = (
        Rows(
            np.zeros((len(top), 1), dtype=np.float32),
            np.column_stack([top, 1 - top]),
            np.zeros((len(top), 3), np.int16),
        )
        for top in samples
    )
    found = judged(one, other, alpha=0.1)["confidence"]
    error = np.sqrt(samples[0].var() / 60 + samples[1].var() / 40)
    gain = samples[0].mean() - samples[1].mean()
    assert (found["low"], found["high"]) == pytest.approx((gain - 1.281552 * error, gain + 1.281552 * error), abs=1e-5)

"""The gate at its bounds: from which figure on a candidate passes, and what is told of it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.evaluate.factories import flipped, settings
from tests.evaluate.test_gate import BY, GOLD, contest, guard
from tidemill.evaluate import gate
from tidemill.evaluate.score_table import difference
from tidemill.evaluate.score_text import format_gain, format_score
from tidemill.reports.base import Estimate


def judge(*given):
    return gate.gate_verdict(*given).model_dump()


@pytest.mark.parametrize(("rows", "judged"), [(30, True), (29, False)])
def test_thirty_rows_are_enough(rows, judged):
    verdict = judge(contest(GOLD[:rows], gold=GOLD[:rows]), BY, settings())
    assert ("scores" in verdict) == judged
    assert verdict["rows"] == rows
    assert verdict["verdict"] == ("promote" if judged else "keep")


@pytest.mark.parametrize(("moved", "same"), [(0.0, True), (0.9e-6, True), (2e-6, False)])
def test_predictions_are_the_same_where_none_differs_by_more_than_a_millionth(moved, same):
    both = contest(flipped(GOLD, 20), flipped(GOLD, 20))
    nudged = both.candidate.copy()
    nudged[0] += [moved, -moved]
    verdict = judge(replace(both, candidate=nudged), BY, settings())
    assert verdict["reasons"][0].startswith("same predictions") == same


def better_in(candidate, champion):
    """Share of the resamples in which the candidate is better."""
    both = contest(candidate, champion)
    _, gains = difference(GOLD, both.candidate, both.champion, BY, settings(), metric="balanced_accuracy")
    return float((gains > 1e-12).mean())


def test_a_candidate_is_promoted_from_the_asked_share_of_resamples_on():
    candidate, champion = flipped(GOLD, 38), flipped(GOLD, 50)
    share = better_in(candidate, champion)
    assert 0.6 < share < 0.999
    for asked, verdict in ((share, "promote"), (share + 1e-4, "keep")):
        found = judge(contest(candidate, champion), BY, settings(gate={"min_probability": asked}))
        assert found["verdict"] == verdict
        assert found["gain_over_champion"]["probability"] == pytest.approx(share, abs=1e-6)
        how = "beats" if verdict == "promote" else "does not significantly beat"
        assert any(f"the candidate {how} the champion spam@v1.0.0" in reason for reason in found["reasons"])


def test_a_worse_candidate_is_not_promoted_however_little_is_asked():
    found = judge(contest(flipped(GOLD, 50), flipped(GOLD, 38)), BY, settings(gate={"min_probability": 0.0001}))
    assert found["verdict"] == "keep"
    assert any("does not beat the champion" in reason for reason in found["reasons"])


def test_a_candidate_that_beats_the_champion_and_not_the_floor_is_kept_back():
    worst = 1 - GOLD
    found = judge(contest(np.where(np.arange(300) < 100, GOLD, worst), worst), BY, settings())
    assert found["gain_over_champion"]["score"] > 0 > found["gain_over_floor"]["score"]
    assert found["verdict"] == "keep"


def guarded(wrong, *, rows=40, **changes):
    """A better candidate that errs on some rows of a slice on which the champion does not."""
    group = np.where(np.arange(300) < rows, "hard-ham", "easy")
    candidate, champion = GOLD.copy(), flipped(GOLD, 90)
    champion[:rows] = GOLD[:rows]
    candidate[:wrong] = 1 - candidate[:wrong]
    gate = guard(**{key: value for key, value in changes.items() if key != "guard_probability"})
    gate |= {key: value for key, value in changes.items() if key == "guard_probability"}
    return judge(contest(candidate, champion, group=group), BY, settings(gate=gate))


@pytest.mark.parametrize(("rows", "judged"), [(20, True), (19, False)])
def test_a_guard_of_just_enough_rows_judges(rows, judged):
    assert (guarded(10, rows=rows)["guards"][0]["passed"] is not None) == judged
    assert guarded(10, rows=rows)["verdict"] == ("keep" if judged else "promote")


def test_a_guard_falls_from_the_asked_probability_of_a_breach_on():
    breach = guarded(3)["guards"][0]["gain"]["probability_of_breach"]  # three of forty, five in a hundred may fall
    assert 0.4 < breach < 0.999
    for asked, passed in ((breach + 1e-4, True), (breach, False)):
        found = guarded(3, guard_probability=asked)
        assert found["guards"][0]["passed"] is passed
        assert found["verdict"] == ("promote" if passed else "keep")
        assert f"guard group=hard-ham {'holds' if passed else 'falls'}: accuracy 1.000 -> 0.925" in found["reasons"][-1]


def test_a_fall_of_just_the_tolerance_is_no_breach():
    found = guarded(40, tolerance=1.0)["guards"][0]  # from all right to none right, in every resample
    assert found["gain"]["score"] == -1.0
    assert found["gain"]["probability_of_breach"] == 0.0
    assert guarded(40, tolerance=0.999)["guards"][0]["gain"]["probability_of_breach"] == 1.0


def test_a_score_without_meaning_is_a_dash():
    assert format_score(None) == "-"
    assert format_score(0.5) == "0.500"
    assert format_gain(Estimate(score=None, low=0.1, high=None)) == "- [+0.100, -]"


def test_scores_of_all_three_stand_in_the_verdict():
    scores = judge(contest(flipped(GOLD, 30), flipped(GOLD, 60)), BY, settings())["scores"]
    assert {name: round(one["score"], 2) for name, one in scores.items()} == {
        "candidate": 0.9,
        "champion": 0.8,
        "floor": 0.5,
    }


def test_a_tie_is_no_reason_to_replace_the_champion_however_little_is_asked():
    candidate, champion = GOLD.copy(), GOLD.copy()
    candidate[:20], champion[20:40] = 1 - GOLD[:20], 1 - GOLD[20:40]  # twenty errors each, on other rows
    found = judge(contest(candidate, champion), BY, settings(gate={"min_probability": 0.1}))
    assert found["gain_over_champion"]["score"] == 0.0
    assert found["gain_over_champion"]["probability"] > 0.3
    assert found["verdict"] == "keep"
    assert any("the candidate does not beat the champion" in reason for reason in found["reasons"])

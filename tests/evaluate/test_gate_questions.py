"""The gate's third outcome, rows that neither model saw, the margin, and what a clean process found."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.evaluate.factories import CLASSES, flipped, says, settings
from tests.evaluate.test_gate import GOLD, contest, guard
from tidemill.evaluate.gate import FRESH, OLDER, GateInput, gate_verdict
from tidemill.evaluate.metrics import metric_spec
from tidemill.evaluate.paired_test import Pair, exchange_probability
from tidemill.evaluate.score_table import difference
from tidemill.reports.evaluate import CleanProcessCheck, Verdict

BY = metric_spec(CLASSES, None, 15)
SLIGHTLY = flipped(GOLD, 46), flipped(GOLD, 50)  # a gain of 4 rows of 300, on about 90 that differ


def judge(given, **gate):
    return gate_verdict(given, BY, settings(gate=gate))


def test_a_gain_that_few_rows_leave_open_is_asked_about_where_the_settings_say_so():
    asked = judge(contest(*SLIGHTLY), ask=0.2)
    assert (asked.verdict, asked.blessing) == ("ask", "NOT_BLESSED")
    assert asked.gain_over_champion.low < 0 < asked.gain_over_champion.score
    assert judge(contest(*SLIGHTLY)).verdict == "keep"


def test_what_is_asked_about_is_a_gain_that_the_rows_do_not_rule_out():
    """On few rows an equal candidate may be better by two points; on thirty times as many it is not, and nobody is asked."""
    candidate, champion = flipped(GOLD, 40), flipped(GOLD[::-1], 40)[::-1]
    asked = judge(contest(candidate, champion), ask=0.1)
    assert asked.verdict == "ask"
    assert asked.reasons[-1] == (
        "asked, not refused: these rows do not rule out a gain of 0.02, which 10% of resamples or more would have with one row more"
    )
    assert asked.gain_over_champion.score == pytest.approx(0.0, abs=0.01)
    many = contest(np.tile(candidate, 30), np.tile(champion, 30), gold=np.tile(GOLD, 30))
    assert judge(many, ask=0.1).verdict == "keep"
    assert judge(many, ask=0.1, ask_gain=0.0).verdict == "ask"


def test_the_gain_that_is_asked_about_stands_in_just_the_share_that_settings_name():
    candidate, champion = flipped(GOLD, 46), flipped(GOLD, 50)
    both = contest(candidate, champion)
    _, gains = difference(GOLD, both.candidate, both.champion, BY, settings(), metric="balanced_accuracy")
    share = float((gains >= 0.03 - 1 / 300 - 1e-12).mean())  # one row more of 150 of a class
    assert 0.1 < share < 0.9
    assert judge(both, ask=share, ask_gain=0.03).verdict == "ask"
    assert judge(both, ask=share + 1e-4, ask_gain=0.03).verdict == "keep"


def test_a_candidate_that_is_surely_worse_is_not_asked_about():
    assert judge(contest(flipped(GOLD, 80), flipped(GOLD, 20)), ask=0.2).verdict == "keep"


def test_a_guard_that_falls_is_not_asked_about():
    group = np.where(np.arange(300) < 40, "hard-ham", "easy")
    candidate, champion = flipped(GOLD, 50), flipped(GOLD, 50)
    candidate[:40], champion[:40] = 1 - GOLD[:40], GOLD[:40]
    candidate[40:120] = GOLD[40:120]
    champion[40:110] = 1 - GOLD[40:110]
    verdict = judge(contest(candidate, champion, group=group), ask=0.2, **guard())
    assert verdict.guards[0].passed is False
    assert verdict.verdict == "keep"


def test_without_gold_a_person_is_asked():
    verdict = judge(contest(GOLD[:5], GOLD[:5] * 0, gold=GOLD[:5]), ask=0.2)
    assert verdict.verdict == "ask"
    assert verdict.reasons == (
        "only 5 rows of split valid have gold, 30 are asked: label more",
        "a person decides without scores",
    )


def test_a_candidate_that_answers_otherwise_in_a_clean_process_is_kept_back_however_good_it_is():
    check = CleanProcessCheck(passed=False, rows=8, reason="in a clean process it answers otherwise")
    verdict = judge(replace(contest(GOLD, flipped(GOLD, 60)), check=check), ask=0.2)
    assert verdict.verdict == "keep"
    assert verdict.reasons == ("in a clean process it answers otherwise",)
    assert (
        judge(replace(contest(GOLD, flipped(GOLD, 60)), check=check.model_copy(update={"passed": True}))).verdict
        == "promote"
    )


def test_three_rows_of_luck_are_no_proof():
    """A fair coin shows three heads of three in one case of eight, and 95% of resamples then hold at least one."""
    candidate = GOLD.copy()
    champion = GOLD.copy()
    champion[[0, 100, 200]] = 1 - champion[[0, 100, 200]]
    verdict = judge(contest(candidate, champion), min_probability=0.94)
    assert verdict.gain_over_champion.probability > 0.94
    assert verdict.gain_over_champion.p_value == pytest.approx(1 / 8, abs=0.05)
    assert verdict.verdict == "keep"


def test_the_randomisation_test_is_the_exact_sign_test_where_accuracy_is_compared():
    wins, losses = 9, 2
    candidate, champion = GOLD.copy(), GOLD.copy()
    champion[:wins] = 1 - champion[:wins]
    candidate[wins : wins + losses] = 1 - candidate[wins : wins + losses]
    pair = Pair(GOLD, says(candidate), says(champion), "", "")
    exact = sum(1 for k in range(2**11) if k.bit_count() >= wins) / 2**11  # .0327
    given = settings(n_bootstrap=20_000, gate={"metric": "accuracy"})
    assert exchange_probability(pair, BY, given) == pytest.approx(exact, abs=0.005)


def test_with_a_margin_a_candidate_that_is_not_worse_by_it_is_promoted():
    candidate, champion = GOLD.copy(), GOLD.copy()
    candidate[:6], champion[6:12] = 1 - GOLD[:6], 1 - GOLD[6:12]
    assert judge(contest(candidate, champion)).verdict == "keep"
    verdict = judge(contest(candidate, champion), margin=0.05)
    assert verdict.verdict == "promote"
    assert "is not worse by 0.05 or more than the champion" in " ".join(verdict.reasons)
    assert judge(contest(candidate, champion), margin=0.005).verdict == "keep"


def arrived(candidate, champion, batches):
    """The last 100 of the 300 rows are of a batch that the champion was not trained on."""
    given = contest(candidate, champion)
    columns = given.columns.with_columns(batch=pl.Series(np.where(np.arange(300) < 200, "old", "new")))
    return replace(given, columns=columns, champion_batches=batches)


def test_rows_that_neither_model_saw_decide_where_there_are_enough_of_them():
    candidate, champion = flipped(GOLD, 30), flipped(GOLD, 30)
    champion[200:] = np.where(np.arange(100) % 3 == 0, 1 - GOLD[200:], GOLD[200:])
    candidate[:4] = 1 - GOLD[:4]
    verdict = judge(arrived(candidate, champion, ("old",)), fresh_rows=100)
    assert (verdict.verdict, verdict.fresh_rows, verdict.fresh_batches) == ("promote", 100, ("new",))
    assert "on 100 valid rows that neither model saw" in " ".join(verdict.reasons)
    assert verdict.guards[0].slice == OLDER
    few = judge(arrived(candidate, champion, ("old",)), fresh_rows=101)
    assert "on 300 valid rows, " in " ".join(few.reasons)
    assert few.guards[0].slice == FRESH


def test_a_gain_on_rows_that_neither_model_saw_does_not_pay_for_a_clear_fall_on_the_older_ones():
    candidate, champion = flipped(GOLD, 30), flipped(GOLD, 30)
    champion[200:] = np.where(np.arange(100) % 3 == 0, 1 - GOLD[200:], GOLD[200:])
    candidate[:60] = 1 - GOLD[:60]
    verdict = judge(arrived(candidate, champion, ("old",)), fresh_rows=100, ask=0.2)
    assert verdict.guards[0].passed is False
    assert verdict.verdict == "keep"


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.02, "promote"), (0.0, "keep")])
def test_older_rows_may_fall_by_what_is_not_worth_a_question(tolerance, verdict):
    """The champion is right on all of them, by which it was chosen; the candidate loses 4 of 200 and gains a third of the new."""
    candidate, champion = GOLD.copy(), GOLD.copy()
    champion[200:] = np.where(np.arange(100) % 3 == 0, 1 - GOLD[200:], GOLD[200:])
    candidate[:4] = 1 - GOLD[:4]
    judged = judge(arrived(candidate, champion, ("old",)), fresh_rows=100, older_tolerance=tolerance)
    assert judged.guards[0].gain.score == pytest.approx(-0.02, abs=0.005)
    assert judged.verdict == verdict


def test_a_gain_on_the_older_rows_does_not_pay_for_a_clear_fall_on_rows_that_neither_model_saw():
    candidate, champion = flipped(GOLD, 30), flipped(GOLD, 30)
    champion[:80] = 1 - GOLD[:80]
    candidate[200:240] = 1 - GOLD[200:240]
    verdict = judge(arrived(candidate, champion, ("old",)))
    assert verdict.gain_over_champion.score > 0
    assert verdict.guards[0].slice == FRESH
    assert verdict.verdict == "keep"


def test_a_champion_that_was_trained_on_every_batch_leaves_no_row_unseen():
    verdict = judge(arrived(flipped(GOLD, 10), flipped(GOLD, 60), ("old", "new")), fresh_rows=1)
    assert (verdict.fresh_rows, verdict.guards) == (0, ())


def test_a_verdict_of_format_1_is_read_with_its_blessing(tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text(
        '{"format": 1, "verdict": "promote", "reasons": [], "metric": "accuracy", "rows": 3, "champion": null}'
    )
    assert Verdict.read(path).blessing == "BLESSED"


def _with_a_new_class(wrong, champion_wrong):
    """300 rows of the two known classes, 60 of a third that the candidate always finds; both are wrong on some of the others."""
    gold = np.concatenate([GOLD, np.full(60, 2)])
    candidate = np.concatenate([flipped(GOLD, wrong), np.full(60, 2)])
    champion = np.concatenate([flipped(GOLD, champion_wrong), np.zeros(60, dtype=int)])
    eye, columns = np.eye(3), pl.DataFrame({"group": ["all"] * 360})
    return GateInput(
        gold, columns, np.full((360, 3), 1 / 3), eye[candidate], eye[champion], "spam@v1.0.0", unknown=(2,)
    )


BY_THREE = metric_spec((*CLASSES, "phish"), None, 15)


@pytest.mark.parametrize(("wrong", "champion_wrong", "expected"), [(60, 5, "keep"), (5, 60, "promote")])
def test_a_champion_that_lacks_a_class_is_compared_with_on_rows_of_those_that_it_knows(wrong, champion_wrong, expected):
    verdict = gate_verdict(_with_a_new_class(wrong, champion_wrong), BY_THREE, settings())
    assert verdict.verdict == expected
    assert verdict.gain_over_champion.score == pytest.approx((champion_wrong - wrong) / 300, abs=0.01)
    assert verdict.reasons[0] == (
        "the champion spam@v1.0.0 does not know the class phish: 60 valid rows of it are left out of the comparison; "
        "the candidate is right on 60 of them"
    )


def test_a_guard_is_judged_on_rows_of_known_classes():
    given = _with_a_new_class(5, 5)
    new = np.arange(360) >= 290  # ten rows of known classes, and all of the new one
    candidate = given.candidate.copy()
    candidate[290:300] = np.eye(3)[2]
    given = replace(given, columns=pl.DataFrame({"group": np.where(new, "hard-ham", "all")}), candidate=candidate)
    rules = guard(min_rows=10)
    verdict = gate_verdict(given, BY_THREE, settings(gate=rules))
    assert verdict.guards[0].rows == 10
    assert verdict.guards[0].passed is False


def test_where_nearly_all_rows_are_of_a_class_that_the_champion_lacks_a_person_is_asked():
    given = replace(_with_a_new_class(5, 60), unknown=(0, 1, 2))
    asked = gate_verdict(given, BY_THREE, settings(gate={"ask": 0.2}))
    assert asked.verdict == "ask"
    assert asked.reasons[-2] == (
        "only 0 rows of split valid are of classes that the champion spam@v1.0.0 knows, 30 are asked"
    )

import numpy as np
import polars as pl
import pytest

from tests.evaluate.factories import CLASSES, flipped, says, settings
from tidemill.evaluate.baselines import majority_class_predictions
from tidemill.evaluate.gate import GateInput, gate_verdict
from tidemill.evaluate.metrics import metric_spec

BY = metric_spec(CLASSES, None, 15)
GOLD = np.arange(300) % 2


def contest(candidate, champion=None, *, gold=GOLD, group=None):
    columns = pl.DataFrame({"group": group if group is not None else ["all"] * len(gold)})
    rival = None if champion is None else says(champion)
    version = None if champion is None else "spam@v1.0.0"
    return GateInput(gold, columns, majority_class_predictions(gold, 2, len(gold)), says(candidate), rival, version)


def guard(**changes):
    base = {"column": "group", "value": "hard-ham", "metric": "accuracy", "tolerance": 0.05, "min_rows": 20}
    return {"guards": [base | changes]}


def test_without_a_champion_a_candidate_above_the_floor_is_promoted():
    verdict = gate_verdict(contest(flipped(GOLD, 30)), BY, settings())
    assert verdict.verdict == "promote"
    assert verdict.champion is None
    assert "no champion yet" in verdict.reasons[0]
    assert verdict.scores["floor"].score == 0.5


def test_without_a_champion_a_candidate_at_the_floor_is_kept_back():
    verdict = gate_verdict(contest(np.zeros(300, dtype=int)), BY, settings())
    assert verdict.verdict == "keep"
    assert "does not beat the majority-class floor" in " ".join(verdict.reasons)


def test_a_better_candidate_is_promoted_with_its_gain():
    verdict = gate_verdict(contest(flipped(GOLD, 10), flipped(GOLD, 60)), BY, settings())
    assert verdict.verdict == "promote"
    gain = verdict.gain_over_champion
    assert abs(gain.score - 50 / 300) < 0.01
    assert gain.low < gain.score < gain.high


def test_a_worse_candidate_is_kept_back():
    assert gate_verdict(contest(flipped(GOLD, 60), flipped(GOLD, 10)), BY, settings()).verdict == "keep"


def test_an_identical_candidate_is_kept_back_as_such():
    verdict = gate_verdict(contest(flipped(GOLD, 20), flipped(GOLD, 20)), BY, settings())
    assert verdict.verdict == "keep"
    assert verdict.reasons == ("same predictions as the champion spam@v1.0.0",)


def test_the_same_classes_at_other_confidence_are_no_gain():
    same = contest(flipped(GOLD, 20), flipped(GOLD, 20))
    other = GateInput(same.gold, same.columns, same.floor, says(flipped(GOLD, 20), 0.8), same.champion, same.version)
    verdict = gate_verdict(other, BY, settings())
    assert verdict.verdict == "keep"
    assert verdict.gain_over_champion.score == 0.0


@pytest.mark.slow
def test_a_candidate_as_good_as_the_champion_is_rarely_promoted_by_chance():
    rng = np.random.default_rng(8)
    promoted = 0
    for trial in range(150):
        one, other = ((GOLD ^ (rng.uniform(size=300) < 0.1)).astype(int) for _ in range(2))
        promoted += gate_verdict(contest(one, other), BY, settings(n_bootstrap=200, seed=trial)).verdict == "promote"
    assert promoted / 150 <= 0.10  # .05 asked, and three standard errors of .018


def test_a_guard_slice_that_falls_blocks_a_better_candidate():
    group = np.where(GOLD == 0, np.where(np.arange(300) < 80, "hard-ham", "easy"), "spam")
    hard = group == "hard-ham"  # 40 rows of ham
    champion = np.where(hard, np.arange(300) % 8 == 0, flipped(GOLD, 80)).astype(int)  # 10 of 40 wrong: .75
    candidate = GOLD.copy()
    candidate[np.flatnonzero(hard)[:22]] = 1  # 22 of 40 wrong: .45
    verdict = gate_verdict(contest(candidate, champion, group=group), BY, settings(gate=guard()))
    assert verdict.gain_over_champion.score > 0
    assert verdict.verdict == "keep"
    found = verdict.guards[0]
    assert found.rows == 40
    assert found.passed is False
    assert (found.champion.score, found.candidate.score) == (0.75, 0.45)
    assert "guard group=hard-ham falls" in verdict.reasons[-1]


def test_a_guard_slice_may_fall_within_its_tolerance():
    group = np.where(np.arange(300) < 100, "hard-ham", "easy")
    champion = flipped(GOLD, 90)
    champion[:100] = GOLD[:100]
    candidate = GOLD.copy()
    candidate[:3] = 1 - candidate[:3]  # .97 of the slice, tolerance .05
    verdict = gate_verdict(contest(candidate, champion, group=group), BY, settings(gate=guard()))
    assert verdict.verdict == "promote"
    assert verdict.guards[0].passed is True


def test_a_guard_of_too_few_rows_is_named_and_blocks_nothing():
    group = np.where(np.arange(300) < 10, "hard-ham", "easy")
    candidate = GOLD.copy()
    candidate[:10] = 1 - candidate[:10]
    champion = flipped(GOLD, 90)
    champion[:10] = GOLD[:10]
    verdict = gate_verdict(contest(candidate, champion, group=group), BY, settings(gate=guard()))
    assert verdict.verdict == "promote"
    assert verdict.guards[0].passed is None
    assert "not judged: 10 valid rows, 20 are asked" in verdict.reasons[-1]


def test_a_guard_without_a_value_guards_every_value():
    group = np.where(np.arange(300) < 100, "hard-ham", "easy")
    verdict = gate_verdict(contest(GOLD, flipped(GOLD, 90), group=group), BY, settings(gate=guard(value=None)))
    assert [one.slice for one in verdict.guards] == ["group=easy", "group=hard-ham"]


def test_a_metric_where_lower_is_better_is_turned_around():
    loss = settings(gate={"metric": "log_loss"})
    assert gate_verdict(contest(flipped(GOLD, 10), flipped(GOLD, 60)), BY, loss).verdict == "promote"
    assert gate_verdict(contest(flipped(GOLD, 60), flipped(GOLD, 10)), BY, loss).verdict == "keep"


def test_without_enough_gold_nothing_is_promoted():
    verdict = gate_verdict(contest(GOLD[:5], gold=GOLD[:5]), BY, settings())
    assert verdict.verdict == "keep"
    assert "only 5 rows of split valid have gold" in verdict.reasons[0]

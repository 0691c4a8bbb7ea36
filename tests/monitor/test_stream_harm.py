"""Harm over a stream: what decides, what is asked of a person, and that neither confidence nor a small batch ever does."""

import dataclasses

import numpy as np
import pytest

from tests.monitor.factories import NAMES, settings
from tests.monitor.test_accuracy import labeled
from tidemill.contracts import ABSTAIN
from tidemill.monitor.accuracy import fit_witnesses
from tidemill.monitor.label_queue import Arrived
from tidemill.monitor.stream_harm import _LEAST_BAR, Judge, Since

REFERENCE, GOLD = labeled(600, 0, champion=0.95)


def judge(answers=None, *, gold=GOLD, reference=REFERENCE, **changes):
    chosen = settings(**changes)
    known = answers or {}
    return Judge(
        reference=reference,
        witnesses=fit_witnesses(reference, gold, level=1.0 - chosen.alpha),
        n_classes=len(NAMES.classes),
        labels=lambda row_ids: {row_id: known[row_id] for row_id in row_ids if row_id in known},
        eligible=frozenset(f"{b}/{k}" for b in range(9) for k in range(2000)),
        salt="v1",
        settings=chosen,
    )


def since(*parts, before_alarm=1):
    """Batches of rows with gold, and the labels of all."""
    batches = tuple(Arrived(tuple(f"{b}/{k}" for k in range(len(rows))), rows) for b, (rows, _) in enumerate(parts))
    answers = {f"{b}/{k}": int(one) for b, (_, gold) in enumerate(parts) for k, one in enumerate(gold)}
    return Since(tuple(f"batch-{b}" for b in range(len(parts))), batches, before_alarm), answers


def unsure(rows, confidence):
    """The same rows, of which the champion is less sure."""
    probabilities = np.where(rows.probabilities > 0.5, confidence, 1.0 - confidence)
    return dataclasses.replace(rows, probabilities=probabilities)


def test_where_nothing_has_changed_there_is_no_harm_and_no_label_is_asked():
    rows, _ = since(labeled(300, 1, champion=0.95), before_alarm=None)
    found = judge().verdict(rows)
    assert (found.verdict, found.harm, found.decided_by, found.labels) == ("no harm", False, "no change", None)
    assert found.reasons[0] == "no harm: nothing has changed in 300 rows since batch-0 as far as can be seen"


def test_a_drift_of_which_the_witnesses_say_little_is_undecided_and_says_how_many_labels_decide():
    rows, _ = since(labeled(600, 1, champion=0.95, functions=0.8))
    found = judge().verdict(rows)
    assert (found.verdict, found.harm, found.decided_by) == ("undecided", None, None)
    assert 30 < found.labels.more_labels == len(found.labels.rows) <= 400
    assert found.labels.answered == 0
    assert len(found.labels.informative) == 20
    assert not set(found.labels.rows) & set(found.labels.informative)
    assert f"labels of about {found.labels.more_labels} more rows" in found.reasons[-1]


def test_a_fall_of_agreement_and_of_confidence_is_harm_without_labels_which_may_refute_it():
    rows, gold = labeled(300, 1, champion=0.6)
    stream, answers = since((unsure(rows, 0.75), gold))
    found = judge().verdict(stream)
    assert (found.verdict, found.decided_by) == ("harm", "witnesses")
    assert 0 < found.labels.more_labels < 60
    assert "confirm or refute it" in found.reasons[-1]
    assert judge(answers).verdict(stream).decided_by == "labels"
    all_right = dict(zip(answers, rows.probabilities.argmax(axis=1).tolist(), strict=True))
    refuted = judge(all_right).verdict(stream)
    assert (refuted.verdict, refuted.decided_by, refuted.labels.rows) == ("no harm", "labels", ())


def test_confidence_alone_never_decides():
    """The champion is much less sure and as right, by the functions: no harm is decided, nor any without them."""
    rows, gold = labeled(300, 1, champion=0.95)
    stream, _ = since((unsure(rows, 0.55), gold))
    assert judge().verdict(stream).harm is None
    bare = dataclasses.replace(rows, votes=np.full_like(rows.votes, ABSTAIN))
    silent, _ = since((unsure(bare, 0.55), gold))
    assert judge().verdict(silent).harm is None


def test_agreement_alone_does_not_decide_harm_while_the_champion_stays_as_sure():
    stream, _ = since(labeled(300, 1, champion=0.6))
    found = judge().verdict(stream)
    assert (found.harm, found.agreement.drop > 0.2) == (None, True)


@pytest.mark.parametrize(("champion", "verdict"), [(0.6, "harm"), (0.99, "no harm")])
def test_labels_decide(champion, verdict):
    stream, answers = since(labeled(600, 1, champion=champion, functions=0.7))
    found = judge(answers).verdict(stream)
    assert (found.verdict, found.decided_by, found.labels.proven) == (verdict, "labels", True)
    assert found.reasons[0].startswith(f"{verdict}, by labels: {found.labels.right} of {found.labels.answered}")


def test_the_bar_is_the_accuracy_of_the_reference_less_the_tolerated_fall():
    stream, _ = since(labeled(300, 1))
    right = (REFERENCE.probabilities.argmax(axis=1) == GOLD).mean()
    assert judge(harm={"tolerated_drop": 0.1}).verdict(stream).labels.bar == pytest.approx(right - 0.1, abs=1e-6)


@pytest.mark.parametrize(("champion", "verdict"), [(0.6, "harm"), (0.99, "no harm")])
def test_labels_that_rows_have_for_another_reason_decide_too(champion, verdict):
    """Eighty of 600 rows were drawn at random by `gold sample --batch`, or came with a label; the order of the test has gaps."""
    stream, answers = since(labeled(600, 1, champion=champion, functions=0.7))
    few = {row_id: answers[row_id] for row_id in np.random.default_rng(3).permutation(list(answers))[:80].tolist()}
    assert judge(few).verdict(stream).labels.answered < 5
    counted = dataclasses.replace(judge(), otherwise=lambda _: few)
    found = counted.verdict(stream)
    assert (found.verdict, found.decided_by, found.labels.answered) == (verdict, "labels", 80)
    some = dict(list(few.items())[:3])
    both = dataclasses.replace(judge(some), otherwise=lambda _: some).verdict(stream)
    assert both.labels.answered == 3
    assert not set(both.labels.rows) & set(some)
    judging = dataclasses.replace(
        counted, eligible=frozenset()
    )  # all are of valid and test: they count, and none is asked for
    assert judging.verdict(stream).labels.answered == 80


def test_labels_prove_harm_where_nothing_else_shows_a_change():
    """Functions and champion err together on rows that look like all others: only labels can tell."""
    rows, gold = labeled(300, 1, champion=0.95)
    stream, answers = since((rows, gold), before_alarm=None)
    wrong = {row_id: 1 - label if place % 2 else label for place, (row_id, label) in enumerate(answers.items())}
    found = judge(wrong).verdict(stream)
    assert (found.verdict, found.harm, found.decided_by) == ("harm", True, "labels")
    assert found.labels.proven
    quiet = judge(answers).verdict(stream)
    assert (quiet.verdict, quiet.decided_by, quiet.labels) == ("no harm", "no change", None)


def test_what_labels_decided_stays_when_other_rows_arrive():
    first, second = labeled(400, 1, champion=0.6), labeled(400, 2, champion=0.99)
    stream, answers = since(first, second)
    alone, _ = since(first)
    found = [judge(answers).verdict(one).labels for one in (alone, stream)]
    assert (found[0].outcome, found[0].labels_used) == (found[1].outcome, found[1].labels_used) == ("harm", 8)


def test_small_batches_add_up():
    parts = [labeled(25, seed, champion=0.6) for seed in range(1, 9)]
    few, _ = since(parts[0])
    many, _ = since(*[(unsure(rows, 0.75), gold) for rows, gold in parts])
    assert judge().verdict(few).harm is None
    assert judge().verdict(few).reasons[0] == "undecided: 25 rows since batch-0, 30 are asked"
    assert (judge().verdict(many).verdict, judge().verdict(many).rows) == ("harm", 200)


def test_a_fall_of_agreement_asks_for_labels_without_an_alarm_too():
    stream, _ = since(labeled(300, 1, champion=0.6), before_alarm=None)
    assert judge().verdict(stream).labels.more_labels > 0


def test_where_the_whole_interval_is_above_the_bar_it_is_no_harm_without_labels():
    rows, gold = labeled(2000, 1, champion=1.0, sure=0.999, functions=0.99)
    reference, known = labeled(2000, 0, champion=0.95, sure=0.999, functions=0.99)
    stream, _ = since((rows, gold))
    found = judge(gold=known, reference=reference, harm={"tolerated_drop": 0.1}).verdict(stream)
    assert (found.verdict, found.decided_by, found.labels.more_labels) == ("no harm", "witnesses", 0)
    assert len(found.reasons) == 2


def test_it_says_when_the_reference_has_too_little_gold():
    stream, _ = since(labeled(300, 1))
    assert "by functions alone, for there is too little gold" in judge(gold=None).verdict(stream).reasons[1]


def test_of_more_than_two_classes_it_is_judged_as_well():
    reference, gold = labeled(600, 0, champion=0.95, n_classes=4)
    stream, answers = since(labeled(400, 1, champion=0.5, n_classes=4))
    made = dataclasses.replace(judge(answers, gold=gold, reference=reference), n_classes=4)
    found = made.verdict(stream)
    assert (found.verdict, found.decided_by) == ("harm", "labels")


def test_it_is_said_where_agreement_is_blind_until_labels_decide():
    rows, gold = labeled(300, 1, champion=0.6)
    stream, answers = since((unsure(rows, 0.75), gold))
    names = ("like_cracks", "like_spots", "like_lines", "like_dirt")
    found = dataclasses.replace(judge(), same_features=names).verdict(stream)
    assert found.same_features == names
    said = [reason for reason in found.reasons if reason.startswith("agreement is blind")]
    assert len(said) == 1
    assert "like_cracks, like_spots, like_lines and 1 more read the same features" in said[0]
    by_labels = dataclasses.replace(judge(answers), same_features=names).verdict(stream)
    assert not [reason for reason in by_labels.reasons if "blind" in reason]
    assert not [reason for reason in judge().verdict(stream).reasons if "blind" in reason]


def test_the_bar_is_below_one_so_that_right_answers_can_prove_anything():
    sure, gold = labeled(600, 0, champion=1.0)
    stream, _ = since(labeled(300, 1))
    found = judge(reference=sure, gold=gold, harm={"tolerated_drop": 1e-9}).verdict(stream)
    assert found.labels.bar == pytest.approx(1.0 - _LEAST_BAR)


def test_where_fewer_rows_have_arrived_than_labels_are_needed_their_number_is_given():
    few, _ = since(labeled(40, 1, champion=0.95, functions=0.8))
    many, _ = since(labeled(600, 1, champion=0.95, functions=0.8))
    found = judge().verdict(few)
    assert found.labels.more_labels > len(found.labels.rows) > 0
    assert f"; {len(found.labels.rows)} have arrived: `tidemill gold sample" in found.reasons[-1]
    assert "have arrived" not in judge().verdict(many).reasons[-1]


@pytest.mark.parametrize(("before_alarm", "together"), [(None, 1), (1, 1), (3, 3)])
def test_labels_are_drawn_from_the_batches_before_the_alarm_together(before_alarm, together):
    stream, _ = since(*[labeled(10, seed) for seed in range(4)], before_alarm=before_alarm)
    assert stream.together == together

"""Which rows a person labels: a random order that a replay repeats, rows that teach apart from it, answers in their order."""

import numpy as np
import pytest
from scipy import stats

from tidemill.monitor.label_queue import Arrived, answered_right, most_informative, sample_order
from tidemill.monitor.rows import Rows


def arrived(name, count):
    rows = Rows(np.zeros((count, 1), np.float32), np.tile([0.9, 0.1], (count, 1)), np.zeros((count, 1), np.int16))
    return Arrived(tuple(f"{name}/{k}" for k in range(count)), rows)


BATCHES = [arrived("a", 40), arrived("b", 40), arrived("c", 20)]
IDS = [row_id for batch in BATCHES for row_id in batch.row_ids]


def test_rows_up_to_the_alarm_are_shuffled_together_and_later_batches_follow():
    order = sample_order(BATCHES, 2, set(IDS), "v1")
    assert sorted(order) == sorted(IDS)
    assert set(order[80:]) == set(BATCHES[2].row_ids)
    places = [k for k, row_id in enumerate(order[:80]) if row_id.startswith("a/")]
    assert stats.mannwhitneyu(places, [k for k in range(80) if k not in places]).pvalue > 0.01
    assert order[:40] != sorted(order[:40])


def test_the_order_is_the_same_at_every_replay_and_whatever_arrives_later():
    order = sample_order(BATCHES, 2, set(IDS), "v1")
    assert sample_order(BATCHES, 2, set(IDS), "v1") == order
    assert sample_order(BATCHES[:2], 2, set(IDS), "v1") == order[:80]
    backwards = [Arrived(batch.row_ids[::-1], batch.rows) for batch in BATCHES]
    assert sample_order(backwards, 2, set(IDS), "v1") == order
    assert sample_order(BATCHES, 2, set(IDS), "v2") != order


def test_rows_that_may_not_be_labeled_are_left_out():
    assert set(sample_order(BATCHES, 3, set(IDS[::3]), "v1")) == set(IDS[::3])
    assert sample_order(BATCHES, 1, set(), "v1") == []


def test_each_row_is_as_likely_to_come_first():
    firsts = [sample_order([arrived("a", 5)], 1, {f"a/{k}" for k in range(5)}, str(seed))[0] for seed in range(1000)]
    counts = [firsts.count(f"a/{k}") for k in range(5)]
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize(
    ("labels", "right"),
    [({}, []), ({"x": 0, "y": 1}, [True, False]), ({"y": 1}, []), ({"x": 0, "z": 0}, [True])],
)
def test_answers_count_up_to_the_first_row_that_was_skipped(labels, right):
    predicted = dict.fromkeys("xyz", 0)
    assert answered_right(["x", "y", "z"], predicted, labels).tolist() == right


def test_rows_that_teach_are_those_in_doubt_and_never_of_the_sample():
    doubt = np.arange(100.0)
    sample = set(IDS[95:])
    chosen = most_informative(BATCHES, doubt, sample, set(IDS[:98]))
    assert chosen == tuple(IDS[94:74:-1])
    assert not sample & set(chosen)
    assert most_informative(BATCHES, doubt, set(IDS), set(IDS)) == ()

import functools
import operator

import numpy as np

from tidemill.label.analysis.counts import count_votes, in_conflict


def test_tallies_of_batches_and_blocks_add_up_to_that_of_all_rows(monkeypatch):
    votes = np.random.default_rng(6).choice(np.array([-3, -2, -1, -1, -1, 0, 1], dtype=np.int16), (97, 5))
    whole = count_votes(votes, n_classes=2)
    monkeypatch.setattr("tidemill.label.analysis.counts._BLOCK", 8)
    parts = functools.reduce(operator.add, (count_votes(part, n_classes=2) for part in np.array_split(votes, 4)))
    assert (parts.rows, parts.covered, parts.conflicting) == (whole.rows, whole.covered, whole.conflicting)
    assert parts.polarity == whole.polarity
    for name in ("fires", "overlaps", "conflicts"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()


def test_counts_are_those_counted_by_hand():
    votes = np.array([[0, 1, -1], [0, -3, -1], [-1, -2, -1], [-1, -1, -1], [1, 1, -2]], dtype=np.int16)
    found = count_votes(votes, n_classes=2)
    assert (found.rows, found.covered, found.conflicting) == (
        5,
        4,
        1,
    )  # 0 and 1 differ; not 1 agrees with 0, not 0 with 1
    assert found.fires.tolist() == [3, 4, 1]
    assert found.overlaps.tolist() == [3, 3, 1]
    assert found.conflicts.tolist() == [1, 1, 0]
    assert [sorted(one) for one in found.polarity] == [[0, 1], [-3, -2, 1], [-2]]


def test_many_classes_are_told_apart():
    votes = np.arange(-1, 60, dtype=np.int16)[:, None]
    assert sorted(count_votes(votes, n_classes=60).polarity[0]) == list(range(60))


def test_a_row_is_in_conflict_where_no_class_is_left_however_many_there_are():
    rng = np.random.default_rng(3)
    for n_classes in (2, 3, 8, 9, 12):
        first = -1 - n_classes  # not_class of the last
        votes = rng.integers(first, n_classes, (300, 4)).astype(np.int16)
        left = [
            [k for k in range(n_classes) if all(v in {-1, k} or (v < -1 and v != -2 - k) for v in row)] for row in votes
        ]
        assert in_conflict(votes, n_classes).tolist() == [not classes for classes in left]

"""Orders of rows that depend on their content alone."""

import itertools

import numpy as np

from tidemill.contracts import NO_GOLD
from tidemill.denoise.statistics.row_order import gold_first, row_order

VOTES = np.array(list(itertools.product(range(-3, 2), repeat=4)), dtype=np.int16)  # 625 rows, no two alike


def test_rows_stand_in_the_same_order_however_they_came():
    features = np.zeros((625, 3), dtype=np.float32)
    mixed = np.random.default_rng(0).permutation(625)
    assert (VOTES[row_order(VOTES, features)] == VOTES[mixed][row_order(VOTES[mixed], features)]).all()
    points = np.random.default_rng(1).normal(size=(625, 3)).astype(np.float32)
    silent = np.full((625, 2), -1, dtype=np.int16)
    assert (points[row_order(silent, points)] == points[mixed][row_order(silent, points[mixed])]).all()


def test_the_order_knows_nothing_of_what_rows_say():
    order = row_order(VOTES, np.zeros((625, 1), dtype=np.float32))
    for function in range(4):
        place = np.corrcoef(np.arange(625), VOTES[order, function])[0, 1]
        assert abs(place) < 4 / np.sqrt(625)


def test_rows_with_gold_come_first_and_each_part_keeps_its_order():
    order, gold = np.array([3, 1, 0, 2]), np.array([NO_GOLD, 0, 1, NO_GOLD])
    assert gold_first(order, gold).tolist() == [1, 2, 3, 0]
    assert gold_first(order, None).tolist() == [3, 1, 0, 2]

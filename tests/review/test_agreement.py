"""Krippendorff's alpha against the published example, a peer and what it is by definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.review.factories import answers_of, drawn
from tidemill.review.agreement import krippendorff_alpha


def test_the_published_example_with_missing_answers() -> None:
    """Krippendorff (2011), section C: four observers, twelve units, nominal alpha .743."""
    observers = ("123321412...", "123322412" + "5.3", ".33323422" + "51.", "123324412" + "51.")
    table = [
        (unit, who, int(value) - 1)
        for who, values in enumerate(observers)
        for unit, value in enumerate(values)
        if value != "."
    ]
    found = krippendorff_alpha(answers_of(table, rows=12, people=4, classes=5), draws=100, seed=1)
    assert found.alpha == pytest.approx(0.743, abs=5e-4)
    assert found.rows == 11
    assert found.low < found.alpha < found.high


def test_it_is_one_where_all_agree_and_has_no_value_where_one_class_is_named_or_nobody_shares_a_row() -> None:
    agreed = answers_of([(row, who, row % 2) for row in range(6) for who in range(3)], rows=6, people=3, classes=2)
    assert krippendorff_alpha(agreed, draws=100, seed=1).alpha == 1.0
    one_class = answers_of([(0, 0, 1), (0, 1, 1)], rows=1, people=2, classes=2)
    assert math.isnan(krippendorff_alpha(one_class, draws=100, seed=1).alpha)
    assert krippendorff_alpha(answers_of([(0, 0, 1)], rows=1, people=1, classes=2), draws=100, seed=1).rows == 0


def test_people_who_guess_agree_as_by_chance_and_the_interval_covers_zero() -> None:
    guessed = drawn(np.zeros(400, dtype=np.int64), np.full(10, 0.5), each=3, classes=2, seed=3)
    found = krippendorff_alpha(guessed, draws=200, seed=1)
    assert found.low < 0.0 < found.high
    assert found.high - found.low < 0.2

"""Trust by test questions, confidence of answers, people who are ejected, and how many are asked."""

from __future__ import annotations

import numpy as np
import pytest

from tests.review.factories import answers_of
from tidemill.contracts import NO_GOLD, DataError
from tidemill.review.trust import (
    DynamicJudgments,
    Trust,
    answer_confidence,
    ejected,
    trust_from_tests,
    truth_by_others,
)


def test_the_published_example_of_confidence() -> None:
    """Eight people whose trust sums to 7.2505, of whom five with 4.4703 in all say the same: .6166."""
    trust = np.array([0.9, 0.9, 0.9, 0.9, 0.8703, 0.9, 0.9401, 0.9401])
    answers = answers_of([(0, who, int(who < 5)) for who in range(8)], rows=1, people=8, classes=2)
    assert trust.sum() == pytest.approx(7.2505)
    assert trust[:5].sum() == pytest.approx(4.4703)
    assert answer_confidence(answers, trust)[0, 1] == pytest.approx(0.6166, abs=5e-5)


def test_trust_is_the_smoothed_share_of_test_questions_and_other_rows_do_not_count() -> None:
    answers = answers_of([(0, 0, 1), (1, 0, 1), (2, 0, 0), (2, 1, 1)], rows=3, people=3, classes=2)
    truth = np.array([1, 0, NO_GOLD, NO_GOLD])
    found = trust_from_tests(answers, truth, prior=0.8, strength=2.0)
    assert found.right.tolist() == [1, 0, 0]
    assert found.asked.tolist() == [2, 0, 0]
    assert found.trust == pytest.approx([2.6 / 4, 0.8, 0.8])


def test_others_settle_a_row_by_more_than_half_of_their_weight() -> None:
    two_to_one = answers_of([(0, 0, 0), (0, 1, 1), (0, 2, 1)], rows=1, people=3, classes=2)
    assert truth_by_others(two_to_one, np.ones(3), least=2.0).tolist() == [1, NO_GOLD, NO_GOLD]
    alone = answers_of([(0, 0, 0), (0, 2, 1)], rows=1, people=3, classes=2)
    assert truth_by_others(alone, np.array([1.0, 1.0, 2.0]), least=2.0).tolist() == [1, NO_GOLD]


def test_nobody_is_ejected_by_few_test_questions() -> None:
    trust = Trust(np.array([0.0, 4.0, 9.0]), np.array([7.0, 8.0, 10.0]), np.array([0.2, 0.6, 0.9]))
    assert ejected(trust, limit=0.7, least_tests=8).tolist() == [False, True, False]


def test_more_people_are_asked_until_an_answer_is_sure_or_the_most_are_asked() -> None:
    """With trust alike: 2 answers are too few, 3 of 3 and 3 of 4 are sure, 2 of 3 and 3 of 5 are not, with 6 it ends."""
    said = {0: [1, 1], 1: [1, 1, 1], 2: [1, 1, 0], 3: [1, 1, 1, 0], 4: [1, 1, 1, 0, 0], 5: [1, 1, 1, 0, 0, 0]}
    table = [(row, who, label) for row, labels in said.items() for who, label in enumerate(labels)]
    answers = answers_of(table, rows=7, people=6, classes=2)
    asked = DynamicJudgments(least=3, most=6, confidence=0.75).rows_to_ask(answers, np.full(6, 0.9))
    assert asked.tolist() == [0, 2, 4, 6]


def test_a_person_answers_a_row_once() -> None:
    with pytest.raises(DataError, match="answer 1: annotator 2 answers row 0 twice"):
        answers_of([(0, 2, 1), (0, 2, 0)], rows=1, people=3, classes=2)
    with pytest.raises(DataError, match=r"answer 0: label 2 is not in 0..1"):
        answers_of([(0, 0, 2)], rows=1, people=1, classes=2)

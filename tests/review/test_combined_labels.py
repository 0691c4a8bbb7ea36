"""Answers of people and labels of functions in one table: better than either, and what is said of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.review.factories import drawn
from tidemill.review.aggregation.label_models import dawid_skene
from tidemill.review.combined_labels import combined_labels

CLASSES = ("ham", "spam")
ROWS = 600


def labels_of(spam: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"row_id": [f"r{n}" for n in range(len(spam))], "p_ham": 1.0 - spam, "p_spam": spam})


def test_labels_with_answers_are_right_more_often_than_functions_and_than_people() -> None:
    """Functions are right in 80% and say .9; two of ten people, right in 80%, answer each of two rows in three."""
    rng = np.random.default_rng(4)
    truth = rng.integers(2, size=ROWS)
    said = np.where(rng.random(ROWS) < 0.8, truth, 1 - truth)
    before = labels_of(np.where(said == 1, 0.9, 0.1))
    given = drawn(truth, np.full(10, 0.8), each=2, classes=2, seed=5)
    given = given.kept(given.row < 400)
    table = pl.DataFrame(
        {"row_id": [f"r{n}" for n in given.row], "who": [f"p{n}" for n in given.annotator], "label": given.label}
    )
    after, about = combined_labels(before, table, CLASSES)
    right = (after["p_spam"].to_numpy() > 0.5) == truth
    people = (dawid_skene(given).argmax(axis=1) == truth)[:400].mean()
    assert right[:400].mean() > max((said == truth)[:400].mean(), people) + 0.03
    assert right[400:].mean() == (said == truth)[400:].mean()
    assert about is not None
    assert (about.people, about.answers, about.rows) == (10, 800, 400)
    own = [(given.label == truth[given.row])[given.annotator == person].mean() for person in range(10)]
    assert list(about.accuracy.values()) == pytest.approx(own, abs=0.15)
    moved = (after["p_spam"] > 0.5) != (before["p_spam"] > 0.5)
    assert about.changed == moved.sum()


def test_without_answers_labels_are_as_they_were_and_answers_to_other_rows_do_not_count() -> None:
    before = labels_of(np.array([0.2, 0.7]))
    other = pl.DataFrame({"row_id": ["elsewhere"], "who": ["p1"], "label": [1]})
    for answers in (other, other.clear()):
        after, about = combined_labels(before, answers, CLASSES)
        assert after.equals(before)
        assert about is None


@pytest.mark.parametrize(("skill", "expected"), [(0.7, True), (0.95, False)])
def test_sure_functions_are_followed_against_two_people_only_where_that_is_right_more_often(
    *, skill: float, expected: bool
) -> None:
    """Functions are right in 97%, say so, and two of ten people contradict them alike on some rows.

    With people who are right in 70% they are right there in .97 * .09 of .97 * .09 + .03 * .49 = 86%, in 95% in 8%.
    """
    rng = np.random.default_rng(4)
    truth = rng.integers(2, size=ROWS)
    said = np.where(rng.random(ROWS) < 0.97, truth, 1 - truth)
    before = labels_of(np.where(said == 1, 0.97, 0.03))
    given = drawn(truth, np.full(10, skill), each=2, classes=2, seed=5)
    table = pl.DataFrame(
        {"row_id": [f"r{n}" for n in given.row], "who": [f"p{n}" for n in given.annotator], "label": given.label}
    )
    after, about = combined_labels(before, table, CLASSES)
    found = after["p_spam"].to_numpy() > 0.5
    against = given.counts()[np.arange(ROWS), 1 - said] == 2
    followed = found[against] == said[against]
    assert (followed.mean() > 0.5, (said == truth)[against].mean() > 0.5) == (expected, expected)
    assert about is not None
    assert about.overruled == followed.sum()

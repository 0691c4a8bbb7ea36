"""Functions that were written for different kinds of rows never vote together, which tells nothing of how right they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tidemill.denoise import LabelModel
from tidemill.denoise.statistics.distinct_rows import distinct_rows
from tidemill.denoise.statistics.pair_counts import pair_counts

ROWS = 1700


def two_kinds(seed: int) -> tuple[Any, Any]:
    """Ten functions speak of each of two kinds of rows, in groups that share most errors; four in five of their votes are right."""
    rng = np.random.default_rng(seed)
    first = rng.random(ROWS) < 0.41
    gold = (rng.random(ROWS) < np.where(first, 0.38, 0.25)).astype(np.int16)
    votes = np.full((ROWS, 20), -1, dtype=np.int16)
    for start, kind in ((0, first), (10, ~first)):
        rows = np.flatnonzero(kind)
        for functions in (range(3), range(3, 6), range(6, 10)):
            shared = np.where(rng.random(len(rows)) < 0.82, gold[rows], 1 - gold[rows])
            for j in functions:
                own = np.where(rng.random(len(rows)) < 0.85, gold[rows], 1 - gold[rows])
                says = rng.random(len(rows)) < 0.8
                vote = np.where(rng.random(len(rows)) < 0.8, shared, own)
                votes[rows[says], start + j] = vote[says]
    return votes, gold


@pytest.mark.parametrize("seed", range(3))
def test_neither_kind_is_read_as_if_its_votes_named_the_other_class(seed: int) -> None:
    votes, gold = two_kinds(seed)
    wrong = (LabelModel("majority").fit(votes).predict_proba(votes).argmax(axis=1) != gold).mean()
    for name in ("auto", "smoothed", "pairs"):
        model = LabelModel(name).fit(votes)
        assert np.min(model.accuracies_) > 0.6, name
        assert (model.predict_proba(votes).argmax(axis=1) != gold).mean() < wrong + 0.06, name


def overlapping(votes: Any) -> Any:
    return pair_counts(distinct_rows(votes, budget=20_000, order=np.arange(votes.shape[1])), 2, most=200).overlapping


def test_functions_for_different_classes_are_compared_though_they_never_vote_together() -> None:
    """Where each names one class, that they never meet is what tells that they are right."""
    votes = np.full((400, 2), -1, dtype=np.int16)
    votes[:200, 0], votes[200:, 1] = 0, 1
    assert overlapping(votes).all()
    votes[:40, 1] = 0  # now both name class 0, and meet on 40 of the 120 rows that chance would have
    assert overlapping(votes).all()
    votes[10:40, 1] = -1
    assert not overlapping(votes).all()


def test_few_rows_do_not_tell_that_functions_are_of_different_rows() -> None:
    votes = np.full((36, 2), -1, dtype=np.int16)
    votes[:18, 0], votes[18:, 1] = 0, 0
    assert overlapping(votes).all()  # chance would have them meet on 9 rows

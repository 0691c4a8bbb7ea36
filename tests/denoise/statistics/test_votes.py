"""Forms in which label models see votes, and votes that are none."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, DataError
from tidemill.denoise.statistics import votes as votes_module
from tidemill.denoise.statistics.votes import check_votes, one_hot, softmax, sum_evidence, uncovered, vote_shares


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (np.zeros(3, dtype=np.int16), "votes have 1 dimensions, promised 2"),
        (np.array([[0, -4]]), "row 0 of votes, function b: vote -4 is neither"),
        (np.array([[0, 2]]), "row 0 of votes, function b: vote 2 is neither"),
        (np.array([[0, 0], [-4, 9]]), "row 1 of votes, function a: vote -4 is neither .*; 2 such votes"),
        (np.array([[0.0, 0.5]]), "function b: vote 0.5 is neither"),
        (np.array([[np.nan, 0.0]]), "function a: vote nan is neither .*; 1 such vote$"),
    ],
)
def test_what_is_no_vote_is_named_by_row_and_function(votes, message):
    with pytest.raises(DataError, match=message):
        check_votes(votes, 2, names=["a", "b"])


def test_all_that_a_vote_can_be_passes_as_small_integers():
    found = check_votes(np.array([[1.0, -1.0], [-3.0, -2.0]]), 2)
    assert found.dtype == np.int16
    assert found.tolist() == [[1, -1], [-3, -2]]
    assert check_votes(np.zeros((0, 2)), 2, functions=2).shape == (0, 2)
    with pytest.raises(DataError, match="votes of 2 functions, the label model was fitted on 3"):
        check_votes(np.zeros((1, 2), dtype=np.int16), 2, functions=3)


def test_evidence_of_a_rows_votes_adds_up_in_one_block_or_many(monkeypatch):
    votes = np.array([[0, ABSTAIN, -2], [1, 1, ABSTAIN], [ABSTAIN] * 3], dtype=np.int16)
    evidence = np.random.default_rng(0).normal(size=(12, 2))
    expected = np.array([evidence[0] + evidence[8 + 2], evidence[1] + evidence[4 + 1], [0.0, 0.0]])
    assert sum_evidence(votes, evidence, 2) == pytest.approx(expected)
    assert one_hot(votes, 2) @ evidence == pytest.approx(expected)
    monkeypatch.setattr(votes_module, "BLOCK", 2)
    assert sum_evidence(votes, evidence, 2) == pytest.approx(expected)


def test_a_vote_against_a_class_is_shared_by_the_others():
    votes = np.array([[0, -2, ABSTAIN], [ABSTAIN] * 3], dtype=np.int16)
    assert vote_shares(votes, 3) == pytest.approx(np.array([[0.5, 0.25, 0.25], [1 / 3] * 3]))
    assert uncovered(votes).tolist() == [False, True]


def test_large_logits_are_no_trouble():
    assert softmax(np.array([[1000.0, 1000.0], [-2000.0, 0.0]])).tolist() == [[0.5, 0.5], [0.0, 1.0]]

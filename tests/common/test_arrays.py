import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tidemill.common.arrays import MAX_CLASSES, feature_array, n_classes_of, named_votes, probability_array
from tidemill.contracts import InputError, not_class


def test_the_largest_and_smallest_votes_fit_a_vote():
    extremes = [[MAX_CLASSES - 1, not_class(MAX_CLASSES - 1)]]
    assert named_votes(extremes).votes.tolist() == extremes
    assert named_votes(extremes).votes.dtype == np.int16
    with pytest.raises(InputError, match="1001 classes: 1000 are the most"):
        named_votes([[0]], 1001)


@pytest.mark.parametrize("vote", [1000, not_class(1000), -40000, 3.5, np.inf, -np.inf, np.nan])
def test_no_other_value_is_a_vote(vote):
    with pytest.raises(InputError, match="row 1 of votes, function 1: vote"):
        named_votes([[0, 0], [0, vote]])


def test_wrong_votes_are_counted():
    with pytest.raises(InputError, match=r"row 0 of votes, function b: vote 2 is neither .*; 2 such votes"):
        named_votes(pd.DataFrame({"a": [0, 3], "b": [2, 0]}), 2)


def test_columns_that_hold_no_votes_are_left_out():
    table = pl.DataFrame({"row_id": ["r"], "batch": ["b"], "split": ["dev"], "f": [1]})
    assert named_votes(table).names == ("f",)
    assert named_votes(table.drop("f")).votes.shape == (1, 0)


def test_a_null_of_pandas_is_no_vote():
    with pytest.raises(InputError, match="row 1 of votes, function f: no value"):
        named_votes(pd.DataFrame({"f": [0.0, np.nan]}))


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (csr_matrix(np.eye(2)), "sparse votes are not supported"),
        (np.array([[1j]]), "Complex data not supported"),
        (np.zeros(3), "votes have 1 dimensions"),
        (np.zeros((1, 1, 1)), "votes have 3 dimensions"),
    ],
)
def test_what_is_no_matrix_is_refused(votes, message):
    with pytest.raises(InputError, match=message):
        named_votes(votes)


@pytest.mark.parametrize(
    ("votes", "count"), [([[-1]], 2), ([[1]], 2), ([[2]], 3), ([[-2]], 2), ([[-4]], 3), ([[0, -5], [2, -1]], 4)]
)
def test_classes_are_counted_by_what_votes_name_or_exclude(votes, count):
    assert n_classes_of(np.array(votes, dtype=np.int16)) == count


def test_features_are_finite_numbers():
    assert feature_array([[1, 2]]).dtype == np.float32
    assert feature_array(pl.DataFrame({"a": [1.0]})).tolist() == [[1.0]]
    for bad in (np.nan, np.inf, 1e39):  # the last is beyond float32
        with pytest.raises(InputError, match="row 1 of features holds NaN or infinity"):
            feature_array([[0.0], [bad]])
    with pytest.raises(InputError, match=r"features of 0 feature\(s\)"):
        feature_array(np.zeros((2, 0)))
    with pytest.raises(InputError, match="features of 1 rows for 2 rows"):
        feature_array([[0.0]], rows=2)


@pytest.mark.parametrize("row", [[0.5, 0.6], [1.5, -0.5], [np.nan, 1.0]])
def test_probabilities_are_shares_that_sum_to_one(row):
    with pytest.raises(InputError, match="row 1 of probabilities"):
        probability_array([[0.5, 0.5], row])
    assert probability_array([[0.5, 0.5], [0.4, 0.6 + 1e-9]]).shape == (2, 2)


def test_one_column_is_no_matrix_of_probabilities():
    with pytest.raises(InputError, match=r"probabilities of shape \(1, 1\)"):
        probability_array([[1.0]])

import numpy as np
import polars as pl
import pytest

from tidemill.evaluate.baselines import align_classes, break_ties, majority_class_predictions
from tidemill.evaluate.slices import slice_columns, slice_of_value, slices_of_columns, values_of


def test_the_floor_without_gold_is_every_class_alike():
    assert majority_class_predictions(np.array([], dtype=int), 4, 2).tolist() == [[0.25] * 4] * 2


def test_votes_that_are_heard_keep_their_class():
    shares = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.5, 0.5]])
    assert break_ties(shares).argmax(axis=1).tolist() == [0, 1, 1, 1]
    assert np.allclose(break_ties(shares).sum(axis=1), 1.0)


def test_a_champion_that_knows_none_of_the_classes_says_nothing():
    assert align_classes(np.array([[0.3, 0.7]]), ["x", "y"], ["a", "b"]).tolist() == [[0.5, 0.5]]


def test_a_class_that_went_away_gives_its_share_to_the_others():
    assert np.allclose(align_classes(np.array([[0.2, 0.2, 0.6]]), ["a", "b", "gone"], ["a", "b"]), [[0.5, 0.5]])


def test_small_slices_are_not_cut():
    table = pl.DataFrame({"group": ["a"] * 9 + ["b"]})
    assert [one.name for one in slices_of_columns(table, ["group"], min_rows=2)] == ["group=a"]


def test_numbers_and_booleans_make_slices_too():
    table = pl.DataFrame({"is_list": [True, False, True], "year": [1, 1, None]})
    names = [one.name for one in slices_of_columns(table, ["is_list", "year"], min_rows=1)]
    assert names == ["is_list=false", "is_list=true", "year=1"]


def test_columns_of_one_value_or_many_are_passed_over():
    table = pl.DataFrame({"one": ["x"] * 4, "two": ["x", "y"] * 2, "many": list("abcd")})
    assert slice_columns(table, None, max_values=3) == ["two"]


def test_a_column_that_is_not_there_has_no_rows_and_no_values():
    table = pl.DataFrame({"batch": ["a"]})
    assert slice_of_value(table, "group", "x").rows.sum() == 0
    assert values_of(table, "group") == []


def test_tied_votes_go_to_what_is_common_and_shares_still_sum_to_one():
    shares = np.array([[0.5, 0.5], [0.0, 1.0], [0.0, 1.0]])
    common = shares.sum(axis=0) / 3
    found = break_ties(shares)
    assert found == pytest.approx(shares + 1e-6 * (common - shares), abs=1e-15)
    assert found.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-12)
    assert break_ties(np.zeros((0, 2))).shape == (0, 2)

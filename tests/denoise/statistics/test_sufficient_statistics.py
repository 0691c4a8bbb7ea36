"""Votes that are counted as they arrive: a refit learns what a fit on all rows would."""

import json

import numpy as np
import pytest

from tests.denoise.factories import made, simulated
from tidemill.contracts import ABSTAIN, NO_GOLD, DataError
from tidemill.denoise.models.registry import MODELS
from tidemill.denoise.statistics.sufficient_statistics import count_rows

VOTES, TRUTH = simulated()
GOLD = np.where(np.arange(len(VOTES)) < 40, TRUTH, NO_GOLD)
OF_VOTES = pytest.mark.parametrize("name", sorted(set(MODELS) - {"joint", "neighbours"}))


def learned(model):
    return json.dumps(model.to_dict())


@OF_VOTES
def test_a_batch_that_is_added_gives_the_fit_of_all_rows(name):
    parts = count_rows(VOTES[:150], 3).with_rows(VOTES[150:300]).with_rows(VOTES[300:])
    assert learned(made(name, 3).refit(parts)) == learned(made(name, 3).fit(VOTES))


@OF_VOTES
def test_a_function_that_is_added_gives_the_fit_of_all_functions(name):
    parts = count_rows(VOTES[:, :5], 3).with_function(VOTES[:, 5]).with_function(VOTES[:, 6])
    assert learned(made(name, 3).refit(parts)) == learned(made(name, 3).fit(VOTES))


@OF_VOTES
def test_gold_and_batches_and_edited_functions_go_together(name):
    stale = np.where(VOTES[:, 2] == 1, ABSTAIN, VOTES[:, 2])
    before = np.column_stack([VOTES[:, :2], stale, VOTES[:, 3:]])
    parts = count_rows(before[:200], 3, gold=GOLD[:200]).with_rows(before[200:], gold=GOLD[200:])
    parts = parts.without_function(2).with_function(VOTES[:, 2])
    moved = VOTES[:, [0, 1, 3, 4, 5, 6, 2]]
    assert learned(made(name, 3).refit(parts)) == learned(made(name, 3).fit(moved, gold=GOLD))


def test_counts_grow_with_what_is_new_and_not_with_rows():
    rows = count_rows(VOTES, 3)
    again = rows.with_rows(VOTES).with_rows(VOTES)
    assert again.votes.shape == rows.votes.shape
    assert (again.counts == 3 * rows.counts).all()
    assert (again.votes[again.member[: len(VOTES)]] == VOTES).all()


@pytest.mark.parametrize("name", ["joint", "neighbours"])
def test_features_cannot_be_counted(name):
    with pytest.raises(DataError, match="cannot be counted: fit it on rows"):
        made(name, 3).refit(count_rows(VOTES, 3))


def test_a_function_that_says_nothing_of_some_rows_is_refused():
    with pytest.raises(DataError, match="votes on 3 rows, 400 were counted"):
        count_rows(VOTES, 3).with_function(np.zeros(3, dtype=np.int16))
    with pytest.raises(DataError, match="functions"):
        count_rows(VOTES, 3).with_rows(VOTES[:, :2])

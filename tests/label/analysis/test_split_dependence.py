"""A function that knows gold of held-out rows is named, and one that sees its row alone is not, but for the stated chance."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import hypergeom

from tidemill.contracts import ABSTAIN, SPLITS, not_class
from tidemill.label.analysis.split_dependence import FALSE_ALARM, count_by_split, find_dependent

SHARES = [0.7, 0.1, 0.1, 0.1]


def world(rng, rows, functions=5, coverage=0.4):
    """Gold, splits, and honest votes that are right four times in five."""
    gold = rng.integers(0, 2, rows)
    splits = rng.choice(SPLITS, rows, p=SHARES)
    right = rng.random((rows, functions)) < 0.8
    votes = np.where(right, gold[:, None], 1 - gold[:, None])
    votes[rng.random((rows, functions)) > coverage] = ABSTAIN
    return gold, splits, votes.astype(np.int8)


def named(worlds, functions=5):
    counts = [count_by_split(votes, pl.Series(splits), 2) for _, splits, votes in worlds]
    return find_dependent(counts, [f"f{j}" for j in range(functions)])


@pytest.mark.parametrize("leaked", [["dev"], ["dev", "valid"], ["valid", "test"], ["test"]])
def test_votes_that_equal_gold_of_held_out_rows_alone_are_named(leaked):
    rng = np.random.default_rng(1)
    gold, splits, votes = world(rng, 800)
    votes[:, 2] = np.where(np.isin(splits, leaked), gold, ABSTAIN)
    (found,) = named([(gold, splits, votes)])
    assert found.function == "f2"
    assert found.split in leaked
    assert found.covered == 1.0
    assert "f2 votes on 100.0% of" in str(found)


def test_a_leak_behind_honest_votes_is_named_by_how_often_others_agree():
    rng = np.random.default_rng(2)
    worlds = []
    for _ in range(4):  # four batches add up
        gold, splits, votes = world(rng, 1500, coverage=0.9)
        held_out = (splits != "train") & (votes[:, 0] != ABSTAIN)
        votes[held_out, 0] = gold[held_out]
        worlds.append((gold, splits, votes))
    assert [one.function for one in named(worlds)] == ["f0"]


@pytest.mark.slow
def test_honest_functions_are_named_no_more_often_than_is_stated():
    rng = np.random.default_rng(3)
    runs = 300
    alarms = sum(
        bool(named([world(rng, int(rng.integers(50, 900)), coverage=c) for c in (0.02, 0.3)])) for _ in range(runs)
    )
    # were the stated rate ten times too low, three alarms would be expected, and none have a chance of 5%
    assert alarms <= 2, (alarms, FALSE_ALARM)


def test_batches_that_differ_are_no_evidence():
    """One batch of train rows that a function knows well, and one of held-out rows that it does not."""
    votes = np.zeros((400, 1), dtype=np.int8)
    other = np.full((400, 1), ABSTAIN, dtype=np.int8)
    counts = [
        count_by_split(votes, pl.Series(["train"] * 400), 2),
        count_by_split(other, pl.Series(["dev"] * 400), 2),
    ]
    assert find_dependent(counts, ["f"]) == []


def test_the_probability_is_the_hypergeometric_one():
    splits = pl.Series(["dev"] * 20 + ["train"] * 80)
    votes = np.full((100, 1), ABSTAIN, dtype=np.int8)
    votes[:20] = 0
    votes[20:25] = 0
    (found,) = find_dependent([count_by_split(votes, splits, 2)], ["f"])
    assert found.p == pytest.approx(2 * hypergeom.sf(19, 100, 25, 20))
    assert (found.covered, found.covered_elsewhere) == (1.0, 5 / 80)


def test_rows_are_counted_by_hand():
    votes = np.array([[0, 0, -1], [1, 0, 0], [-1, 1, 1], [1, -1, -1], [not_class(0), 0, 0]], dtype=np.int8)
    splits = pl.Series(["train", "dev", "dev", "test", "train"])
    counts = count_by_split(votes, splits, 2)[0]
    # silent, agrees, disagrees, alone: of train, dev, valid and test
    assert counts.tolist() == [[0, 1, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]]

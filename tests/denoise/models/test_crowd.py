"""Whether votes are a crowd's: each condition where it is the difference."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN
from tidemill.denoise.models import crowd
from tidemill.denoise.models.crowd import is_crowd, relative_habits, two_sided
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def rows_of(votes):
    return distinct_rows(np.asarray(votes, dtype=np.int16), budget=10**6)


def voters(shares, count=1, rows=100):
    """Voters who each name the classes in these shares of the rows."""
    column = np.repeat(np.arange(len(shares)), (np.array(shares) * rows).astype(int))
    return np.stack([np.roll(column, 7 * j) for j in range(count)], axis=1)


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ((0.5, 0.5), 2.0),
        ((1.0, 0.0), 1.0),
        ((0.9, 0.1), 1.384),  # the exponential of an entropy of .325
        ((0.8, 0.2), 1.649),
        ((0.5, 0.5, 0.0), 2.0),
        ((0.6, 0.3, 0.1), 2.454),
    ],
)
def test_voters_are_two_sided_where_they_name_more_than_half_of_the_other_classes_alike(shares, named):
    kept = [share for share in shares if share]
    assert np.exp(-sum(share * np.log(share) for share in kept)) == pytest.approx(named, abs=1e-3)
    bar = 1.0 + 0.5 * (len(shares) - 1)
    assert two_sided(rows_of(voters(shares)), len(shares)) == (named > bar)


def test_voters_count_by_their_votes():
    one_sided, both = voters((1.0, 0.0), rows=100), voters((0.5, 0.5), rows=100)
    for kept, expected in ((40, True), (160, False)):
        votes = np.full((300, 2), ABSTAIN)
        votes[:100, 0] = both[:, 0]
        votes[100 : 100 + kept, 1] = one_sided[0, 0]
        # the mean of 2 classes on 100 votes and 1 on the others is above 1.5 or not
        assert two_sided(rows_of(votes), 2) == expected


def crowd_of(speaking, rows=40, silent=0):
    rng = np.random.default_rng(0)
    votes = rng.integers(0, 2, (rows, speaking + silent))
    votes[:, speaking:] = ABSTAIN
    return rows_of(votes)


@pytest.mark.parametrize(
    ("speaking", "effective", "expected"),
    [
        (30, 20.0, True),
        (30, 19.9, False),  # twenty effective voters make a crowd
        (60, 24.0, True),
        (60, 23.9, False),  # and two in five of those who speak
    ],
)
def test_a_crowd_has_many_voters_with_a_mind_of_their_own(speaking, effective, expected):
    assert is_crowd(crowd_of(speaking), 2, effective=effective) == expected
    assert is_crowd(crowd_of(speaking, silent=50), 2, effective=effective) == expected  # who says nothing is not there


@pytest.mark.parametrize(("rows", "expected"), [(39, True), (40, False)])
def test_voters_with_very_many_votes_are_functions(rows, expected, monkeypatch):
    monkeypatch.setattr(crowd, "PATIENCE", 40)
    assert is_crowd(crowd_of(30, rows=rows), 2, effective=30.0) == expected


def test_habits_are_a_voters_shares_over_the_root_of_the_crowds():
    uses = np.array([6.0, 2.0, 0.0, 0.0, 1.0, 3.0, 0.0, 0.0])  # two voters: 6 and 2 votes for the classes, 1 and 3
    every = (np.array([7.0, 5.0, 0.0, 0.0]) + 0.5) / (12.0 + 2.0)
    own = np.array([[6.5, 2.5, 0.0, 0.0], [1.5, 3.5, 0.0, 0.0]]) / np.array([[9.0], [5.0]])
    assert relative_habits(uses, 2) == pytest.approx(own / np.sqrt(every))


def test_no_class_of_a_crowd_is_rarer_than_a_hundredth():
    votes = (np.random.default_rng(0).random((200, 10)) < 0.3).astype(np.int16)  # errors alone: gold has one class
    assert two_sided(rows_of(votes), 2)
    model = crowd.Crowd(2).fit(votes, gold=np.zeros(200, dtype=int))
    assert model.balance_ == pytest.approx([1 / 1.01, 0.01 / 1.01], abs=1e-4)


def test_the_balance_of_voters_who_do_not_name_every_class_stays_where_it_was_stated():
    votes = np.zeros((100, 10), dtype=np.int16)
    votes[:2] = 1
    assert not two_sided(rows_of(votes), 2)
    assert crowd.Crowd(2).fit(votes).balance_ == pytest.approx([0.5, 0.5])
    assert crowd.Crowd(2, balance=[0.9, 0.1]).fit(votes).balance_ == pytest.approx([0.9, 0.1])


def test_habits_of_the_crowd_start_from_half_a_vote_for_each_class():
    found = relative_habits(np.array([0.0, 4.0, 0.0, 0.0, 0.0, 0.0]), 3)
    own = np.array([0.5, 4.5, 0.5, 0.0, 0.0, 0.0]) / 5.5
    every = (np.array([0.0, 4.0, 0.0, 0.0, 0.0, 0.0]) + 0.5) / (4.0 + 3.0)
    assert found == pytest.approx((own / np.sqrt(every))[None])

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN
from tidemill.generate.gold_check import check_on_gold, lines

CLASSES = ("ham", "spam")


def checked(votes, truth, *, others=None, gold=200):
    others = np.empty((len(truth), 0), np.int16) if others is None else others
    names = [f"f{j}" for j in range(others.shape[1])]
    return check_on_gold(
        np.asarray(votes, np.int16), truth, np.arange(gold), others=others, names=names, classes=CLASSES
    )


@pytest.fixture
def truth():
    return np.random.default_rng(3).integers(0, 2, 1000)


def flipped(truth, share, seed):
    chance = np.random.default_rng(seed)
    return np.where(chance.random(len(truth)) < share, 1 - truth, truth)


def test_a_voter_that_is_right_is_kept_as_it_is(truth):
    votes = flipped(truth, 0.2, 1)
    result = checked(votes, truth)
    assert result.dropped == {}
    assert (result.votes == votes).all()


def test_a_voter_that_guesses_is_dropped_on_nearly_every_seed(truth):
    """At 99% an interval is wrong in 1 of 200 such cases at its lower end, and there are two classes."""
    kept = sum(
        not checked(np.random.default_rng(seed).integers(0, 2, 1000), truth).dropped.keys() >= {0, 1}
        for seed in range(100)
    )
    assert kept <= 4


def test_votes_for_the_class_on_which_a_voter_is_wrong_are_dropped_alone():
    """It is right on spam, and says ham of rows that are ham as often as any."""
    truth = np.tile([0, 1, 1], 200)
    votes = np.where(np.arange(600) % 5 == 0, 0, np.where(truth == 1, 1, ABSTAIN))
    result = checked(votes, truth)
    assert list(result.dropped) == [0]
    assert not (result.votes == 0).any()
    assert (result.votes[votes == 1] == 1).all()
    assert lines("net", result, 2) == [
        "net is dropped in part: votes for ham: 14 of 40 right on gold of dev, and chance is 0.34"
    ]


def test_a_copy_of_a_function_is_dropped_and_named(truth):
    others = np.stack([flipped(truth, 0.3, 5), flipped(truth, 0.2, 6)], axis=1).astype(np.int16)
    copy = np.where(np.arange(1000) % 100 == 0, 1 - others[:, 1], others[:, 1])
    result = checked(copy, truth, others=others)
    assert (result.votes == ABSTAIN).all()
    assert lines("net", result, 2) == ["net is dropped: repeats f1, of whose votes these are copies"]


def test_who_agrees_with_a_function_and_votes_elsewhere_too_is_no_copy(truth):
    others = np.where(np.arange(1000) % 2 == 0, truth, ABSTAIN).astype(np.int16)[:, None]
    result = checked(truth, truth, others=others)
    assert result.dropped == {}
    assert result.repeats == ("f0", 1.0)

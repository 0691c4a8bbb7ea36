import numpy as np

from tests.denoise.factories import two_sided
from tests.generate.factories import rows_of
from tidemill.generate.gold_check import Checked, check_on_gold
from tidemill.generate.label_gain import keep_what_helps

CHANCE = np.random.default_rng(11)
TRUTH = CHANCE.integers(0, 2, 600)
VOTES = np.stack([two_sided(TRUTH, accuracy, 0.7, CHANCE) for accuracy in (0.65, 0.7, 0.75, 0.8)], axis=1)
ROWS = rows_of(TRUTH, gold=120, votes=VOTES)


def kept(votes, rows=ROWS):
    others = rows.votes
    checked = check_on_gold(
        votes.astype(np.int16), rows.gold, rows.labeled, others=others, names=rows.names, classes=("ham", "spam")
    )
    return keep_what_helps(checked, rows, others)


def test_a_voter_that_is_better_than_the_functions_stays():
    votes = two_sided(TRUTH, 0.9, 1.0, np.random.default_rng(1))
    assert (kept(votes).votes == votes).all()


def test_guesses_that_pass_the_first_check_by_luck_are_dropped_by_what_they_do_to_labels():
    for seed in range(5):
        guesses = np.random.default_rng(seed).integers(0, 2, 600).astype(np.int16)
        result = keep_what_helps(Checked(guesses, (), {}, None), ROWS, ROWS.votes)
        assert not ((result.votes == 0).any() and (result.votes == 1).any())
        assert "labels of gold rows are no better with them" in next(iter(result.dropped.values()))


def test_little_gold_decides_nothing():
    few = rows_of(TRUTH, gold=10, votes=VOTES)
    assert (kept(TRUTH, few).votes == TRUTH).all()


def test_votes_for_a_class_that_is_called_too_often_are_dropped_alone():
    """Ham is said of ham alone; spam of all spam, and of nine in ten rows of ham, which is still right more often than chance."""
    called = np.random.default_rng(3).random(600) < 0.9
    votes = np.where((TRUTH == 0) & ~called, 0, 1).astype(np.int16)
    result = keep_what_helps(Checked(votes, (), {}, None), ROWS, ROWS.votes)
    assert list(result.dropped) == [1]
    assert result.dropped[1].startswith("votes for spam: labels of gold rows are no better with them")
    assert (result.votes == np.where(votes == 0, 0, -1)).all()

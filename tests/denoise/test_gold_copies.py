import numpy as np
import pytest

from tidemill.denoise.gold_copies import columns_like_gold

NAMES = ["a", "qa"]


def rows(n: int = 120, with_gold: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth of the rows, gold of the first, and votes of a function that is right on seven of ten rows."""
    truth = np.arange(n) % 2
    gold = np.where(np.arange(n) < with_gold, truth, -1)
    return truth, gold, np.where(np.random.default_rng(4).random(n) < 0.7, truth, 1 - truth)


@pytest.mark.parametrize("wrong", [0, 1, 5])
def test_a_column_that_votes_with_gold_alone_is_told_with_its_figures(wrong):
    _, gold, words = rows()
    copy = np.where(np.arange(120) < wrong, 1 - gold, gold)
    copy[60:] = -1
    [note] = columns_like_gold(np.stack([words, copy], axis=1), NAMES, gold)
    assert "column 'qa' votes on 100% of the rows with gold and on 0% of the others" in note
    assert f"in {60 - wrong} of 60; where it is made of gold, leave it out with --not-columns qa" in note


def test_a_column_that_has_gold_of_some_rows_and_guesses_elsewhere_is_told():
    truth, gold, words = rows(400, 100)
    copy = np.where(gold >= 0, gold, np.where(np.arange(400) % 5 == 0, truth, -1))
    [note] = columns_like_gold(np.stack([words, copy], axis=1), NAMES, gold)
    assert "votes on 100% of the rows with gold and on 20% of the others" in note


def test_columns_that_are_always_right_are_told_in_one_sentence():
    truth, gold, words = rows()
    [note] = columns_like_gold(np.stack([truth, words, truth], axis=1), ["x", "a", "y"], gold)
    assert note.startswith(
        "always says what gold says: column 'x' in 60 rows, 'y' in 60 rows; where it is made of gold"
    )
    assert "--not-columns x,y" in note
    [note] = columns_like_gold(np.stack([words, truth], axis=1), NAMES, truth)
    assert note.startswith("always says what gold says: column 'qa' in 120 rows")


def test_good_functions_and_few_rows_are_not_told_of():
    truth, gold, words = rows()
    of_one_class = np.where(truth == 1, 1, -1)
    few = np.where(np.arange(120) < 9, gold, -1)
    nearly = np.where(np.arange(120) == 3, 1 - truth, truth)
    wrong_where_gold_is = np.where(gold >= 0, words, -1)
    for column in (words, of_one_class, few, nearly, wrong_where_gold_is, np.full(120, -1)):
        assert columns_like_gold(np.stack([words, column], axis=1), NAMES, gold) == []

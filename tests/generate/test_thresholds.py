import numpy as np
import pytest

from tidemill.generate.thresholds import NEVER, cast, cast_held_out, choose_thresholds


def answers(sure: np.ndarray) -> np.ndarray:
    return np.stack([1 - sure, sure], axis=1)


def test_the_lowest_threshold_that_keeps_the_precision_is_chosen():
    """40 answers for class 1, wrong from the 31st on: (30 + 1) / (n + 2) is 0.9 at 32 votes and below after them."""
    sure = np.linspace(0.99, 0.6, 40)
    gold = (np.arange(40) < 30).astype(int)
    chosen = choose_thresholds(answers(sure), gold, precision=0.9, at_least=0.5)
    assert chosen[1] == pytest.approx(sure[31])
    assert chosen[0] == NEVER  # nothing is answered with it


def test_equal_probabilities_are_voted_for_together():
    """The best ten of a tie are right; the tie as a whole is not."""
    sure, gold = np.full(40, 0.9), (np.arange(40) < 20).astype(int)
    assert choose_thresholds(answers(sure), gold, precision=0.8, at_least=0.5)[1] == NEVER


def test_few_gold_rows_choose_nothing():
    assert choose_thresholds(answers(np.full(19, 0.9)), np.ones(19, int), precision=0.9, at_least=0.7).tolist() == [
        0.7,
        0.7,
    ]


def test_no_answer_is_an_abstain():
    assert cast(np.array([[np.nan, np.nan], [0.3, 0.7]]), np.array([0.5, 0.5])).tolist() == [-1, 1]


def test_a_gold_row_does_not_choose_the_threshold_of_its_own_vote():
    """Guesses: thresholds chosen on the same rows find the lucky ones, held-out votes are right as often as chance."""
    chance, flattered, honest = np.random.default_rng(1), [], []
    for _ in range(60):
        sure, gold = chance.uniform(0.5, 1, 60), chance.integers(0, 2, 60)
        same = cast(answers(sure), choose_thresholds(answers(sure), gold, precision=0.7, at_least=0.5))
        apart = cast_held_out(answers(sure), gold, np.arange(60) % 5, precision=0.7, at_least=0.5)
        flattered += (gold[same >= 0] == same[same >= 0]).tolist()
        honest += (gold[apart >= 0] == apart[apart >= 0]).tolist()
    assert np.mean(flattered) > 0.65
    assert np.mean(honest) < 0.6

import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.label.analysis.summary import conflicts, lf_summary, printable

# The example of Snorkel's documentation; the figures below are counted by hand and are also Snorkel's.
VOTES = np.array([[-1, 0, 0], [-1, -1, -1], [1, 0, -1], [-1, 0, -1], [0, 0, 0]], dtype=np.int16)
NAMES = ["a", "b", "c"]


def test_the_table_has_snorkels_columns_and_hand_counted_figures():
    gold = np.array([0, 1, 1, 1, -1], dtype=np.int16)
    table = lf_summary(VOTES, NAMES, n_classes=2, gold=gold, learned=[0.5, 1.0, 2.0])
    assert table.drop("function").columns == [
        "j", "Polarity", "Coverage", "Overlaps", "Conflicts", "Correct", "Incorrect", "Emp. Acc.", "Learned Weight",
    ]  # fmt: skip
    assert table.to_dict(as_series=False) == {
        "function": NAMES,
        "j": [0, 1, 2],
        "Polarity": [[0, 1], [0], [0]],
        "Coverage": [0.4, 0.8, 0.4],
        "Overlaps": [0.4, 0.6, 0.4],
        "Conflicts": [0.2, 0.2, 0.0],
        "Correct": [1, 1, 1],  # row 4 has no gold
        "Incorrect": [0, 2, 0],
        "Emp. Acc.": [1.0, 1 / 3, 1.0],
        "Learned Weight": [0.5, 1.0, 2.0],
    }


def test_a_function_that_never_votes_has_zeros_and_no_polarity():
    table = lf_summary(np.full((3, 1), -1, dtype=np.int16), ["silent"], n_classes=2, gold=np.zeros(3, dtype=np.int16))
    assert table.row(0) == ("silent", 0, [], 0.0, 0.0, 0.0, 0, 0, 0.0)


def test_a_function_that_always_votes_is_counted_in_full():
    table = lf_summary(np.array([[0], [1]], dtype=np.int16), ["f"], n_classes=2, gold=np.array([0, 1], dtype=np.int16))
    assert table.select("Correct", "Incorrect", "Emp. Acc.").row(0) == (2, 0, 1.0)


def test_a_vote_against_a_class_is_right_of_every_other_and_conflicts_with_that_class_only():
    votes = np.array([[-2, 1, -1], [-2, 0, -1], [-2, -3, -1], [-2, -3, -4]], dtype=np.int16)  # not 0, not 1, not 2
    assert conflicts(votes, n_classes=3).tolist() == [False, True, False, True]
    table = lf_summary(votes, NAMES, n_classes=3, gold=np.array([1, 0, 2, 1], dtype=np.int16))
    assert table["Correct"].to_list() == [3, 3, 1]
    assert table["Incorrect"].to_list() == [1, 1, 0]


def test_conflict_equals_two_different_votes_where_all_votes_are_for_classes():
    votes = np.random.default_rng(0).integers(-1, 3, (200, 5)).astype(np.int16)
    by_hand = [len({vote for vote in row if vote >= 0}) > 1 for row in votes.tolist()]
    assert conflicts(votes, n_classes=3).tolist() == by_hand


def test_random_votes_have_the_figures_that_counting_row_by_row_gives():
    """Written from Snorkel's definitions, one row and function at a time."""
    rng = np.random.default_rng(7)
    votes = np.where(rng.random((300, 12)) < 0.7, -1, rng.integers(0, 4, (300, 12))).astype(np.int16)
    gold = rng.integers(0, 4, 300).astype(np.int16)
    table = lf_summary(votes, [str(j) for j in range(12)], n_classes=4, gold=gold).to_dicts()
    for j, line in enumerate(table):
        mine = [(row.tolist(), int(row[j]), int(truth)) for row, truth in zip(votes, gold, strict=True) if row[j] >= 0]
        others = [[vote for i, vote in enumerate(row) if i != j and vote >= 0] for row, _, _ in mine]
        right = sum(vote == truth for _, vote, truth in mine)
        assert line["Polarity"] == sorted({vote for _, vote, _ in mine})
        assert line["Coverage"] == pytest.approx(len(mine) / 300, abs=1e-12)
        assert line["Overlaps"] == pytest.approx(sum(map(bool, others)) / 300, abs=1e-12)
        differ = sum(len({*said, vote}) > 1 for (_, vote, _), said in zip(mine, others, strict=True))
        disagree = sum(len({v for v in row if v >= 0}) > 1 for row, _, _ in mine)
        assert line["Conflicts"] == pytest.approx(disagree / 300, abs=1e-12) == pytest.approx(differ / 300, abs=1e-12)
        assert (line["Correct"], line["Incorrect"]) == (right, len(mine) - right)
        assert line["Emp. Acc."] == pytest.approx(right / len(mine), abs=1e-12)


def test_the_printable_table_shows_polarity_as_snorkel_does():
    assert printable(lf_summary(VOTES, NAMES, n_classes=2))["Polarity"].to_list() == ["[0, 1]", "[0]", "[0]"]


def test_a_name_too_few_is_refused():
    with pytest.raises(DataError, match="3 columns of votes for 2 labeling functions"):
        lf_summary(VOTES, NAMES[:2], n_classes=2)

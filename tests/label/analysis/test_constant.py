import pytest

from tidemill.label.analysis.constant import constant_functions

SILENT, ONE = frozenset[int](), frozenset({1})


@pytest.mark.parametrize(
    ("fires", "polarity", "rows", "said"),
    [
        ([0, 7], [SILENT, ONE], 99, []),
        ([0, 100], [SILENT, frozenset({0, 1})], 100, ["f0 votes on none of 100 rows"]),
        ([0, 0, 100], [SILENT, SILENT, ONE], 100, ["f0 and f1 vote on none", "f2 casts the same vote on all 100 rows"]),
        ([0] * 7, [SILENT] * 7, 2000, ["f0, f1, f2, f3, f4 and 2 more vote on none of 2,000 rows"]),
    ],
)
def test_functions_whose_vote_does_not_depend_on_the_row_are_named(fires, polarity, rows, said):
    notes = constant_functions([f"f{j}" for j in range(len(fires))], fires, polarity, rows)
    assert [note.startswith(start) for note, start in zip(notes, said, strict=True)] == [True] * len(said)

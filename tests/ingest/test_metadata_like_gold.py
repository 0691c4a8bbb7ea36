import pytest

from tidemill.ingest.metadata_like_gold import metadata_like_gold

GOLD = [0, 1, 0, 1, 1] * 6 + [-1] * 10
NAMES = ["ok", "bad"]


@pytest.mark.parametrize("elsewhere", [None, "ok"])
def test_a_column_that_holds_the_labels_by_other_names_is_told(elsewhere):
    qa = [elsewhere if label < 0 else NAMES[label] for label in GOLD]
    [note] = metadata_like_gold({"qa": qa, "flag": [label == 1 for label in GOLD][:-10] + [None] * 10}, GOLD, "t.csv")[
        :1
    ]
    assert note.startswith("t.csv: column 'qa' tells the label of each of 30 rows that have one")
    assert ("is empty in 10 of 10 others" in note) == (elsewhere is None)
    assert "leave it out (--meta, ingest.meta)" in note


def test_truth_values_and_numbers_count_as_well():
    columns = {"flag": [label == 1 for label in GOLD], "code": [label * 7 for label in GOLD]}
    assert len(metadata_like_gold(columns, GOLD, "t.csv")) == 2


def test_what_is_not_always_right_or_tells_by_chance_is_not_told():
    wrong = ["bad", *(NAMES[label] for label in GOLD[1:])]
    one_class = [0 if label == 0 else -1 for label in GOLD]
    columns = {"wrong": wrong, "id": range(40), "empty": [None] * 40, "few": [NAMES[label] for label in GOLD]}
    assert metadata_like_gold({name: columns[name] for name in ("wrong", "id", "empty")}, GOLD, "t.csv") == []
    assert metadata_like_gold({"few": columns["few"]}, one_class, "t.csv") == []
    assert metadata_like_gold({"few": columns["few"][:19]}, GOLD[:19], "t.csv") == []

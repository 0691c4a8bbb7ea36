import numpy as np
import polars as pl
import pytest

from tests.label.conditions.factories import ROWS, refusal, votes

FEATURES = ROWS.with_columns(
    pl.Series("feature", [[2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.9, 0.1]], dtype=pl.Array(pl.Float32, 2))
)
EXAMPLES = """{"row_id": "1", "class": "spam", "feature": [1.0, 0.0]}
{"row_id": "2", "class": "spam", "feature": [1.0, 0.2]}
{"row_id": "3", "class": "ham", "feature": [0.0, 1.0]}
"""


def test_a_prototype_is_the_mean_of_its_examples(folder):
    entry = "kind: prototype, file: e.jsonl, of: spam, vote: spam"
    assert votes(folder, entry, FEATURES, e__jsonl=EXAMPLES) == [1, -1, 1, 1]
    # the mean of spam is at (0.99, 0.10): cosine to (1, 1) is .77, to the ham example's .71
    assert votes(folder, f"{entry}, at_least: 0.8", FEATURES) == [1, -1, -1, 1]
    assert votes(folder, f"{entry}, margin: 0.1", FEATURES) == [1, -1, -1, 1]


def test_neighbours_are_the_nearest_examples_counted_by_hand(folder):
    entry = "kind: neighbours, file: e.jsonl, of: ham, vote: ham"
    assert votes(folder, f"{entry}, k: 1", FEATURES, e__jsonl=EXAMPLES) == [-1, 0, -1, -1]
    assert votes(folder, f"{entry}, k: 3, share: 0.3", FEATURES) == [0, 0, 0, 0]
    assert votes(folder, f"{entry}, k: 1, similarity: 0.9999", FEATURES) == [-1, 0, -1, -1]


def test_examples_of_another_backbone_or_of_no_such_class_are_refused(folder):
    wide = FEATURES.with_columns(pl.Series("feature", np.ones((4, 3), dtype=np.float32)))
    with pytest.raises(Exception, match="examples of 2 dimensions, the rows' features have 3"):
        votes(folder, "kind: prototype, file: e.jsonl, of: spam, vote: spam", wide, e__jsonl=EXAMPLES)
    assert "no example is of class 'spma'; did you mean spam?" in refusal(
        folder, "kind: prototype, file: e.jsonl, of: spma, vote: spam"
    )

import json

import numpy as np
import polars as pl
import pytest

from tests.ingest.factories import png
from tidemill.apps.onboarding.prototype_functions import FILE, prototype_functions
from tidemill.apps.onboarding.starter_functions import starter_functions
from tidemill.label.functions.loading import load_functions

CLASSES = ("ape", "bee", "cat")
NAMES = {name: f"looks_like_{name}" for name in CLASSES}


def rows(count: int = 90, noise: float = 0.3, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Three classes, each in a direction of its own."""
    rng = np.random.default_rng(seed)
    gold = np.arange(count) % 3
    features = np.eye(8)[gold] + noise * rng.normal(size=(count, 8))
    return pl.DataFrame({"row_id": [f"{row:03d}" for row in range(count)], "gold": gold}), features.astype(np.float32)


def test_classes_that_features_tell_apart_get_a_function_each_that_is_right_on_other_rows(tmp_path):
    table, features = rows()
    made = prototype_functions(table, features, CLASSES, NAMES)
    assert [entry["name"] for entry in made.entries] == list(NAMES.values())
    (tmp_path / FILE).write_text(made.examples)
    (tmp_path / "functions.yaml").write_text(json.dumps({"functions": list(made.entries)}))
    other, unseen = rows(seed=1)
    frame = other.with_columns(pl.Series("feature", unseen, dtype=pl.Array(pl.Float32, 8)))
    for function in load_functions(tmp_path, classes=CLASSES):
        votes = frame.with_columns(vote=function.expression()).filter(pl.col("vote") >= 0)
        assert votes.height > 10
        assert (votes["vote"] == votes["gold"]).mean() > 0.85


def test_half_of_a_class_at_most_are_examples_and_the_others_choose_the_margin():
    table, features = rows(30)
    made = prototype_functions(table, features, CLASSES, NAMES)
    examples = [json.loads(line) for line in made.examples.splitlines()]
    assert sorted(item["class"] for item in examples) == sorted(5 * CLASSES)
    gold = dict(table.iter_rows())
    assert all(CLASSES[gold[item["row_id"]]] == item["class"] for item in examples)
    assert len(examples[0]["feature"]) == 8


def test_many_labels_give_fifteen_examples_of_a_class():
    table, features = rows(300)
    assert len(prototype_functions(table, features, CLASSES, NAMES).examples.splitlines()) == 45


def test_features_that_tell_nothing_give_no_function():
    table, features = rows(noise=0.0)
    same = np.ones_like(features)
    made = prototype_functions(table, same, CLASSES, NAMES)
    assert (made.entries, made.examples) == ((), "")


def test_a_class_of_one_label_is_no_example_and_gets_no_function():
    table, features = rows(31)
    gold = np.where(np.arange(31) == 0, 2, np.arange(31) % 2)
    made = prototype_functions(table.with_columns(gold=pl.Series(gold)), features, CLASSES, NAMES)
    assert "looks_like_cat" not in [entry["name"] for entry in made.entries]


@pytest.mark.parametrize("missing", [False, True])
def test_images_whose_pixels_say_nothing_start_with_prototypes(missing):
    table, features = rows()
    raw = pl.DataFrame({"row_id": table["row_id"], "image": [png(128, size=(8, 8))] * table.height})
    asked = []

    def embed(images: pl.DataFrame):
        asked.append(images.height)
        return None if missing else features

    made = starter_functions("zoo", CLASSES, raw, table, embed)
    assert asked == [90]
    assert bool(made.examples) is not missing
    assert ("kind: prototype" in made.yaml) is not missing
    assert ("Guessed from" in made.yaml) is not missing


def test_images_whose_pixels_tell_the_classes_apart_are_not_embedded():
    gold = np.arange(90) % 2
    table = pl.DataFrame({"row_id": [f"{row:03d}" for row in range(90)], "gold": gold})
    pictures = [png(40 + 90 * int(label) + row // 9, size=(8, 8)) for row, label in enumerate(gold)]
    raw = pl.DataFrame({"row_id": table["row_id"], "image": pictures})

    def embed(_: pl.DataFrame):
        raise AssertionError("embedded")

    made = starter_functions("zoo", CLASSES[:2], raw, table, embed)
    assert "kind: threshold" in made.yaml
    assert made.examples == ""

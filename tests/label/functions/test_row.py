import numpy as np
import polars as pl
import pytest

from tidemill.contracts import DataError, FunctionError
from tidemill.label import ABSTAIN, Row, batch_labeling_function, labeling_function, preprocessor
from tidemill.label.conditions.values import Threshold
from tidemill.label.engine.apply import apply
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.image_statistics import pixels, statistics

ROWS = pl.DataFrame({"row_id": ["a", "b"], "image": [b"\x10\x20", b"\x30"]})


@pytest.fixture
def decoded(monkeypatch):
    """A stand-in for images: every byte is a pixel, and every decoding is counted."""
    calls = []

    def decode(data):
        calls.append(data)
        if not data:
            raise DataError("not an image")
        return np.frombuffer(data, dtype=np.uint8).astype(np.float32)[None] / 255

    def measured(pixels, _):
        return {"width": float(pixels.shape[1]), "mean": float(pixels.mean())}

    monkeypatch.setattr(pixels, "decode", decode)
    monkeypatch.setattr(statistics, "NAMES", ("width", "mean"))
    monkeypatch.setattr(statistics, "Statistics", measured)
    return calls


def test_each_image_is_decoded_once_for_all_functions_and_statistics(decoded):
    @preprocessor()
    def copied(row):
        row.wide = row.pixels.shape[1] > 1
        return row

    @batch_labeling_function()
    def by_batch(rows):
        return rows["image.width"].cast(pl.Int16) - 1

    functions = [
        labeling_function(name="pixels")(lambda row: 1 if row.pixels.max() > 0.15 else ABSTAIN),
        labeling_function(name="stats")(lambda row: 0 if row.stats["width"] > 1 else ABSTAIN),
        labeling_function(name="pre", pre=[copied])(lambda row: int(row.wide)),
        DeclaredLabelingFunction("yaml", Threshold(kind="threshold", column="image.width", above=1), 1),
        by_batch,
    ]
    votes = apply(ROWS, functions, n_classes=2)
    # b"\x10\x20" is two pixels wide, its brightest 32/255 = .125; b"\x30" is one pixel of 48/255 = .188
    assert votes.tolist() == [[-1, 0, 1, 1, 1], [1, -1, 0, -1, 0]]
    assert decoded == [b"\x10\x20", b"\x30"]


def test_images_are_not_decoded_when_no_function_asks(decoded):
    apply(ROWS, [labeling_function(name="size")(lambda row: int(len(row.image) > 1))], n_classes=2)
    assert decoded == []


def test_pixels_cannot_be_changed_for_the_next_function(decoded):
    with pytest.raises(ValueError, match="read-only"):
        Row({"image": b"\x10"}).pixels[0, 0] = 1


def test_an_image_that_cannot_be_decoded_is_the_rows_fault_and_names_it(decoded):
    rows = pl.DataFrame({"row_id": ["a", "b"], "image": [b"\x10", b""]})
    with pytest.raises(DataError, match=r"row 1 \(row_id b\): not an image"):
        apply(rows, [labeling_function(name="f")(lambda row: int(row.pixels.max()))], n_classes=2)


def test_an_unknown_statistic_is_named_with_the_nearest(decoded):
    function = DeclaredLabelingFunction("wide", Threshold(kind="threshold", column="image.widht", above=1), 1)
    with pytest.raises(Exception, match=r"wide.*no column 'image\.widht'; did you mean image\.width\?"):
        apply(ROWS, [function], n_classes=2)


def test_a_row_is_not_changed_as_a_mapping_either_and_a_preprocessor_may_do_so():
    @labeling_function()
    def changes(row):
        row["text"] = "x"
        return 1

    @preprocessor()
    def lowered(row):
        row["text"] = row["text"].lower()
        return row

    @labeling_function(pre=[lowered])
    def greets(row):
        return 1 if row.text == "hi" else ABSTAIN

    rows = pl.DataFrame({"row_id": ["a"], "text": ["HI"]})
    with pytest.raises(FunctionError, match=r"may not change its row \(it set 'text'\)"):
        apply(rows, [changes], n_classes=2)
    assert apply(rows, [greets], n_classes=2).tolist() == [[1]]

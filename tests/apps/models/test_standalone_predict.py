"""What the exported `predict.py` does with a row before the graph reads it, against what Tidemill does."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tidemill.apps.models import standalone_predict as standalone
from tidemill.apps.models.export_check import MADE_UP, made_up_rows
from tidemill.embed import image, text
from tidemill.embed.settings import TextSettings
from tidemill.train.classical.vocabulary import Grams, Vocabulary

PIECES = [
    "http://a.example/x?y=1",
    "WWW.b.example",
    "me@c.example",
    "!!!",
    " - - -",
    "\n\n",
    "word",
    "£",
    "e\u0301",
    "Straße",
    "İ",
]
SQUEEZE = TextSettings(max_tokens=8, tokens_per_step=64, squeeze=True, normalize=True)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join))
def test_texts_are_prepared_as_tidemill_prepares_them(content):
    assert standalone.readable(content, squeeze=True) == text.readable(content, SQUEEZE)
    assert standalone.readable(content, squeeze=False) == content


def test_ngrams_are_counted_as_tidemill_counts_them():
    texts = [*MADE_UP, "prize prize PRIZE now", "", "word " * 9000]
    vocabulary, _ = Vocabulary.of(texts, Grams(2, 3, 4), min_df=1, max_features=10_000)
    expected = vocabulary.counts(texts).toarray()
    assert expected.max() > 1
    np.testing.assert_array_equal(standalone.count_terms(texts, vocabulary.to_json()), expected)


def encoded(mode: str) -> bytes:
    rng, file = np.random.default_rng(0), io.BytesIO()
    if mode in {"I;16", "F"}:
        grey = rng.integers(0, 4096, size=(20, 30))
        Image.fromarray(grey.astype(np.uint16 if mode == "I;16" else np.float32)).save(file, "TIFF")
    else:
        colours = Image.fromarray(rng.integers(0, 256, size=(20, 30, 4), dtype=np.uint8))
        colours.convert(mode).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "F"])
def test_images_of_every_mode_are_decoded_as_tidemill_decodes_them(mode):
    np.testing.assert_array_equal(standalone.pixels(encoded(mode), 16), image.pixels(encoded(mode), 16))


def test_made_up_images_are_decoded_as_tidemill_decodes_them():
    for content in made_up_rows("image")["image"]:
        np.testing.assert_array_equal(standalone.pixels(content, 16), image.pixels(content, 16))


def test_the_command_refuses_a_row_without_text(tmp_path):
    (tmp_path / "rows.csv").write_text("body\nhello\n\n")
    assert standalone.read_rows(tmp_path / "rows.csv", "body", is_text=True) == (["1"], ["hello"])
    with pytest.raises(SystemExit, match=r"row 1 of .*rows.csv has no text in 'text': name the column with --column"):
        standalone.read_rows(tmp_path / "rows.csv", None, is_text=True)


def test_texts_are_composed_as_ingest_composes_them(monkeypatch):
    predictor = standalone.Predictor.__new__(standalone.Predictor)
    predictor.about, predictor.terms, predictor.tokenizer = {"modality": "text"}, {}, None
    monkeypatch.setattr(standalone, "tokens", lambda texts, *_: {"texts": texts})
    assert predictor._inputs(["cafe\u0301"]) == {"texts": ["caf\u00e9"]}

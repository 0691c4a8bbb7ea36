from typing import Any

import pytest
from pydantic import ValidationError

from tests.label.conditions.factories import answers, fires
from tidemill.label.conditions.registry import KINDS


def test_fuzzy_finds_what_is_misspelt_or_disguised_and_not_what_is_merely_contained():
    # indel similarity: v1agra / viagra 2*5/12 = .83; winner / winter .83; win / winter .67
    texts = ["buy V1AGRA now", "viagra", "niagara", "", None, "free vaigra!"]
    assert fires("fuzzy", texts, words=["viagra"]) == [0, 1, 5]
    assert fires("fuzzy", ["winter"], words=["win"]) == []
    assert answers("fuzzy", texts, words=["viagra"])[4] is None


def test_fuzzy_phrases_are_compared_with_as_many_words_in_a_row():
    texts = ["the next off kin", "next of kin", "next", "kin of next", "kin next of"]
    assert fires("fuzzy", texts, words=["next of kin"], at_least=90) == [0, 1]


def test_a_lexicon_adds_up_weights_of_words_and_phrases():
    weights = {"good": 2, "bad": -3, "not good": -4}
    texts = ["Good, good and bad", "not good", "nothing", "", None]
    assert fires("lexicon", texts, weights=weights, above=0) == [0]  # 2 + 2 - 3 = 1
    assert fires("lexicon", texts, weights=weights, at_most=-2) == [1]  # 2 - 4 = -2
    assert fires("lexicon", texts, weights=weights, per="word", between=[0.25, 0.25]) == [0]  # 1 of 4 words
    assert answers("lexicon", texts, weights=weights, between=[0, 0])[2:] == [True, True, None]


def test_a_lexicon_is_read_from_a_file_of_words_and_numbers(tmp_path):
    (tmp_path / "l.tsv").write_text("# AFINN's form\ngood\t3\nvery bad\t-3\n", encoding="utf-8")
    (tmp_path / "bad.tsv").write_text("good\tvery\n", encoding="utf-8")
    fields = {"kind": "lexicon", "above": 0}
    model: Any = KINDS["lexicon"].model_validate({**fields, "file": "l.tsv"}, context={"folder": tmp_path})
    assert model.weights == {"good": 3.0, "very bad": -3.0}
    with pytest.raises(ValidationError, match=r"bad.tsv:1: .* is not a word and a number"):
        KINDS["lexicon"].model_validate({**fields, "file": "bad.tsv"}, context={"folder": tmp_path})


def test_a_word_with_two_weights_is_refused(tmp_path):
    with pytest.raises(ValidationError, match=r"'Good' and 'good' have different weights"):
        fires("lexicon", ["good"], weights={"Good": 1, "good": -3}, above=0)
    assert fires("lexicon", ["good"], weights={"Good": 1, "good": 1}, above=0) == [0]
    (tmp_path / "l.tsv").write_text("good\t1\nbad\t-1\ngood\t-3\n", encoding="utf-8")
    with pytest.raises(ValidationError, match=r"l\.tsv:3: 'good' has another weight further up"):
        KINDS["lexicon"].model_validate({"kind": "lexicon", "above": 0, "file": "l.tsv"}, context={"folder": tmp_path})


@pytest.mark.slow
def test_language_is_judged_of_texts_with_letters():
    texts = ["Das ist ein ganz gewöhnlicher deutscher Satz.", "This is an ordinary English sentence.", "12 34", None]
    assert fires("language", texts, languages=["de"], among=["de", "en"]) == [0]
    assert fires("language", texts, languages=["en"], among=["de", "en"]) == [1]
    assert answers("language", texts, languages=["en"], among=["de", "en"])[2:] == [None, None]
    with pytest.raises(ValidationError, match="there is no language 'xx'"):
        KINDS["language"].model_validate({"kind": "language", "languages": ["xx"]})


def test_likeness_as_a_fraction_is_refused():
    with pytest.raises(ValidationError, match=r"write 80 if it is a fraction"):
        fires("fuzzy", ["a"], words=["prize"], at_least=0.8)

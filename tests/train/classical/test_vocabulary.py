"""N-grams, vocabularies and what classical models have in common, by hand."""

import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.train.classical import vocabulary
from tidemill.train.classical.base import ModelInputs, rows_with_weight
from tidemill.train.classical.linear import Linear
from tidemill.train.classical.logistic import Logistic
from tidemill.train.classical.naive_bayes import NaiveBayes
from tidemill.train.classical.vocabulary import Grams, Vocabulary, inverse_frequency, tf_idf
from tidemill.train.settings import BayesSettings, LinearSettings

TEXTS = ["red red blue", "blue green", "red"]


def test_counts_are_of_known_n_grams_alone():
    known, counts = Vocabulary.of(TEXTS, Grams(words=2), min_df=1, max_features=99)
    assert list(known.columns) == ["blue", "blue green", "green", "red", "red blue", "red red"]
    assert counts.toarray().tolist() == [[1, 0, 0, 2, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0]]
    assert known.counts(["red odd red", ""]).toarray().tolist() == [[0, 0, 0, 2, 0, 0], [0] * 6]
    again = Vocabulary.from_json(known.to_json())
    assert again == known


def test_an_n_gram_has_to_be_in_so_many_texts_and_the_most_common_are_kept():
    assert list(Vocabulary.of(TEXTS, Grams(words=1), min_df=2, max_features=99)[0].columns) == ["blue", "red"]
    assert list(Vocabulary.of(TEXTS, Grams(words=1), min_df=1, max_features=1)[0].columns) == ["blue"]
    with pytest.raises(DataError, match="no word is in 3 of the 3 training texts: set min_df to 1"):
        Vocabulary.of(TEXTS, Grams(words=1), min_df=3, max_features=99)


def test_n_grams_of_words_and_characters_are_numbered_alike_whether_a_word_was_met_before_or_not(monkeypatch):
    grams, text = Grams(words=1, shortest=3, longest=4), "Win win £5 a"
    names = sorted(set(grams.of(text)))
    numbers = [name for name in grams.of(text) if name != "odd"]
    index = {name: number for number, name in enumerate(names)}
    (found,) = grams.indices([text], index.get)
    assert [names[number] for number in found] == numbers
    monkeypatch.setattr(vocabulary, "_MOST_WORDS", 0)
    (unkept,) = grams.indices([text], index.get)
    assert unkept.tolist() == found.tolist()
    assert next(grams.indices([text], {}.get)).tolist() == []


def test_of_a_long_text_the_beginning_is_read(monkeypatch):
    monkeypatch.setattr(vocabulary, "_MOST_CHARACTERS", 8)
    assert Grams(words=1).of("red blue green") == ["red", "blue"]


def test_rare_n_grams_weigh_more_and_texts_have_length_one():
    _, counts = Vocabulary.of(TEXTS, Grams(words=1), min_df=1, max_features=99)
    idf = inverse_frequency(counts)
    assert idf == pytest.approx(np.log(np.array([4 / 3, 4 / 2, 4 / 3])) + 1)
    first = np.array([idf[0], 0.0, (1 + np.log(2)) * idf[2]])
    found = tf_idf(counts, idf).toarray()
    assert found[0] == pytest.approx(first / np.linalg.norm(first))


def test_rows_with_weight_are_selected_and_weigh_one_on_average():
    inputs = ModelInputs(np.arange(4, dtype=np.float32)[:, None], ["a", "b", "c", "d"])
    targets = np.arange(8.0).reshape(4, 2)
    found, of_targets, weights = rows_with_weight(inputs, targets, np.array([0.0, 1.0, 3.0, 0.0]))
    assert found.features[:, 0].tolist() == [1, 2]
    assert found.texts == ["b", "c"]
    assert of_targets.tolist() == targets[1:3].tolist()
    assert weights.tolist() == [0.5, 1.5]
    with pytest.raises(DataError, match="no row of train or dev has a label"):
        rows_with_weight(inputs, targets, np.zeros(4))
    assert inputs.part([3]).texts == ["d"]
    assert ModelInputs(inputs.features).part([3]).texts is None


def test_a_feature_that_stands_still_is_left_as_it_is_and_the_others_are_standardised():
    rng = np.random.default_rng(0)
    features = np.column_stack([np.full(40, 7.0), 100 + 10 * rng.normal(size=40)]).astype(np.float32)
    targets = np.eye(2)[(features[:, 1] > 100).astype(int)]
    model = Linear.fit(ModelInputs(features), targets, np.ones(40), LinearSettings(l2=1.0), 0)
    assert np.asarray(model.scale) == pytest.approx([1.0, features[:, 1].std()], rel=1e-5)
    assert np.asarray(model.mean) == pytest.approx(features.mean(axis=0), rel=1e-5)
    assert (model.predict_proba(ModelInputs(features)).argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.9


def test_a_linear_model_reads_features_in_standard_deviations():
    weight, bias = np.array([[1.0, 0.0], [0.0, 0.5]], dtype=np.float32), np.array([0.25, 0.0], dtype=np.float32)
    model = Linear(np.array([1.0, 2.0]), np.array([2.0, 4.0]), Logistic(weight, bias))
    found = model.predict_proba(ModelInputs(np.array([[5.0, 6.0]], dtype=np.float32)))[0]
    assert np.log(found[0] / found[1]) == pytest.approx(2.0 + 0.25 - 0.5, abs=1e-6)


def test_naive_bayes_starts_from_the_shares_of_the_classes_by_weight():
    settings = BayesSettings(word_ngrams=1, min_df=1, max_features=9, alpha=0.5)
    inputs = ModelInputs(np.zeros((3, 1), dtype=np.float32), ["sea", "sea", "mill"])
    targets, weights = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]), np.array([1.0, 2.0, 1.0])
    model = NaiveBayes.fit(inputs, targets, weights, settings, 0)
    empty = model.predict_proba(ModelInputs(np.zeros((1, 1), dtype=np.float32), [""]))[0]
    assert empty == pytest.approx([0.5, 0.5], abs=1e-6)
    skewed = NaiveBayes.fit(inputs, targets, np.array([5.0, 2.0, 1.0]), settings, 0)
    empty = skewed.predict_proba(ModelInputs(np.zeros((1, 1), dtype=np.float32), [""]))[0]
    assert empty == pytest.approx([6 / 8, 2 / 8], abs=1e-6)
    # weights have a mean of one: 5, 2 and 1 become 1.875, .75 and .375; a text counts a word once
    sea, mill = np.array([1.875 + 0.375, 0.375]), np.array([0.0, 0.375])
    likely = (sea + 0.5) / (sea + mill + 1.0) * np.array([6 / 8, 2 / 8])
    found = skewed.predict_proba(ModelInputs(np.zeros((1, 1), dtype=np.float32), ["sea sea"]))[0]
    assert found == pytest.approx(likely / likely.sum(), abs=1e-6)

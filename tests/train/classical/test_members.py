import numpy as np
import pytest
import yaml

from tidemill.contracts import ConfigError, DataError
from tidemill.train.classical.base import ModelInputs
from tidemill.train.classical.logistic import fit_logistic
from tidemill.train.classical.lstm import Lstm, encode_texts
from tidemill.train.classical.naive_bayes import NaiveBayes
from tidemill.train.classical.registry import MEMBERS, members_of
from tidemill.train.classical.vocabulary import Grams, Vocabulary, inverse_frequency, tf_idf
from tidemill.train.head.head import softmax
from tidemill.train.settings import EnsembleSettings

WORDS = [["cash", "prize", "claim", "urgent"], ["lunch", "home", "later", "thanks"], ["goal", "match", "team", "score"]]
SMALL = {
    "xgboost": {
        "n_estimators": 12,
        "max_depth": 2,
        "learning_rate": 0.5,
        "subsample": 1.0,
        "colsample_bytree": 1.0,
        "min_child_weight": 0.0,
    },
    "lstm": {
        "embedding_size": 12,
        "hidden_size": 8,
        "max_length": 12,
        "epochs": 6,
        "learning_rate": 0.03,
        "batch_size": 32,
    },
}


@pytest.fixture(scope="module")
def ensemble(root) -> EnsembleSettings:
    section = yaml.safe_load((root / "src/tidemill/conf/train/base.yaml").read_text(encoding="utf-8"))["ensemble"]
    return EnsembleSettings.model_validate(section | {name: section[name] | own for name, own in SMALL.items()})


def rows(count=240, seed=0, n_classes=3):
    """Rows whose class is in their features (distance 5 between centres) and in every word of their text."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % n_classes
    features = rng.normal(size=(count, 4)) + 5.0 * np.eye(4)[classes]
    texts = [" ".join([*rng.choice(WORDS[k], 3), "the", "and"]) for k in classes]
    return ModelInputs(features.astype(np.float32), texts), np.eye(n_classes)[classes]


def fitted(name, ensemble, material, targets, weights=None):
    weights = np.ones(len(targets)) if weights is None else weights
    return MEMBERS[name].fit(material, targets, weights, getattr(ensemble, name), 0)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_learns_what_is_plain_and_comes_back_from_its_files(name, ensemble, tmp_path):
    member = fitted(name, ensemble, *rows())
    new, truth = rows(seed=1)
    said = member.predict_proba(new)
    assert (said.argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.95
    np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-8)
    for file, content in member.files().items():
        assert file in {"model.safetensors", "model.json", "model.ubj"}  # no pickle
        (tmp_path / file).write_bytes(content)
    assert (MEMBERS[name].load(tmp_path).predict_proba(new) == said).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_the_same_seed_gives_the_same_bytes(name, ensemble):
    assert fitted(name, ensemble, *rows()).files() == fitted(name, ensemble, *rows()).files()


@pytest.mark.parametrize("name", MEMBERS)
def test_rows_without_weight_change_nothing_not_even_a_vocabulary(name, ensemble):
    material, targets = rows()
    other, _ = rows(seed=5)
    both = ModelInputs(np.vstack([material.features, other.features]), [*material.texts, *["odd words"] * 240])
    weights = np.repeat([1.0, 0.0], 240)
    assert fitted(name, ensemble, both, np.vstack([targets, targets]), weights).files() == (
        fitted(name, ensemble, material, targets).files()
    )


@pytest.mark.parametrize("name", MEMBERS)
def test_rows_that_may_be_either_class_pull_nowhere(name, ensemble):
    material, _ = rows(200, n_classes=2)
    said = fitted(name, ensemble, material, np.full((200, 2), 0.5)).predict_proba(material)
    np.testing.assert_allclose(said, 0.5, atol=0.06 if name == "lstm" else 1e-3)  # an LSTM starts from chance


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_asked_of_one_row_says_what_it_says_of_many(name, ensemble):
    member = fitted(name, ensemble, *rows())
    new, _ = rows(30, seed=2)
    alone = [member.predict_proba(new.part([row])) for row in range(30)]
    np.testing.assert_allclose(np.vstack(alone), member.predict_proba(new), atol=2e-9)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_folder_that_is_not_whole_says_so(name, tmp_path):
    with pytest.raises(DataError, match="is not a whole model"):
        MEMBERS[name].load(tmp_path)


def test_tf_idf_is_scikit_learns():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["Free prize now, free", "see you at home", "free lunch at home now", ""]
    known = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    expected = known.fit_transform(texts)
    ours, counted = Vocabulary.of(texts, Grams(words=2), min_df=1, max_features=1000)
    assert list(ours.columns) == known.get_feature_names_out().tolist()
    counts = ours.counts(texts)
    assert (counted != counts).nnz == 0
    np.testing.assert_allclose(tf_idf(counts, inverse_frequency(counts)).toarray(), expected.toarray(), atol=1e-12)


def test_n_grams_of_characters_are_scikit_learns():
    from sklearn.feature_extraction.text import CountVectorizer

    text = "Win £5 a day"
    known = CountVectorizer(analyzer="char_wb", ngram_range=(3, 4)).build_analyzer()(text)
    assert sorted(Grams(words=0, shortest=3, longest=4).of(text)) == sorted("\t" + one for one in known)


def test_a_vocabulary_keeps_what_most_texts_hold():
    texts = ["red red red", "blue green", "blue green red", "blue"]
    assert list(Vocabulary.of(texts, Grams(words=1), min_df=1, max_features=2)[0].columns) == [
        "blue",
        "green",
    ]  # 3, 2 and 2 texts
    assert list(Vocabulary.of(texts, Grams(words=1), min_df=3, max_features=9)[0].columns) == ["blue"]


def test_logistic_regression_on_soft_labels_is_scikit_learns_on_rows_that_stand_once_per_class():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    inputs, targets, weights = rng.normal(size=(90, 3)), softmax(rng.normal(size=(90, 3))), rng.uniform(0.5, 2.0, 90)
    known = LogisticRegression(C=1 / 2.0, tol=1e-8, max_iter=1000).fit(
        np.repeat(inputs, 3, axis=0), np.tile([0, 1, 2], 90), sample_weight=(weights[:, None] * targets).ravel()
    )
    ours = fit_logistic(inputs, targets, weights, l2=2.0)
    np.testing.assert_allclose(ours.predict_proba(inputs), known.predict_proba(inputs), atol=1e-4)


def test_naive_bayes_is_scikit_learns_on_words_counted_once(ensemble):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    material, targets = rows()
    own = ensemble.naive_bayes.model_copy(update={"word_ngrams": 1, "min_df": 1})
    said = NaiveBayes.fit(material, targets, np.ones(240), own, 0).predict_proba(material)
    counted = CountVectorizer(binary=True).fit_transform(material.texts)
    known = MultinomialNB(alpha=own.alpha).fit(counted, targets.argmax(axis=1))
    np.testing.assert_allclose(said, known.predict_proba(counted), atol=1e-5)


def test_an_lstm_asked_with_numpy_says_what_torch_says(ensemble):
    import torch

    from tidemill.train.classical.lstm_network import TextClassifier

    material, targets = rows(60)
    material = ModelInputs(material.features, ["", *material.texts[1:]])
    member = Lstm.fit(material, targets, np.ones(60), ensemble.lstm, 0)
    network = TextClassifier(len(member.words) + 2, 3, ensemble.lstm).eval()
    network.load_state_dict({name: torch.from_numpy(one) for name, one in member.weights.items()})
    tokens = torch.from_numpy(encode_texts(material.texts, member.words, member.length))
    with torch.no_grad():
        expected = network(tokens).softmax(dim=1).numpy()
    np.testing.assert_allclose(member.predict_proba(material), expected, atol=1e-6)


def test_an_image_problem_leaves_out_what_reads_texts(ensemble):
    every = ensemble.model_copy(update={"members": "all"})
    assert members_of(every, "text") == (list(MEMBERS), [])
    assert members_of(every, "image") == (["linear", "xgboost"], ["ngrams", "naive_bayes", "lstm"])


def test_a_member_of_texts_named_for_images_is_refused_with_the_remedy(ensemble):
    named = ensemble.model_copy(update={"members": ("linear", "lstm")})
    with pytest.raises(
        ConfigError, match="lstm reads texts and the rows are images; for images there are: linear, xgboost"
    ):
        members_of(named, "image")
    with pytest.raises(ConfigError, match="no member 'svm'; there are linear"):
        members_of(ensemble.model_copy(update={"members": ("svm",)}), "text")


def test_rows_without_texts_are_refused_by_a_member_that_reads_them(ensemble):
    material, targets = rows()
    with pytest.raises(DataError, match="pass them with the features"):
        fitted("ngrams", ensemble, ModelInputs(material.features), targets)

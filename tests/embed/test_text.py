import numpy as np
import pytest

from tidemill.embed.settings import TextSettings
from tidemill.embed.text import TextBackbone, batches_by_length, pad_tokens, readable

SETTINGS = TextSettings(max_tokens=32, tokens_per_step=128, squeeze=True, normalize=True)


def test_groups_hold_every_row_once_and_no_more_tokens_than_allowed():
    lengths = np.random.default_rng(0).integers(1, 50, size=200)
    tokens = [[1] * int(length) for length in lengths]
    groups = list(batches_by_length(tokens, 100))
    assert sorted(row for group in groups for row in group) == list(range(200))
    assert all(len(group) * lengths[group].max() <= 100 for group in groups)


def test_a_row_longer_than_a_step_is_a_group_of_its_own():
    assert list(batches_by_length([[1] * 9], 4)) == [[0]]


def test_padding_is_masked():
    ids, mask = pad_tokens([[5], [6, 7, 8]], 9)
    assert ids.tolist() == [[5, 9, 9], [6, 7, 8]]
    assert mask.sum(axis=1).tolist() == [1, 3]


def test_text_is_left_as_it_is_without_squeeze():
    plain = SETTINGS.model_copy(update={"squeeze": False})
    assert readable("a  http://b.example --- c", plain) == "a  http://b.example --- c"


@pytest.fixture(scope="module")
def minilm(packages) -> TextBackbone:
    return TextBackbone("minilm", packages / "minilm", SETTINGS)


@pytest.mark.slow
def test_a_paraphrase_is_nearer_than_an_unrelated_sentence(minilm):
    texts = ["A man is playing a guitar.", "Someone plays the guitar.", "The stock market fell sharply today."]
    first, paraphrase, unrelated = minilm.embed(texts, name="test")
    assert (
        first @ paraphrase > 0.7
    )  # measured elsewhere with these weights: .755 for a paraphrase, .009 for no relation
    assert abs(first @ unrelated) < 0.2
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow
def test_features_of_a_text_do_not_depend_on_the_texts_beside_it(minilm):
    texts = ["short", "a text of a few more words than that", "word " * 100, ""]
    together = minilm.embed(texts, name="test")
    alone = np.concatenate([minilm.embed([text], name="test") for text in texts])
    np.testing.assert_allclose(together, alone, rtol=2**-11, atol=1e-6)  # two steps of the rounding
    assert together.tobytes() == minilm.embed(texts, name="test").tobytes()


@pytest.mark.parametrize(
    "word", ["a" * 2_000_000, "a." * 1_000_000, "a@" * 1_000_000, f"a@{'b' * 2_000_000}", "!" + " " * 2_000_000]
)
def test_a_word_without_end_is_read_in_linear_time(word):
    """Two million characters, for which a quadratic pattern would take days."""
    assert readable(word, SETTINGS)


def test_addresses_of_mail_become_a_word():
    told = readable("write to jo.do+x@mail.example.org, or(me@b.io)or a@b", SETTINGS)
    assert told.split() == ["write", "to", "email", ",", "or(", "email", ")or", "a@b"]

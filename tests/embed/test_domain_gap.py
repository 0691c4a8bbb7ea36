import io
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from tidemill.embed.domain_gap import divergences, domain_gap, fertility, sample_rows, symmetric_divergence
from tidemill.embed.embedder import Embedder
from tidemill.embed.settings import EmbedSettings, ImageSettings, TextSettings

IMAGE = ImageSettings(size=8, mean=0.0, std=1.0, images_per_step=4, stages=())


def picture(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


class Normed(torch.nn.Module):
    """A batch norm on the pixels themselves, with what it remembers of them given."""

    def __init__(self, mean: float, variance: float) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(3)
        self.norm.running_mean.fill_(mean)
        self.norm.running_var.fill_(variance)

    def forward_features(self, images):
        return self.norm(images)

    def forward_head(self, maps, *, pre_logits):
        assert pre_logits
        return maps.mean(dim=(2, 3))


def test_rows_with_the_statistics_that_the_norms_remember_are_at_no_distance():
    halves = np.zeros((8, 8, 3))
    halves[:4] = 255.0  # mean 1/2, variance 1/4
    told = divergences((Normed(0.5, 0.25), 8, 0.0, 1.0), [picture(halves)] * 3, IMAGE)
    assert told["norm"] == pytest.approx(0.0, abs=1e-9)


def test_the_distance_is_that_of_two_normal_distributions_by_the_closed_form():
    halves = np.zeros((8, 8, 3))
    halves[:4] = 255.0
    told = divergences((Normed(0.0, 1.0), 8, 0.0, 1.0), [picture(halves)], IMAGE)
    # ((1/4 + 1/4) / 1 + (1 + 1/4) / (1/4)) / 2 - 1, the norm's epsilon of 1e-5 aside
    assert told["norm"] == pytest.approx(1.75, abs=1e-3)
    assert symmetric_divergence((0.5, 0.25), (0.0, 1.0)) == pytest.approx(1.75)


def test_a_layer_that_does_not_run_is_not_told():
    model = Normed(0.0, 1.0)
    model.unused = torch.nn.BatchNorm2d(5)
    assert list(divergences((model, 8, 0.0, 1.0), [picture(np.zeros((8, 8, 3)))], IMAGE)) == ["norm"]


class Pieces:
    """A tokenizer that spells words of more than four letters in two and cannot read digits."""

    unk_token_id = 0

    def __call__(self, texts, *, add_special_tokens):
        assert not add_special_tokens
        return {"input_ids": [[k for word in text.split() for k in self._word(word)] for text in texts]}

    def _word(self, word):
        return [0] if not word.isalpha() else [1] if len(word) < 5 else [1, 1]


def test_pieces_per_word_and_unknown_pieces_are_counted():
    # words: a, house, on, it, 12 is none: five pieces of four words; whole texts have six pieces, one unknown
    assert fertility(Pieces(), ["a house", "on 12 it"]) == pytest.approx((5 / 4, 1 / 6))
    assert fertility(Pieces(), ["12", "34 5"]) == (0.0, 1.0)


def test_the_least_ids_are_looked_at_and_none_where_none_are_asked_for():
    rows = pl.DataFrame({"row_id": ["c", "a", "b"], "text": ["x", "y", "z"]})
    assert sample_rows(rows, 2)["row_id"].to_list() == ["a", "b"]
    embedder = SimpleNamespace(settings=SimpleNamespace(domain_rows=0), modality="text")
    assert domain_gap(embedder, rows).verdict == "unknown"


def english(embedder):
    texts = [
        "The meeting is on Monday at the office.",
        "Please call me when you get home tonight.",
        "I like the new car.",
    ]
    return domain_gap(embedder, pl.DataFrame({"row_id": list("abc"), "text": texts}))


def test_the_packaged_text_backbone_is_near_english_and_far_from_other_scripts_and_code_words(packages):
    text = TextSettings(max_tokens=48, tokens_per_step=512, squeeze=True, normalize=True)
    settings = EmbedSettings(backbone="x", weights="minilm", threads=1, domain_rows=9, text=text, image=None)
    embedder = Embedder(settings, "text", root=packages)
    assert english(embedder).verdict == "near"
    rows = pl.DataFrame({"row_id": ["a", "b"], "text": ["Встреча состоится в понедельник", "請在您回家時打電話給我"]})
    assert domain_gap(embedder, rows).verdict == "far"
    hexes = pl.DataFrame(
        {"row_id": ["a"], "text": ["deadbeef" * 20]}
    )  # one word too long to read: a single unknown piece
    assert domain_gap(embedder, hexes).measures.unknown == 1.0
    assert domain_gap(embedder, pl.DataFrame({"row_id": ["a"], "text": ["12 34"]})).verdict == "unknown"


def test_texts_that_the_backbone_reads_alike_are_told(packages):
    def measured(texts, **changed):
        text = TextSettings(max_tokens=24, tokens_per_step=512, squeeze=True, normalize=True).model_copy(update=changed)
        settings = EmbedSettings(backbone="x", weights="minilm", threads=1, domain_rows=99, text=text, image=None)
        rows = pl.DataFrame({"row_id": [f"{number:03}" for number in range(len(texts))], "text": texts})
        return domain_gap(Embedder(settings, "text", root=packages), rows)

    links = [f"https://shop{number}.example/{number % 7}" for number in range(12)]
    told = measured(links)
    assert told.verdict == "unknown"
    assert told.summary == (
        "12 of 12 different texts are the same to the backbone as another, for links, addresses and repeated signs are one token each; "
        "embed.text.squeeze=false reads them"
    )
    assert measured(links, squeeze=False).verdict != "unknown"
    letters = [f"{'dear sir or madam ' * 8} we write about number {number}" for number in range(12)]
    assert measured(letters).summary.endswith(
        "for their first 24 tokens are, and no more are read (embed.text.max_tokens)"
    )
    assert measured(letters, max_tokens=64).verdict == "near"
    assert measured(["the same"] * 12).verdict == "near"


@pytest.mark.slow
def test_the_packaged_image_backbone_is_near_photographs_and_far_from_noise(packages):
    from sklearn.datasets import load_sample_images

    image = ImageSettings(size=128, mean=0.5, std=0.5, images_per_step=4, stages=())
    settings = EmbedSettings(
        backbone="tf_efficientnet_lite0", weights="efficientnet-lite0", threads=1, domain_rows=6, text=None, image=image
    )
    embedder = Embedder(settings, "image", root=packages)
    photos = [photo[:, start : start + 400] for photo in load_sample_images().images for start in (0, 120, 240)]
    noise = np.random.default_rng(0).integers(0, 256, (6, 200, 200, 3))
    for pixels, verdict in ((photos, "near"), (list(noise), "far")):
        rows = pl.DataFrame({"row_id": list("abcdef"), "image": [picture(one) for one in pixels]})
        assert domain_gap(embedder, rows).verdict == verdict

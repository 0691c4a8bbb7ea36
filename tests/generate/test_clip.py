"""Descriptions against images by a CLIP model with random weights, beside what the model itself says."""

import io
import json
import string

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.generate.factories import function, rows_of
from tidemill.common.torchvision import repair_torchvision
from tidemill.contracts import ConfigError, Problem
from tidemill.generate.zero_shot import likeness_of

pytestmark = pytest.mark.slow
DESCRIBE = {"ham": "a dark cell", "spam": "a bright cell"}
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A folder with a model of two small towers, a tokenizer of letters and an image processor."""
    repair_torchvision()
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    folder = tmp_path_factory.mktemp("clip")
    letters = [*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase)]
    words = {token: number for number, token in enumerate([*letters, "<|startoftext|>", "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(words), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    text = {"vocab_size": 54, "max_position_embeddings": 32, "bos_token_id": 52, "eos_token_id": 53, "pad_token_id": 53}
    config = CLIPConfig(
        text_config=SMALL | text, vision_config=SMALL | {"image_size": 32, "patch_size": 8}, projection_dim=8
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        CLIPModel(config).save_pretrained(folder)
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def pictures():
    chance, encoded = np.random.default_rng(1), []
    for _ in range(5):
        file = io.BytesIO()
        Image.fromarray(chance.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(file, "PNG")
        encoded.append(file.getvalue())
    return encoded


def test_likeness_is_the_cosine_that_the_model_computes(clip):
    from transformers import CLIPModel, CLIPProcessor

    rows, images = rows_of(np.arange(5) % 2, gold=0), pictures()
    table = pl.DataFrame({"row_id": rows.ids["row_id"], "image": images})
    object.__setattr__(rows, "problem", Problem(name="cells", modality="image", classes=("ham", "spam")))
    object.__setattr__(rows, "read", lambda where: table[where])
    condition = function("shot", kind="zero_shot", describe=DESCRIBE, model=str(clip)).condition
    likeness = likeness_of(condition, rows, np.arange(5))
    model, processor = CLIPModel.from_pretrained(clip), CLIPProcessor.from_pretrained(clip)
    inputs = processor(
        text=list(DESCRIBE.values()),
        images=[Image.open(io.BytesIO(image)) for image in images],
        return_tensors="pt",
        padding=True,
    )
    expected = (model(**inputs).logits_per_image / model.logit_scale.exp()).detach().numpy()
    assert likeness == pytest.approx(expected, abs=1e-4)


def test_images_are_asked_for_a_model_that_reads_sentences():
    rows = rows_of(np.arange(5) % 2, gold=0)
    object.__setattr__(rows, "problem", Problem(name="cells", modality="image", classes=("ham", "spam")))
    with pytest.raises(ConfigError, match="name a CLIP model, such as `model: openai/clip-vit-base-patch32`"):
        likeness_of(function("shot", kind="zero_shot", describe=DESCRIBE).condition, rows, np.arange(3))

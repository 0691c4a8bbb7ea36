"""A semi-supervised GAN: a discriminator with a class for what is generated, and a generator that matches its features.

Salimans et al., "Improved techniques for training GANs" (2016). With K logits and that of the generated class held at 0,
``P(real) = Z / (Z + 1)`` where ``Z`` is the sum of their exponentials. Rows without gold teach the discriminator what real rows look
like; the generator is trained until the mean of the last hidden layer is the same for its rows as for real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import Features, Probabilities
from tidemill.generate.image_network import (
    BATCH,
    WIDTH,
    ImageNetwork,
    Pixels,
    augmented,
    averaged,
    build,
    class_batches,
    to_tensor,
)
from tidemill.train.classical.base import ModelInputs, from_files, to_files

NOISE: Final = 64
"""Dimensions of the noise that the generator starts from."""
RATE: Final = 6e-4
UNLABELED: Final = 0.5
"""Weight of real rows without gold, and of generated rows, beside rows with gold."""
DRAWN: Final = 16
"""Rows that are generated for people to look at."""


@dataclass(frozen=True)
class Game:
    """What a GAN is trained with.

    Parameters
    ----------
    discriminator, generator
        Networks; the first gives logits and a hidden layer, the second a row of noise.
    labeled, unlabeled
        Tensors of rows.
    targets : (n_labeled, n_classes)
    change
        Changes a batch of rows at random.
    """

    discriminator: Any
    generator: Any
    labeled: Any
    unlabeled: Any
    targets: Probabilities
    change: Callable[[Any, np.random.Generator], Any]


def play(game: Game, *, steps: int, seed: int) -> dict[str, Any]:
    """Train discriminator and generator in turn.

    Parameters
    ----------
    game
        Networks and rows.
    steps
        Steps of each.
    seed
        Of batches and noise; initial weights are the caller's.

    Returns
    -------
    dict of str to torch.Tensor
        Averaged weights of the discriminator.
    """
    import torch

    chance = np.random.default_rng(seed)
    optimizers = [
        torch.optim.Adam(network.parameters(), RATE, betas=(0.5, 0.999))
        for network in (game.discriminator, game.generator)
    ]
    average = None
    for _, rows in zip(range(steps), class_batches(game.targets, chance, BATCH), strict=False):
        _step(optimizers[0], _discriminator_loss(game, rows, chance))
        _step(optimizers[1], _generator_loss(game, chance))
        average = averaged(average, game.discriminator)
    assert average is not None  # noqa: S101 - there is at least one step
    return average


def _step(optimizer: Any, loss: Any) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _drawn(game: Game, chance: np.random.Generator) -> Any:
    return game.unlabeled[chance.integers(0, len(game.unlabeled), BATCH)]


def _discriminator_loss(game: Game, rows: Any, chance: np.random.Generator) -> Any:
    import torch
    from torch.nn.functional import softplus

    wanted = torch.from_numpy(game.targets[rows]).float()
    logits, _ = game.discriminator(game.change(game.labeled[rows], chance))
    real, _ = game.discriminator(game.change(_drawn(game, chance), chance))
    made, _ = game.discriminator(game.generator(torch.randn(BATCH, NOISE)).detach())
    classes = -(wanted * logits.log_softmax(dim=1)).sum(dim=1).mean()
    sum_real, sum_made = real.logsumexp(dim=1), made.logsumexp(dim=1)
    return classes + UNLABELED * ((softplus(sum_real) - sum_real).mean() + softplus(sum_made).mean())


def _generator_loss(game: Game, chance: np.random.Generator) -> Any:
    import torch

    _, real = game.discriminator(_drawn(game, chance))
    _, made = game.discriminator(game.generator(torch.randn(BATCH, NOISE)))
    return (real.mean(dim=0).detach() - made.mean(dim=0)).pow(2).sum()


def fit_image_gan(
    pixels: Pixels, targets: Probabilities, unlabeled: Pixels, *, steps: int, seed: int
) -> tuple[ImageNetwork, Pixels]:
    """Train a GAN on thumbnails.

    Parameters
    ----------
    pixels : (n_labeled, 3, size, size)
        Rows with gold; the size is a multiple of 8.
    targets : (n_labeled, n_classes)
    unlabeled : (n_unlabeled, 3, size, size)
        All rows to learn from.
    steps, seed
        As for ``play``.

    Returns
    -------
    network : ImageNetwork
        The discriminator, without the class for what is generated.
    drawn : (16, 3, size, size)
        Images that the generator draws.
    """
    import torch

    with torch_threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = _image_generator(pixels.shape[3])
        game = Game(build(targets.shape[1]), generator, to_tensor(pixels), to_tensor(unlabeled), targets, augmented)
        weights = play(game, steps=steps, seed=seed)
        with torch.inference_mode():
            drawn = generator.eval()(torch.randn(DRAWN, NOISE)).add(1.0).mul(127.5).round().byte().numpy()
    return ImageNetwork({name: item.numpy().copy() for name, item in weights.items()}), drawn


def _image_generator(size: int) -> Any:
    from torch import nn

    first = size // 8

    def larger(inputs: int, outputs: int) -> list[Any]:
        return [
            nn.Upsample(scale_factor=2),
            nn.Conv2d(inputs, outputs, 3, 1, 1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    return nn.Sequential(
        nn.Linear(NOISE, 4 * WIDTH * first * first),
        nn.BatchNorm1d(4 * WIDTH * first * first),
        nn.ReLU(),
        nn.Unflatten(1, (4 * WIDTH, first, first)),
        *larger(4 * WIDTH, 2 * WIDTH),
        *larger(2 * WIDTH, WIDTH),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(WIDTH, 3, 3, 1, 1),
        nn.Tanh(),
    )


@dataclass(frozen=True)
class FeatureNetwork:
    """The discriminator of a GAN on features: two layers.

    Parameters
    ----------
    weights
        By the names that torch gives them.
    mean, scale : (n_dimensions,)
        By which features are standardised.
    """

    weights: dict[str, Any]
    mean: Features
    scale: Features

    def predict_proba(self, inputs: ModelInputs) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows with their features.

        Returns
        -------
        (n_rows, n_classes)
        """
        features = inputs.features
        own = {name: item.astype(np.float64) for name, item in self.weights.items()}
        hidden = ((features - self.mean) / self.scale) @ own["inner.0.weight"].T + own["inner.0.bias"]
        hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
        logits = hidden @ own["top.weight"].T + own["top.bias"]
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(np.round(shifted / shifted.sum(axis=1, keepdims=True), 9))

    def files(self) -> dict[str, bytes]:
        """Serialize the network.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        return to_files({**self.weights, "mean": self.mean, "scale": self.scale}, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the network from its folder.

        Parameters
        ----------
        folder
            Folder with the files that ``files`` gives.

        Returns
        -------
        Self

        Raises
        ------
        DataError
            A file is missing or damaged.
        """
        tensors, _ = from_files(folder)
        own = {name: item for name, item in tensors.items() if name not in {"mean", "scale"}}
        return cls(own, tensors["mean"], tensors["scale"])


def fit_feature_gan(
    features: Features, targets: Probabilities, unlabeled: Features, *, steps: int, seed: int
) -> FeatureNetwork:
    """Train a GAN on features of a frozen backbone.

    Parameters
    ----------
    features : (n_labeled, n_dimensions)
        Rows with gold.
    targets : (n_labeled, n_classes)
    unlabeled : (n_unlabeled, n_dimensions)
        All rows to learn from.
    steps, seed
        As for ``play``.

    Returns
    -------
    FeatureNetwork
    """
    import torch

    mean, scale = unlabeled.mean(axis=0), np.maximum(unlabeled.std(axis=0), 1e-6)
    labeled, real = (torch.from_numpy((part - mean) / scale).float() for part in (features, unlabeled))
    with torch_threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = _feature_networks(features.shape[1], targets.shape[1])
        weights = play(Game(*networks, labeled, real, targets, _noisy), steps=steps, seed=seed)
    return FeatureNetwork({name: item.numpy().copy() for name, item in weights.items()}, mean, scale)


def _noisy(rows: Any, chance: np.random.Generator) -> Any:
    import torch

    return rows + 0.3 * torch.from_numpy(chance.standard_normal(tuple(rows.shape), dtype=np.float32))


def _feature_networks(dimensions: int, n_classes: int) -> tuple[Any, Any]:
    from torch import nn

    class Discriminator(nn.Module):
        """Two layers with dropout before each."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(dimensions, 128), nn.LeakyReLU(0.2))
            self.drop = nn.Dropout(0.3)
            self.top = nn.Linear(128, n_classes)

        def forward(self, rows: Any) -> tuple[Any, Any]:
            """Compute logits and the hidden layer."""
            hidden = self.inner(self.drop(rows))
            return self.top(self.drop(hidden)), hidden

    generator = nn.Sequential(
        nn.Linear(NOISE, 256),
        nn.BatchNorm1d(256),
        nn.ReLU(),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Linear(256, dimensions),
    )
    return Discriminator(), generator

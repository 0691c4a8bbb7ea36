"""A small convolutional network on thumbnails, from scratch: six convolutions, mean pooling, a linear layer.

Trained by Adam on randomly flipped and shifted images, averaged over its last steps; each class is drawn equally often.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import Probabilities
from tidemill.train.classical.base import DIGITS, from_files, to_files

WIDTH: Final = 16
"""Channels of the first convolutions; the next have twice and four times as many."""
BATCH: Final = 48
RATE: Final = 1e-3
KEPT: Final = 0.98
"""Share of the averaged weights that a step leaves as they are."""
_TOGETHER: Final = 256
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ImageNetwork:
    """A fitted network.

    Parameters
    ----------
    weights
        By the names that torch gives them.
    """

    weights: dict[str, Any]

    def predict_proba(self, pixels: Pixels) -> Probabilities:
        """Predict class probabilities: the mean over the image and its mirror images.

        Parameters
        ----------
        pixels : (n_rows, 3, size, size)

        Returns
        -------
        (n_rows, n_classes)
        """
        import torch

        network = build(len(self.weights["top.bias"]))
        network.load_state_dict({name: torch.from_numpy(item) for name, item in self.weights.items()})
        network.eval()
        parts = [np.zeros((0, len(self.weights["top.bias"])))]
        with torch.inference_mode(), torch_threads(1):
            for start in range(0, len(pixels), _TOGETHER):
                images = to_tensor(pixels[start : start + _TOGETHER])
                views = [images, images.flip(3), images.flip(2)]
                logits = torch.stack([network(view)[0] for view in views]).mean(dim=0)
                parts.append(logits.double().softmax(dim=1).numpy())
        return np.asarray(np.round(np.concatenate(parts), DIGITS), dtype=np.float64)

    def files(self) -> dict[str, bytes]:
        """Serialize the network.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        return to_files(self.weights, {})

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
        return cls(from_files(folder)[0])


def build(n_outputs: int) -> Any:
    """Build the network.

    Parameters
    ----------
    n_outputs
        Logits that it gives.

    Returns
    -------
    torch.nn.Module
        Of images (n_rows, 3, size, size) it gives logits (n_rows, n_outputs) and what comes before them.
    """
    from torch import nn
    from torch.nn.utils.parametrizations import weight_norm

    class Network(nn.Module):
        """Convolutions with weight normalisation, which a semi-supervised GAN can be trained with too."""

        def __init__(self) -> None:
            super().__init__()
            widths = [3, WIDTH, WIDTH, 2 * WIDTH, 2 * WIDTH, 4 * WIDTH, 4 * WIDTH]
            layers: list[Any] = []
            for j in range(6):
                layers += [
                    weight_norm(nn.Conv2d(widths[j], widths[j + 1], 3, 2 - j % 2, 1)),
                    nn.LeakyReLU(0.2),
                    *([nn.Dropout2d(0.2)] if j % 2 else []),
                ]
            self.inner = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.top = nn.Linear(4 * WIDTH, n_outputs)

        def forward(self, images: Any) -> tuple[Any, Any]:
            """Compute logits and what comes before them."""
            hidden = self.inner(images)
            return self.top(hidden), hidden

    return Network()


def to_tensor(pixels: Pixels) -> Any:
    """Scale bytes to [-1, 1].

    Parameters
    ----------
    pixels : (n_rows, 3, size, size)

    Returns
    -------
    torch.Tensor
        As many float32.
    """
    import torch

    return torch.from_numpy(np.ascontiguousarray(pixels)).float().div(127.5).sub(1.0)


def augmented(images: Any, generator: np.random.Generator) -> Any:
    """Flip and shift images.

    Parameters
    ----------
    images : (n_rows, 3, size, size)
    generator
        Of chance.

    Returns
    -------
    torch.Tensor
        As many; all of them flipped alike, and shifted by a sixteenth of a side at most.
    """
    import torch

    for side in (2, 3):
        if generator.random() < 0.5:  # noqa: PLR2004 - half of the time
            images = images.flip(side)
    most = images.shape[3] // 16
    shifts = [int(shift) for shift in generator.integers(-most, most + 1, 2)]
    return torch.roll(images, shifts, dims=(2, 3))


def class_batches(targets: Probabilities, generator: np.random.Generator, size: int) -> Iterator[npt.NDArray[Any]]:
    """Draw batches in which each class is equally likely, without end.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Probabilities; the likeliest class counts.
    generator
        Of chance.
    size
        Rows of a batch.

    Yields
    ------
    (size,)
        Indices of rows.
    """
    likeliest = targets.argmax(axis=1)
    chance = 1.0 / np.bincount(likeliest, minlength=targets.shape[1])[likeliest]
    while True:
        yield generator.choice(len(targets), size, p=chance / chance.sum())


def averaged(average: dict[str, Any] | None, network: Any) -> dict[str, Any]:
    """Move an average of weights towards the present ones.

    Parameters
    ----------
    average
        The average before this step; None: there was none.
    network
        Network whose weights are averaged.

    Returns
    -------
    dict of str to torch.Tensor
    """
    now = {name: item.detach().clone() for name, item in network.state_dict().items()}
    if average is None:
        return now
    return {name: KEPT * average[name] + (1 - KEPT) * item for name, item in now.items()}


def fit_image_network(pixels: Pixels, targets: Probabilities, *, steps: int, seed: int) -> ImageNetwork:
    """Train the network.

    Parameters
    ----------
    pixels : (n_rows, 3, size, size)
    targets : (n_rows, n_classes)
        Probabilities.
    steps
        Steps of Adam.
    seed
        Of initial weights, batches and changes of images.

    Returns
    -------
    ImageNetwork
    """
    import torch

    generator = np.random.default_rng(seed)
    with torch_threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, images, wanted = build(targets.shape[1]), to_tensor(pixels), torch.from_numpy(targets).float()
        optimizer = torch.optim.Adam(network.parameters(), RATE)
        average = None
        for _, rows in zip(range(steps), class_batches(targets, generator, BATCH), strict=False):
            logits, _ = network(augmented(images[rows], generator))
            loss = -(wanted[rows] * logits.log_softmax(dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average = averaged(average, network)
    assert average is not None  # noqa: S101 - there is at least one step
    return ImageNetwork({name: item.numpy().copy() for name, item in average.items()})

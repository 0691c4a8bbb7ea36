"""What a backbone has to offer to be fine-tuned, and how fast each of its layers learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from tidemill.train.settings import FinetuneSettings, TrainSettings


class TrainableBackbone(Protocol):
    """A backbone that can be trained, as ``tidemill.embed.trainable_backbone`` makes them."""

    module: Any

    def prepare(self, contents: Sequence[Any]) -> list[Any]:
        """Prepare contents of rows for mini-batches: tokenize texts, decode images.

        Parameters
        ----------
        contents : (n_rows,)
            Texts or images.

        Returns
        -------
        list
            A prepared row each.
        """

    def inputs(self, rows: Sequence[Any], rng: np.random.Generator | None) -> tuple[Any, ...]:
        """Make tensors of prepared rows.

        Parameters
        ----------
        rows : (n_rows,)
            Rows as ``prepare`` gave them.
        rng
            Generator of the augmentation; None: rows are not augmented.

        Returns
        -------
        tuple of torch.Tensor
            Arguments of ``features``, each with n_rows rows.
        """

    def features(self, *inputs: Any) -> Any:
        """Compute features with gradients.

        Parameters
        ----------
        *inputs
            Tensors as ``inputs`` makes them.

        Returns
        -------
        (n_rows, n_dimensions)
            Tensor that gradients flow through.
        """

    def layers(self) -> list[list[str]]:
        """List the names of the parameters, from the first layer to the last.

        Returns
        -------
        list of list of str
            Names of the parameters of each layer.
        """


def layer_rates(layers: Sequence[Sequence[str]], settings: TrainSettings) -> dict[str, float]:
    """Give each parameter its learning rate; what does not learn is left out.

    Parameters
    ----------
    layers
        Names of the parameters, layer by layer.
    settings
        Settings of train.

    Returns
    -------
    dict of str to float
        Learning rate by name of the parameter.

    Examples
    --------
    >>> from types import SimpleNamespace as Of
    >>> own = Of(mode="partial", finetune=Of(trainable_blocks=2, learning_rate=1.0, layer_decay=0.5))
    >>> layer_rates([["a"], ["b"], ["c"]], own)
    {'b': 0.5, 'c': 1.0}
    """
    own: FinetuneSettings = settings.finetune
    trained = min(own.trainable_blocks, len(layers)) if settings.mode == "partial" else len(layers)
    decay = 1.0 if settings.mode == "scratch" else own.layer_decay
    first = len(layers) - trained
    return {
        name: own.learning_rate * decay ** (len(layers) - 1 - index)
        for index, names in enumerate(layers)
        if index >= first
        for name in names
    }

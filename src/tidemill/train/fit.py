"""features and soft targets -> a head, by Lightning; the same seed gives the same bytes."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError, Features, Probabilities
from tidemill.train.head import Head
from tidemill.train.select import selected
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, balance

_STILL: Final = 1e-6  # a feature that moves less than this is left as it is
_MIN_HELD_OUT: Final = 10  # fewer held-out rows say nothing: all rows teach, for max_epochs


class Batches:
    """Rows in memory -> mini-batches, shuffled anew each epoch: one gather a step, where a loader asks for each row."""

    def __init__(self, rows: tuple[Any, Any, Any], size: int, seed: int | None) -> None:
        import torch

        self.rows, self.size = rows, size
        self.chance = None if seed is None else torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """How many mini-batches an epoch has."""
        return math.ceil(len(self.rows[0]) / self.size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Nothing -> features, targets and weights of each mini-batch."""
        import torch

        count = len(self.rows[0])
        order = torch.arange(count) if self.chance is None else torch.randperm(count, generator=self.chance)
        for part in torch.split(order, self.size):
            yield tuple(tensor[part] for tensor in self.rows)


def fit_head(
    features: Features, targets: Probabilities, *, settings: TrainSettings, weights: Array | None = None
) -> Head:
    """(rows, dimensions) features, (rows, classes) target probabilities and (rows,) weights -> head.

    Rows of weight 0 change nothing. ``config`` tells the epochs and the loss on held-out rows.

    Raises
    ------
    DataError
        No row has weight.
    """
    weights = np.ones(len(targets)) if weights is None else weights
    taught = weights > 0
    if not taught.any():
        raise DataError("no row of train or dev has a label to learn from: no labeling function speaks of them")
    features, targets, weights = features[taught], targets[taught], weights[taught]
    if settings.class_balance:
        weights = weights * balance(targets, weights)
    mean = features.mean(axis=0, dtype=np.float64)
    spread = features.std(axis=0, dtype=np.float64)
    scale = np.where(spread > _STILL, spread, 1.0)
    scaled = ((features - mean) / scale).astype(np.float32)
    held = held_out(len(targets), settings)
    targets = targets / targets.sum(axis=1, keepdims=True)
    read = selected(scaled, targets, weights, settings.select) if settings.select < 1.0 else slice(None)
    layers, told = _fit(scaled[:, read], (targets, weights), held, settings)
    layers = (_widened(layers[0], read, scaled.shape[1]), *layers[1:])
    return Head(mean.astype(np.float32), scale.astype(np.float32), layers, told)


def _widened(layer: tuple[Any, Any], read: Any, dimensions: int) -> tuple[Any, Any]:
    """First layer over the dimensions that were read -> the same over all, with weight 0 on those that were not."""
    weight = np.zeros((len(layer[0]), dimensions), dtype=layer[0].dtype)
    weight[:, read] = layer[0]
    return weight, layer[1]


def held_out(count: int, settings: TrainSettings) -> Any:
    """Number of rows -> (rows,) mask of those that only say when to stop."""
    held = np.zeros(count, dtype=bool)
    size = round(settings.held_out * count)
    if size >= _MIN_HELD_OUT:
        held[np.random.default_rng(settings.seed).permutation(count)[:size]] = True
    return held


def _fit(
    features: Features, taught: tuple[Probabilities, Array], held: Any, settings: TrainSettings
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    torch.set_num_threads(settings.threads)
    targets, weights = taught
    tensors = [torch.from_numpy(part.astype(np.float32)) for part in (features, targets, weights)]
    teach, check = (tuple(tensor[torch.from_numpy(mask)] for tensor in tensors) for mask in (~held, held))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        module, epochs = _run(teach, check, settings)
    layers = tuple((layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in module.linear_layers())
    loss = None if module.best_loss is None else round(module.best_loss, 6)
    return layers, {"epochs": epochs, "held_out_loss": loss, "rows": len(teach[0]), "held_out_rows": len(check[0])}


def _run(teach: Any, check: Any, settings: TrainSettings) -> tuple[Any, int]:
    """Tensors of the rows that teach and that check -> module with its best weights, and how many epochs it saw."""
    with warnings.catch_warnings():
        # torch's pytree renames a class that Lightning asks for, and Lightning 2.6.6 still says it the old way
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        # a handful of rows teaches without holding any out, and that is meant
        warnings.filterwarnings("ignore", message="You defined a `validation_step` but have no", category=UserWarning)
        from pytorch_lightning import Trainer

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # devices and tips are no news

        from tidemill.train.module import KeepBest, SoftClassifier, Tell

        module = SoftClassifier(teach[0].shape[1], teach[1].shape[1], settings)
        keep = KeepBest(settings.patience)
        trainer = Trainer(
            max_epochs=settings.max_epochs,
            callbacks=[keep, Tell(settings.max_epochs)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            **one_process(settings.trainer),
        )
        valid = Batches(check, len(check[0]), None) if len(check[0]) else None
        trainer.fit(module, Batches(teach, settings.rows_per_step, settings.seed), valid)
    return module, trainer.current_epoch


def one_process(trainer: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a trainer -> the same on one device: a head takes seconds, processes take as long to start.

    >>> one_process({"accelerator": "cpu", "devices": 2, "strategy": "ddp_fork", "precision": 32})
    {'accelerator': 'cpu', 'devices': 1, 'precision': 32}
    """
    kept = {name: value for name, value in trainer.items() if name not in {"strategy", "num_nodes"}}
    devices = trainer.get("devices", 1)
    return kept | {"devices": devices[:1] if isinstance(devices, list) else 1}

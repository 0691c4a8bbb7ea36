"""Fit a head on features and soft targets, by Lightning; the same seed gives the same bytes."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import DataError, Features, Probabilities
from tidemill.reports.model import HeadTraining
from tidemill.train.head.feature_selection import select_dimensions
from tidemill.train.head.head import Head
from tidemill.train.row_weights import Array, class_balance_factors
from tidemill.train.scale import pareto_scale
from tidemill.train.settings import TrainSettings

_MIN_HELD_OUT: Final = 10  # fewer held-out rows tell nothing: all rows are trained on, for max_epochs


class Batches:
    """Mini-batches of rows in memory, shuffled anew each epoch: one gather a step, where a loader asks for each row.

    Parameters
    ----------
    rows
        Tensors of features, targets and weights.
    size
        Rows of a mini-batch.
    seed
        Of the order; None: the rows' own order.
    """

    def __init__(self, rows: tuple[Any, Any, Any], size: int, seed: int | None) -> None:
        import torch

        self.rows, self.size = rows, size
        self.rng = None if seed is None else torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """Count the mini-batches of an epoch."""
        return math.ceil(len(self.rows[0]) / self.size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield features, targets and weights of each mini-batch."""
        import torch

        count = len(self.rows[0])
        order = torch.arange(count) if self.rng is None else torch.randperm(count, generator=self.rng)
        for part in torch.split(order, self.size):
            yield tuple(tensor[part] for tensor in self.rows)


def fit_head(
    features: Features, targets: Probabilities, *, settings: TrainSettings, weights: Array | None = None
) -> Head:
    """Fit a head.

    Rows of weight 0 change nothing. ``training`` of the head holds the epochs and the loss on held-out rows.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilities.
    settings
        Settings of train.
    weights : (n_rows,)
        By default all ones.

    Returns
    -------
    Head
        Fitted.

    Raises
    ------
    DataError
        No row has weight.
    """
    weights = np.ones(len(targets)) if weights is None else weights
    has_weight = weights > 0
    if not has_weight.any():
        raise DataError("no row of train or dev has a label to learn from: no labeling function votes on them")
    features, targets, weights = features[has_weight], targets[has_weight], weights[has_weight]
    if settings.labels.class_balance:
        weights = weights * class_balance_factors(targets, weights)
    mean = features.mean(axis=0, dtype=np.float64)
    scale = pareto_scale(features)
    scaled = ((features - mean) / scale).astype(np.float32)
    held = held_out(len(targets), settings)
    targets = targets / targets.sum(axis=1, keepdims=True)
    read = (
        select_dimensions(scaled, targets, weights, settings.head.feature_fraction)
        if settings.head.feature_fraction < 1.0
        else slice(None)
    )
    with torch_threads(settings.threads):
        layers, report = _fit(scaled[:, read], (targets, weights), held, settings)
    layers = (_widened(layers[0], read, scaled.shape[1]), *layers[1:])
    return Head(mean.astype(np.float32), scale.astype(np.float32), layers, training=HeadTraining(**report))


def _widened(layer: tuple[Any, Any], read: Any, dimensions: int) -> tuple[Any, Any]:
    """First layer over all dimensions, with weight 0 on those that were not read."""
    weight = np.zeros((len(layer[0]), dimensions), dtype=layer[0].dtype)
    weight[:, read] = layer[0]
    return weight, layer[1]


def held_out(count: int, settings: TrainSettings) -> Any:
    """Choose the held-out rows of early stopping.

    Parameters
    ----------
    count
        Number of rows.
    settings
        Settings of train.

    Returns
    -------
    (count,)
        Booleans; all False where too few would be held out.
    """
    held = np.zeros(count, dtype=bool)
    size = round(settings.early_stopping.validation_fraction * count)
    if size >= _MIN_HELD_OUT:
        held[np.random.default_rng(settings.seed).permutation(count)[:size]] = True
    return held


def _fit(
    features: Features, labels: tuple[Probabilities, Array], held: Any, settings: TrainSettings
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    targets, weights = labels
    tensors = [torch.from_numpy(part.astype(np.float32)) for part in (features, targets, weights)]
    train, validation = (tuple(tensor[torch.from_numpy(mask)] for tensor in tensors) for mask in (~held, held))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        module, epochs = _run(train, validation, settings)
    layers = tuple((layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in module.linear_layers())
    loss = None if module.best_loss is None else round(module.best_loss, 6)
    return layers, {"epochs": epochs, "held_out_loss": loss, "rows": len(train[0]), "held_out_rows": len(validation[0])}


def _run(train: Any, validation: Any, settings: TrainSettings) -> tuple[Any, int]:
    with warnings.catch_warnings():
        # torch's pytree renames a class that Lightning asks for, and Lightning 2.6.6 still says it the old way
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        # a handful of rows is trained on without holding any out, and that is meant
        warnings.filterwarnings("ignore", message="You defined a `validation_step` but have no", category=UserWarning)
        from pytorch_lightning import Trainer

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # devices and tips are no news

        from tidemill.train.head.lightning import BestCheckpoint, ProgressLine, SoftClassifier

        module = SoftClassifier(train[0].shape[1], train[1].shape[1], settings)
        keep = BestCheckpoint(settings.early_stopping.patience)
        trainer = Trainer(
            max_epochs=settings.optimizer.max_epochs,
            callbacks=[keep, ProgressLine(settings.optimizer.max_epochs)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            **one_process(settings.trainer),
        )
        valid = Batches(validation, len(validation[0]), None) if len(validation[0]) else None
        trainer.fit(module, Batches(train, settings.optimizer.batch_size, settings.seed), valid)
    return module, trainer.current_epoch


def one_process(trainer: Mapping[str, Any]) -> dict[str, Any]:
    """Restrict a trainer's settings to one device: a head takes seconds, processes take as long to start.

    Parameters
    ----------
    trainer
        Arguments of Lightning's ``Trainer``.

    Returns
    -------
    dict
        Arguments of Lightning's ``Trainer``.

    Examples
    --------
    >>> one_process({"accelerator": "cpu", "devices": 2, "strategy": "ddp_fork", "precision": 32})
    {'accelerator': 'cpu', 'devices': 1, 'precision': 32}
    """
    kept = {name: value for name, value in trainer.items() if name not in {"strategy", "num_nodes"}}
    devices = trainer.get("devices", 1)
    return kept | {"devices": devices[:1] if isinstance(devices, list) else 1}

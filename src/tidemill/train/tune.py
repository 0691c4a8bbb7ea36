"""rows, their labels and a backbone that can learn -> the backbone, taught: what modes partial, full and scratch do.

The head comes first: it is fitted on the features as they are, and the backbone then learns together with a linear layer
that starts there (Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution",
ICLR 2022), each layer slower than the one after it (Howard and Ruder, ULMFiT, 2018). The final head is fitted anew on the
features of the taught backbone, so that every recipe against noise holds in every mode.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from tidemill.contracts import DataError, Features, Probabilities
from tidemill.train.fit import fit_head, held_out
from tidemill.train.settings import TrainSettings, TuneSettings
from tidemill.train.teach import Array, balance

CHECKPOINT: Final = "last.ckpt"


class Tunable(Protocol):
    """A backbone that can learn, as ``tidemill.embed.tunable`` makes them."""

    module: Any

    def prepare(self, contents: Sequence[Any]) -> list[Any]:
        """Contents of rows -> what mini-batches are made of."""

    def inputs(self, rows: Sequence[Any], chance: np.random.Generator | None) -> tuple[Any, ...]:
        """Prepared rows -> tensors, augmented by ``chance``."""

    def features(self, *inputs: Any) -> Any:
        """Tensors -> (rows, dimensions) with gradients."""

    def layers(self) -> list[list[str]]:
        """Nothing -> names of the parameters, from the first layer to the last."""


@dataclass(frozen=True)
class Taught:
    """Rows that teach a backbone: contents, features as they are, labels and weights."""

    contents: Sequence[Any]
    features: Features
    targets: Probabilities
    weights: Array

    def part(self, rows: Any) -> Taught:
        """Indices -> these rows."""
        contents = [self.contents[int(row)] for row in rows]
        return Taught(contents, self.features[rows], self.targets[rows], self.weights[rows])


class Steps:
    """Prepared rows -> mini-batches of tensors, shuffled and augmented by seed and epoch alone, so that a run resumes.

    Among several processes each takes its share of every epoch.
    """

    def __init__(self, backbone: Tunable, rows: Taught, settings: TrainSettings) -> None:
        self.backbone, self.rows, self.settings = backbone, rows, settings
        self.prepared = backbone.prepare(rows.contents)
        self.epoch = 0

    def __len__(self) -> int:
        """How many mini-batches a process sees in an epoch."""
        return math.ceil(len(self._order()) / self.settings.tune.rows_per_step)

    def _order(self) -> Any:
        order = np.random.default_rng([self.settings.seed, self.epoch]).permutation(len(self.prepared))
        rank, processes = _place()
        return order[: len(order) // processes * processes][rank::processes]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Nothing -> inputs, targets and weights of each mini-batch."""
        import torch

        chance = np.random.default_rng([self.settings.seed, self.epoch, 1, _place()[0]])
        order, size = self._order(), self.settings.tune.rows_per_step
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            inputs = self.backbone.inputs(
                [self.prepared[row] for row in rows], chance if self.settings.tune.augment else None
            )
            targets, weights = (part[rows].astype(np.float32) for part in (self.rows.targets, self.rows.weights))
            yield inputs, torch.from_numpy(targets), torch.from_numpy(weights)


def _place() -> tuple[int, int]:
    """Nothing -> which of how many processes this is."""
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def tune(backbone: Tunable, rows: Taught, *, settings: TrainSettings, scratch: Path) -> dict[str, Any]:
    """Backbone, rows that teach, settings and a folder for checkpoints -> what is told of the training.

    The backbone's module is taught in place. A run that was killed goes on from its last whole epoch, to the same end.

    Raises
    ------
    DataError
        No row has weight.
    """
    import torch

    torch.set_num_threads(settings.threads)
    heard = np.flatnonzero(rows.weights > 0)
    if not len(heard):
        raise DataError("no row of train or dev has a label to learn from: no labeling function speaks of them")
    rows = rows.part(heard)
    rows = rows.part(np.flatnonzero(~held_out(len(heard), settings)))
    if settings.class_balance:
        rows = Taught(rows.contents, rows.features, rows.targets, rows.weights * balance(rows.targets, rows.weights))
    top = linear_start(rows, settings)
    folder = scratch / fingerprint(rows, settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        _run(backbone, rows, top, settings=settings, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return {"mode": settings.mode, "epochs": settings.tune.epochs, "rows": len(rows.contents)}


def linear_start(rows: Taught, settings: TrainSettings) -> tuple[Any, Any]:
    """Rows -> weight (classes, dimensions) and bias of a linear layer fitted on their features as they are."""
    head = fit_head(
        rows.features, rows.targets, settings=settings.model_copy(update={"hidden": ()}), weights=rows.weights
    )
    weight, bias = head.layers[0]
    scaled = weight / head.scale
    return scaled, bias - scaled @ head.mean


def fingerprint(rows: Taught, settings: TrainSettings) -> str:
    """Rows and settings -> name of their checkpoints: another run's are never gone on from."""
    digest = hashlib.sha256(json.dumps(settings.model_dump(mode="json"), sort_keys=True).encode())
    for part in (rows.features, rows.targets, rows.weights):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def rates(layers: Sequence[Sequence[str]], settings: TrainSettings) -> dict[str, float]:
    """Names layer by layer and settings -> name -> learning rate; what does not learn is left out.

    >>> from types import SimpleNamespace as Of
    >>> own = Of(mode="partial", tune=Of(blocks=2, learning_rate=1.0, layer_decay=0.5))
    >>> rates([["a"], ["b"], ["c"]], own)
    {'b': 0.5, 'c': 1.0}
    """
    own: TuneSettings = settings.tune
    learned = min(own.blocks, len(layers)) if settings.mode == "partial" else len(layers)
    decay = 1.0 if settings.mode == "scratch" else own.layer_decay
    first = len(layers) - learned
    return {
        name: own.learning_rate * decay ** (len(layers) - 1 - place)
        for place, names in enumerate(layers)
        if place >= first
        for name in names
    }


def _run(backbone: Tunable, rows: Taught, top: tuple[Any, Any], *, settings: TrainSettings, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)  # see fit.py
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists", category=UserWarning)  # as is meant
        from tidemill.common.torchvision import repair_torchvision

        repair_torchvision()
        from pytorch_lightning import Trainer
        from pytorch_lightning.callbacks import ModelCheckpoint

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # devices and tips are no news

        from tidemill.train.tuning import Reseed, TunedClassifier

        module = TunedClassifier(backbone, top, settings)
        steps = Steps(backbone, rows, settings)
        keep = ModelCheckpoint(
            dirpath=folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False
        )
        trainer = Trainer(
            max_epochs=settings.tune.epochs,
            callbacks=[keep, Reseed(settings)],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            **settings.trainer,
        )
        last = folder / CHECKPOINT
        trainer.fit(module, steps, ckpt_path=last if last.exists() else None, weights_only=True)

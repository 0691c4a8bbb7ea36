"""Fine-tune a backbone: modes partial, full and scratch.

The head comes first: it is fitted on the features as they are, and the backbone then learns together with a linear layer
that starts there (Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution",
ICLR 2022), each layer slower than the one after it (Howard and Ruder, ULMFiT, 2018). The final head is fitted anew on the
features of the fine-tuned backbone, so that every recipe against noise holds in every mode.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import DataError
from tidemill.train.finetune.backbone import TrainableBackbone
from tidemill.train.finetune.batches import FinetuneRows, ResumableBatches
from tidemill.train.head.fit import fit_head, held_out
from tidemill.train.row_weights import class_balance_factors
from tidemill.train.settings import TrainSettings

CHECKPOINT: Final = "last.ckpt"


@dataclass(frozen=True)
class FinetuneRun:
    """Mode, epochs and number of training rows."""

    mode: str
    epochs: int
    rows: int


def finetune(backbone: TrainableBackbone, rows: FinetuneRows, *, settings: TrainSettings, scratch: Path) -> FinetuneRun:
    """Fine-tune a backbone in place.

    A run that was killed goes on from its last whole epoch, to the same end.

    Parameters
    ----------
    backbone
        Backbone with its module.
    rows
        Rows to train on.
    settings
        Settings of train.
    scratch
        Folder for checkpoints.

    Returns
    -------
    FinetuneRun

    Raises
    ------
    DataError
        No row has weight.
    """
    import torch

    has_weight = np.flatnonzero(rows.weights > 0)
    if not len(has_weight):
        raise DataError("no row of train or dev has a label to learn from: no labeling function votes on them")
    rows = rows.part(has_weight)
    rows = rows.part(np.flatnonzero(~held_out(len(has_weight), settings)))
    if settings.labels.class_balance:
        rows = FinetuneRows(
            rows.contents, rows.features, rows.targets, rows.weights * class_balance_factors(rows.targets, rows.weights)
        )
    top = linear_start(rows, settings)
    folder = scratch / checkpoint_name(rows, settings)
    with torch_threads(settings.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        _run(backbone, rows, top, settings=settings, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)
    return FinetuneRun(settings.mode, settings.finetune.epochs, len(rows.contents))


def linear_start(rows: FinetuneRows, settings: TrainSettings) -> tuple[Any, Any]:
    """Fit a linear layer on features as they are.

    Parameters
    ----------
    rows
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    weight : (n_classes, n_dimensions)
    bias : (n_classes,)
    """
    head = fit_head(
        rows.features, rows.targets, settings=settings.with_changes({"head.hidden_sizes": ()}), weights=rows.weights
    )
    weight, bias = head.layers[0]
    scaled = weight / head.scale
    return scaled, bias - scaled @ head.mean


def checkpoint_name(rows: FinetuneRows, settings: TrainSettings) -> str:
    """Name the checkpoints of a run, so that another run's are never resumed.

    Parameters
    ----------
    rows
        Rows to train on.
    settings
        Settings of train.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(settings.model_dump(mode="json"), sort_keys=True).encode())
    for part in (rows.features, rows.targets, rows.weights):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def _run(
    backbone: TrainableBackbone, rows: FinetuneRows, top: tuple[Any, Any], *, settings: TrainSettings, folder: Path
) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)  # see fit.py
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists", category=UserWarning)  # as is meant
        from tidemill.common.torchvision import repair_torchvision

        repair_torchvision()
        from pytorch_lightning import Trainer
        from pytorch_lightning.callbacks import ModelCheckpoint

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # devices and tips are no news

        from tidemill.train.finetune.lightning import Reseed, TunedClassifier

        module = TunedClassifier(backbone, top, settings)
        steps = ResumableBatches(backbone, rows, settings)
        keep = ModelCheckpoint(
            dirpath=folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False
        )
        trainer = Trainer(
            max_epochs=settings.finetune.epochs,
            callbacks=[keep, Reseed(settings)],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            **settings.trainer,
        )
        last = folder / CHECKPOINT
        trainer.fit(module, steps, ckpt_path=last if last.exists() else None, weights_only=True)

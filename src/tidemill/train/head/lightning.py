"""The Lightning module of a head, and the callbacks that stop it in time; imported only while training."""

from __future__ import annotations

import copy
import itertools
import sys
import time
from typing import Any

import torch
from torch import nn

from tidemill.common.torchvision import repair_torchvision
from tidemill.train.deadline import check_deadline
from tidemill.train.head.augment import augment
from tidemill.train.head.loss import loss_of, soft_cross_entropy
from tidemill.train.settings import TrainSettings

repair_torchvision()

from pytorch_lightning import Callback, LightningModule, Trainer  # noqa: E402 - it imports torchvision


class SoftClassifier(LightningModule):  # type: ignore[misc] # mypy does not follow Lightning
    """Linear layers with ReLU and dropout between, trained on probabilities."""

    def __init__(self, dimensions: int, n_classes: int, settings: TrainSettings) -> None:
        super().__init__()
        self.settings = settings
        self.network = network(dimensions, n_classes, settings)
        self.best_loss: float | None = None

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Compute logits.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Scaled.

        Returns
        -------
        (n_rows, n_classes)
        """
        logits: torch.Tensor = self.network(features)
        return logits

    def training_step(self, batch: tuple[torch.Tensor, ...], _batch_idx: int) -> torch.Tensor:
        """Compute the loss of a mini-batch, augmented as the settings say.

        Parameters
        ----------
        batch
            Features (n_rows, n_dimensions), targets (n_rows, n_classes) and weights (n_rows,).
        _batch_idx
            Not read; Lightning's signature.

        Returns
        -------
        torch.Tensor
            The loss that the settings name, a scalar.
        """
        features, targets, weights = augment(batch, self.settings)
        loss: torch.Tensor = loss_of(self.settings, self(features), targets, weights)
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, ...], _batch_idx: int) -> None:
        """Log the loss of all held-out rows as ``held_out_loss``.

        Parameters
        ----------
        batch
            Features (n_rows, n_dimensions), targets (n_rows, n_classes) and weights (n_rows,).
        _batch_idx
            Not read; Lightning's signature.
        """
        features, targets, weights = batch
        self.log("held_out_loss", soft_cross_entropy(self(features), targets, weights), batch_size=len(features))

    def configure_optimizers(self) -> Any:
        """Configure AdamW; the learning rate falls to zero along a half cosine over all steps.

        Returns
        -------
        dict
            Optimizer and schedule, as Lightning takes them.
        """
        own = self.settings.optimizer
        optimizer = torch.optim.AdamW(self.parameters(), lr=own.learning_rate, weight_decay=own.weight_decay)
        steps = max(int(self.trainer.estimated_stepping_batches), 1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def linear_layers(self) -> list[nn.Linear]:
        """List the linear layers, first to last.

        Returns
        -------
        list of torch.nn.Linear
            Without activations and dropout.
        """
        return [layer for layer in self.network if isinstance(layer, nn.Linear)]


def network(dimensions: int, n_classes: int, settings: TrainSettings) -> nn.Sequential:
    """Build the layers; without hidden ones it is a linear classifier.

    Parameters
    ----------
    dimensions, n_classes
        Sizes of inputs and outputs.
    settings
        Settings of train.

    Returns
    -------
    torch.nn.Sequential
    """
    sizes = [dimensions, *settings.head.hidden_sizes, n_classes]
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Dropout(settings.head.dropout), nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class BestCheckpoint(Callback):  # type: ignore[misc] # mypy does not follow Lightning
    """Keep the weights with the least loss on held-out rows, in memory; stop when it has not fallen for long."""

    def __init__(self, patience: int) -> None:
        self.patience, self.waited = patience, 0
        self.best: dict[str, Any] = {}

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights of this epoch, or count the epoch against the patience.

        Parameters
        ----------
        trainer
            Gives the loss on held-out rows; it is stopped once patience is used up.
        pl_module
            The ``SoftClassifier`` that is trained.
        """
        loss = float(trainer.callback_metrics["held_out_loss"])
        module = _ours(pl_module)
        self.waited += 1
        if module.best_loss is None or loss < module.best_loss:
            module.best_loss, self.waited, self.best = loss, 0, copy.deepcopy(module.state_dict())
        trainer.should_stop = trainer.should_stop or self.waited >= self.patience

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Restore the best weights.

        Parameters
        ----------
        trainer
            Not read; Lightning's signature.
        pl_module
            The module whose weights are replaced.
        """
        if self.best:
            pl_module.load_state_dict(self.best)


class ProgressLine(Callback):  # type: ignore[misc] # mypy does not follow Lightning
    """A short line about every two seconds, for those who wait."""

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs, self.last_line = max_epochs, time.monotonic()

    def on_train_batch_end(self, *_: Any) -> None:
        """Stop the fit when its time is over.

        Parameters
        ----------
        *_
            Not read; Lightning's signature.

        Raises
        ------
        OutOfTimeError
            The deadline of ``time_limit`` has come.
        """
        check_deadline()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the epoch and the best loss so far to standard error, at most every two seconds.

        Parameters
        ----------
        trainer
            Gives the number of the epoch.
        pl_module
            The ``SoftClassifier`` that is trained.
        """
        if time.monotonic() - self.last_line >= 2.0:  # noqa: PLR2004 - seconds
            self.last_line = time.monotonic()
            best = _ours(pl_module).best_loss
            loss = "" if best is None else f", held-out loss {best:.4f}"
            print(f"train: epoch {trainer.current_epoch + 1} of at most {self.max_epochs}{loss}", file=sys.stderr)


def _ours(module: LightningModule) -> SoftClassifier:
    if not isinstance(module, SoftClassifier):
        raise TypeError(f"{type(module).__name__} is not a SoftClassifier")
    return module

"""The Lightning module that fine-tunes a backbone; imported only while training."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn

from tidemill.common.torchvision import repair_torchvision
from tidemill.train.finetune.backbone import TrainableBackbone, layer_rates
from tidemill.train.finetune.batches import ResumableBatches
from tidemill.train.head.loss import loss_of
from tidemill.train.settings import TrainSettings

repair_torchvision()

from pytorch_lightning import Callback, LightningModule, Trainer  # noqa: E402 - it imports torchvision


class TunedClassifier(LightningModule):  # type: ignore[misc] # mypy does not follow Lightning
    """A backbone and a linear layer on its features; layers that do not learn are frozen, statistics of norms too."""

    def __init__(self, backbone: TrainableBackbone, top: tuple[Any, Any], settings: TrainSettings) -> None:
        super().__init__()
        self.backbone, self.settings = backbone, settings
        self.module = backbone.module.train()
        weight, bias = (torch.from_numpy(part).float() for part in top)
        self.top = nn.Linear(weight.shape[1], weight.shape[0])
        self.top.load_state_dict({"weight": weight, "bias": bias})
        self.rates = layer_rates(backbone.layers(), settings)
        for name, parameter in self.module.named_parameters():
            parameter.requires_grad_(name in self.rates)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Compute logits.

        Parameters
        ----------
        *inputs
            Tensors that the backbone reads, each with n_rows rows.

        Returns
        -------
        (n_rows, n_classes)
        """
        logits: torch.Tensor = self.top(self.backbone.features(*inputs))
        return logits

    def training_step(self, batch: tuple[Any, ...], _batch_idx: int) -> torch.Tensor:
        """Compute the loss of a mini-batch.

        Parameters
        ----------
        batch
            Tensors that the backbone reads, targets (n_rows, n_classes) and weights (n_rows,).
        _batch_idx
            Not read; Lightning's signature.

        Returns
        -------
        torch.Tensor
            The loss that the settings name, a scalar.
        """
        inputs, targets, weights = batch
        loss: torch.Tensor = loss_of(self.settings, self(*inputs), targets, weights)
        return loss

    def configure_optimizers(self) -> Any:
        """Configure AdamW with a learning rate for each layer; all fall to zero along a half cosine.

        Returns
        -------
        dict
            Optimizer and schedule, as Lightning takes them.
        """
        own = self.settings.optimizer
        named = dict(self.module.named_parameters())
        groups: dict[float, list[Any]] = {}
        for name, rate in self.rates.items():
            groups.setdefault(rate, []).append(named[name])
        listed: list[dict[str, Any]] = [{"params": some, "lr": rate} for rate, some in groups.items()]
        listed.append({"params": list(self.top.parameters()), "lr": own.learning_rate})
        optimizer = torch.optim.AdamW(listed, weight_decay=own.weight_decay)
        steps = max(int(self.trainer.estimated_stepping_batches), 1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        """Keep the statistics of batch norms as they were pretrained; dropout stays active."""
        if self.settings.mode != "scratch":
            for part in self.module.modules():
                if isinstance(part, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all of them
                    part.eval()


class Reseed(Callback):  # type: ignore[misc] # mypy does not follow Lightning
    """Seeds of each epoch, so that a run that goes on after a kill draws the same numbers."""

    def __init__(self, settings: TrainSettings) -> None:
        self.settings = settings

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's
        """Seed dropout, order and augmentation of the epoch.

        Parameters
        ----------
        trainer
            Gives the number of the epoch and the mini-batches.
        pl_module
            Not read; Lightning's signature.
        """
        torch.manual_seed(self.settings.seed * 1000 + trainer.current_epoch)
        steps = trainer.train_dataloader
        if isinstance(steps, ResumableBatches):
            steps.epoch = trainer.current_epoch

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's
        """Write the number of the epoch to standard error.

        Parameters
        ----------
        trainer
            Gives the number of the epoch.
        pl_module
            Not read; Lightning's signature.
        """
        print(f"train: backbone, epoch {trainer.current_epoch + 1} of {self.settings.finetune.epochs}", file=sys.stderr)

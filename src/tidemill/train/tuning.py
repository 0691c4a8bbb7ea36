"""The Lightning module that teaches a backbone; imported only while training."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn

from tidemill.common.torchvision import repair_torchvision
from tidemill.train.loss import loss_of
from tidemill.train.settings import TrainSettings
from tidemill.train.tune import Steps, Tunable, rates

repair_torchvision()

from pytorch_lightning import Callback, LightningModule, Trainer  # noqa: E402 - it imports torchvision


class TunedClassifier(LightningModule):  # type: ignore[misc] # mypy does not follow Lightning
    """A backbone and a linear layer on its features; layers that do not learn are frozen, statistics of norms too."""

    def __init__(self, backbone: Tunable, top: tuple[Any, Any], settings: TrainSettings) -> None:
        super().__init__()
        self.backbone, self.settings = backbone, settings
        self.module = backbone.module.train()
        weight, bias = (torch.from_numpy(part).float() for part in top)
        self.top = nn.Linear(weight.shape[1], weight.shape[0])
        self.top.load_state_dict({"weight": weight, "bias": bias})
        self.rates = rates(backbone.layers(), settings)
        for name, parameter in self.module.named_parameters():
            parameter.requires_grad_(name in self.rates)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Inputs of the backbone -> (rows, classes) logits."""
        logits: torch.Tensor = self.top(self.backbone.features(*inputs))
        return logits

    def training_step(self, batch: tuple[Any, ...], _batch_idx: int) -> torch.Tensor:
        """Inputs, targets and weights -> loss."""
        inputs, targets, weights = batch
        loss: torch.Tensor = loss_of(self.settings, self(*inputs), targets, weights)
        return loss

    def configure_optimizers(self) -> Any:
        """AdamW with a learning rate for each layer; all fall to zero along a half cosine."""
        own = self.settings
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
        """Dropout learns, statistics of batch norms are kept as they were pretrained."""
        if self.settings.mode != "scratch":
            for part in self.module.modules():
                if isinstance(part, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all of them
                    part.eval()


class Reseed(Callback):  # type: ignore[misc] # mypy does not follow Lightning
    """Each epoch has chance of its own, so that a run that goes on after a kill throws the same dice."""

    def __init__(self, settings: TrainSettings) -> None:
        self.settings = settings

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's
        """Epoch -> seeds of dropout, order and augmentation."""
        torch.manual_seed(self.settings.seed * 1000 + trainer.current_epoch)
        steps = trainer.train_dataloader
        if isinstance(steps, Steps):
            steps.epoch = trainer.current_epoch

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's
        """Epoch -> standard error."""
        print(f"train: backbone, epoch {trainer.current_epoch + 1} of {self.settings.tune.epochs}", file=sys.stderr)

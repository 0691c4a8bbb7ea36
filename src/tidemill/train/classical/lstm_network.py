"""The LSTM's network and its training by Lightning; imported only while training."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn

from tidemill.common.torch_threads import torch_threads
from tidemill.common.torchvision import repair_torchvision
from tidemill.train.head.fit import Batches
from tidemill.train.head.loss import soft_cross_entropy
from tidemill.train.settings import LstmSettings

repair_torchvision()

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)  # see fit.py
    from pytorch_lightning import LightningModule, Trainer


class TextClassifier(LightningModule):  # type: ignore[misc] # mypy does not follow Lightning
    """Embedding, an LSTM in both directions, max pooling along the text, a linear layer."""

    def __init__(self, words: int, n_classes: int, settings: LstmSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Embedding(words, settings.embedding_size, padding_idx=0)
        self.there = nn.LSTM(settings.embedding_size, settings.hidden_size, batch_first=True)
        self.back = nn.LSTM(settings.embedding_size, settings.hidden_size, batch_first=True)
        self.dropout = nn.Dropout(settings.dropout)
        self.top = nn.Linear(2 * settings.hidden_size, n_classes)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Compute logits.

        Parameters
        ----------
        tokens : (n_rows, length)
            Numbers of words, 0 after the last.

        Returns
        -------
        (n_rows, n_classes)
        """
        lengths = (tokens > 0).sum(dim=1)[:, None]
        tokens = tokens[:, : int(lengths.max())]
        index = torch.arange(tokens.shape[1])
        turned = torch.where(index < lengths, tokens.gather(1, (lengths - 1 - index).clamp_min(0)), 0)
        pooled = [self._pooled(*direction) for direction in ((self.there, tokens), (self.back, turned))]
        logits: torch.Tensor = self.top(self.dropout(torch.cat(pooled, dim=1)))
        return logits

    def _pooled(self, lstm: nn.LSTM, tokens: torch.Tensor) -> torch.Tensor:
        """What follows the last word does not count."""
        held: torch.Tensor = lstm(self.dropout(self.embedding(tokens)))[0]
        return held.masked_fill((tokens == 0)[:, :, None], -2.0).amax(dim=1)  # below any tanh

    def training_step(self, batch: tuple[torch.Tensor, ...], _batch_idx: int) -> torch.Tensor:
        """Compute the loss of a mini-batch.

        Parameters
        ----------
        batch
            Numbers of words (n_rows, length), targets (n_rows, n_classes) and weights (n_rows,).
        _batch_idx
            Not read; Lightning's signature.

        Returns
        -------
        torch.Tensor
            Weighted mean cross entropy, a scalar.
        """
        tokens, targets, weights = batch
        loss: torch.Tensor = soft_cross_entropy(self(tokens), targets, weights)
        return loss

    def configure_optimizers(self) -> Any:
        """Configure AdamW; the learning rate falls to zero along a half cosine over all steps.

        Returns
        -------
        dict
            Optimizer and schedule, as Lightning takes them.
        """
        own = self.settings
        optimizer = torch.optim.AdamW(self.parameters(), lr=own.learning_rate, weight_decay=own.weight_decay)
        steps = max(int(self.trainer.estimated_stepping_batches), 1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def fit_network(tokens: Any, labels: tuple[Any, Any], words: int, settings: LstmSettings, seed: int) -> dict[str, Any]:
    """Train the network.

    Parameters
    ----------
    tokens : (n_rows, length)
        Numbers of words.
    labels
        Targets (n_rows, n_classes) and weights (n_rows,).
    words
        How many words there are.
    settings
        Settings of the member.
    seed
        Of initial weights, dropout and order.

    Returns
    -------
    dict of str to numpy.ndarray
        Weights by name.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # devices and tips are no news
    targets, weights = (torch.from_numpy(part.astype(np.float32)) for part in labels)
    with torch_threads(1), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        torch.manual_seed(seed)
        module = TextClassifier(words, labels[0].shape[1], settings)
        trainer = Trainer(
            max_epochs=settings.epochs,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(module, Batches((torch.from_numpy(tokens), targets, weights), settings.batch_size, seed))
    return {name: tensor.detach().numpy().copy() for name, tensor in module.state_dict().items()}
